//! Circuit breaker: a component that keeps failing gets no calls for a while, and its callers get an
//! answer immediately. Five failures in ten seconds open it, thirty seconds later one call tries again.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

const FAILURES_MAX: usize = 5;
const FAILURES_WINDOW: Duration = Duration::from_secs(10);
const OPEN_FOR: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    Open,
    HalfOpen,
}

#[derive(Debug)]
pub struct Breaker(Mutex<Circuit>);

#[derive(Debug)]
enum Circuit {
    Closed {
        failures: VecDeque<Instant>,
    },
    Open {
        since: Instant,
    },
    /// One trial call is in progress; since when.
    HalfOpen {
        since: Instant,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(Circuit::Closed { failures: VecDeque::new() }))
    }
}

impl Breaker {
    /// Whether a call may be made at `now`; if not, for how long not.
    pub fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut circuit = self.lock();
        match *circuit {
            Circuit::Closed { .. } => Ok(()),
            Circuit::Open { since } | Circuit::HalfOpen { since } => {
                let waited = now.duration_since(since);
                if waited < OPEN_FOR {
                    return Err(OPEN_FOR.saturating_sub(waited));
                }
                *circuit = Circuit::HalfOpen { since: now };
                Ok(())
            }
        }
    }

    pub fn succeeded(&self) {
        let mut circuit = self.lock();
        if matches!(*circuit, Circuit::HalfOpen { .. }) {
            *circuit = Circuit::Closed { failures: VecDeque::new() };
        }
    }

    /// Answers whether this failure opened the circuit.
    pub fn failed(&self, now: Instant) -> bool {
        let mut circuit = self.lock();
        let opens = match &mut *circuit {
            Circuit::Closed { failures } => {
                failures.push_back(now);
                while failures.front().is_some_and(|first| now.duration_since(*first) > FAILURES_WINDOW) {
                    failures.pop_front();
                }
                failures.len() >= FAILURES_MAX
            }
            Circuit::HalfOpen { .. } => true,
            Circuit::Open { .. } => false,
        };
        if opens {
            *circuit = Circuit::Open { since: now };
        }
        opens
    }

    /// A new generation of the component has its own record.
    pub fn reset(&self) {
        *self.lock() = Circuit::Closed { failures: VecDeque::new() };
    }

    pub fn state(&self) -> BreakerState {
        match *self.lock() {
            Circuit::Closed { .. } => BreakerState::Closed,
            Circuit::Open { .. } => BreakerState::Open,
            Circuit::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(mindflow_backends::clock::instant) + Duration::from_secs(seconds)
    }

    fn opened_at(second: u64) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            breaker.failed(at(second));
        }
        breaker
    }

    #[test]
    fn five_failures_in_ten_seconds_open_the_circuit() {
        let breaker = Breaker::default();
        let opened: Vec<bool> = (0..5).map(|second| breaker.failed(at(second))).collect();
        assert_eq!(opened, [false, false, false, false, true]);
        assert!(breaker.admit(at(5)).is_err());
    }

    #[test]
    fn failures_further_apart_leave_it_closed() {
        let breaker = Breaker::default();
        assert!((0..20).all(|n| !breaker.failed(at(n * 3))));
        assert!(breaker.admit(at(60)).is_ok());
    }

    #[test]
    fn after_thirty_seconds_one_call_decides() {
        let breaker = opened_at(0);
        assert!(breaker.admit(at(29)).is_err());
        assert!(breaker.admit(at(30)).is_ok());
        assert!(breaker.admit(at(30)).is_err(), "only one call tries");
        breaker.succeeded();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_failed_trial_opens_it_again() {
        let breaker = opened_at(0);
        assert!(breaker.admit(at(30)).is_ok());
        assert!(breaker.failed(at(31)));
        assert!(breaker.admit(at(60)).is_err());
        assert!(breaker.admit(at(61)).is_ok());
    }
}
