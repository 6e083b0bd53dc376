//! How much CPU time a call may use. A plain epoch deadline would count time spent waiting and let a
//! looping guest hold a worker; so a guest yields at every tick, and each tick in which it was running
//! is counted against its budget.

use super::{
    ending::{Cost, Ending},
    runtime::EPOCH_TICK,
};
use mindflow_backends::clock;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use wasmtime::UpdateDeadline;

/// A guest that was not seen running for this long was waiting, not looping: where several calls share
/// an instance no call resets the budget of the others, so a pause does.
const PAUSE: Duration = Duration::from_secs(1);

/// The CPU time of the call in progress.
#[derive(Debug)]
pub struct CpuBudget {
    ticks: u32,
    /// Of one call.
    ticks_max: u32,
    /// For as many calls the one in progress counts.
    calls: u32,
    seen: Option<Instant>,
    ending: Arc<Ending>,
}

impl CpuBudget {
    pub fn new(cpu_ms_max: u32, ending: Arc<Ending>) -> Self {
        let tick_ms = u32::try_from(EPOCH_TICK.as_millis()).unwrap_or(1).max(1);
        Self { ticks: 0, ticks_max: cpu_ms_max.div_ceil(tick_ms), calls: 1, seen: None, ending }
    }

    /// A new call starts, which counts for `calls`.
    pub fn reset(&mut self, calls: u32) {
        (self.ticks, self.calls) = (0, calls);
    }

    fn ticks_max(&self) -> u32 {
        self.ticks_max.saturating_mul(self.calls)
    }

    /// What the store does at a tick.
    pub(super) fn on_epoch(&mut self) -> wasmtime::Result<UpdateDeadline> {
        if self.spend(clock::instant()) {
            Ok(UpdateDeadline::Yield(1))
        } else {
            self.ending.exceeded(Cost::CpuTime);
            Err(wasmtime::format_err!(
                "the call used up its CPU time of {} ms",
                u128::from(self.ticks_max()) * EPOCH_TICK.as_millis()
            ))
        }
    }

    /// Whether the guest may go on after one more tick at `now`.
    fn spend(&mut self, now: Instant) -> bool {
        if self.seen.is_some_and(|seen| now.duration_since(seen) > PAUSE) {
            self.ticks = 0;
        }
        self.seen = Some(now);
        self.ticks += 1;
        self.ticks <= self.ticks_max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_looping_guest_is_stopped_after_its_budget() {
        let mut budget = CpuBudget::new(50, Arc::default());
        let start = clock::instant();
        let allowed = (0..100).take_while(|tick| budget.spend(start + EPOCH_TICK * *tick)).count();
        assert_eq!(allowed, 5);
    }

    #[test]
    fn a_batch_has_the_time_of_several_calls_and_the_call_after_it_that_of_one() {
        let mut budget = CpuBudget::new(50, Arc::default());
        let start = clock::instant();
        let mut allowed = |calls| {
            budget.reset(calls);
            (0..100).take_while(|tick| budget.spend(start + EPOCH_TICK * *tick)).count()
        };
        assert_eq!((allowed(3), allowed(1)), (15, 5));
    }

    #[test]
    fn a_guest_that_waits_between_bursts_is_not_stopped() {
        let mut budget = CpuBudget::new(50, Arc::default());
        let start = clock::instant();
        assert!((0..100).all(|burst| budget.spend(start + PAUSE * 2 * burst)));
    }
}
