//! How an instance ended, for the calls that ended with it.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

/// A limit of an instance that what it was given to do exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    CpuTime,
    Memory,
}

/// The end of one instance.
#[derive(Debug, Default)]
pub struct Ending {
    /// It has been instantiated. What it costs before is its own.
    serving: AtomicBool,
    reason: OnceLock<String>,
    cost: OnceLock<Cost>,
    counted: AtomicBool,
}

// === impl Ending ===

impl Ending {
    /// From now on the instance runs calls.
    pub fn begin_serving(&self) {
        self.serving.store(true, Ordering::Release);
    }

    /// The call in progress exceeds a limit and ends the instance.
    pub fn exceeded(&self, cost: Cost) {
        if self.serving.load(Ordering::Acquire) {
            let _ = self.cost.set(cost);
        }
    }

    pub fn ended(&self, reason: String) {
        let _ = self.reason.set(reason);
    }

    pub fn reason(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    pub fn cost(&self) -> Option<Cost> {
        self.cost.get().copied()
    }

    /// Whether this is the first call that reports the end: one end is one failure, however many calls it ended.
    pub fn count(&self) -> bool {
        !self.counted.swap(true, Ordering::AcqRel)
    }
}

impl Cost {
    /// As metrics and the log name it.
    pub fn label(self) -> &'static str {
        match self {
            Self::CpuTime => "CPU time",
            Self::Memory => "memory",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_counted_once() {
        let ending = Ending::default();
        assert_eq!([ending.count(), ending.count(), ending.count()], [true, false, false]);
    }

    #[test]
    fn what_a_start_costs_is_no_calls_doing() {
        let ending = Ending::default();
        ending.exceeded(Cost::Memory);
        assert_eq!(ending.cost(), None);
        ending.begin_serving();
        ending.exceeded(Cost::CpuTime);
        ending.exceeded(Cost::Memory);
        assert_eq!(ending.cost(), Some(Cost::CpuTime));
    }
}
