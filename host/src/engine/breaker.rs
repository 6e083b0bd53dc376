//! Circuit breaker: a component that keeps failing gets no calls for a while, and its callers get an
//! answer immediately. Five failures in ten seconds open it, thirty seconds later one call tries again.
//!
//! A failure is the component's own, or it is a limit that a call exceeded. Of the latter kind, those that the same
//! clients explain are one failure, since one client can repeat it as often as it likes: only when clients of five
//! different origins are needed to explain them all is the component itself at fault.

use super::caller::{Caller, Origin};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

pub(super) const FAILURES_MAX: usize = 5;
pub(super) const FAILURES_WINDOW: Duration = Duration::from_secs(10);
pub(super) const OPEN_FOR: Duration = Duration::from_secs(30);
/// Failures that are remembered; beyond them, those of few clients only repeat each other.
const REMEMBERED_MAX: usize = 64;

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
        failures: VecDeque<Failure>,
    },
    Open {
        since: Instant,
    },
    /// One trial call is in progress; since when, and since when the circuit was open.
    HalfOpen {
        since: Instant,
        opened: Instant,
    },
}

#[derive(Debug)]
struct Failure {
    at: Instant,
    /// Whose calls may have caused it, one of them; empty when it is the component's own.
    suspects: Vec<Origin>,
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
        let (since, opened) = match *circuit {
            Circuit::Closed { .. } => return Ok(()),
            Circuit::Open { since } => (since, since),
            Circuit::HalfOpen { since, opened } => (since, opened),
        };
        let waited = now.duration_since(since);
        if waited < OPEN_FOR {
            return Err(OPEN_FOR.saturating_sub(waited));
        }
        *circuit = Circuit::HalfOpen { since: now, opened };
        Ok(())
    }

    /// For how long calls are refused at `now`, if they are. A call that this lets pass is not the trial yet.
    pub fn refused(&self, now: Instant) -> Option<Duration> {
        let since = match *self.lock() {
            Circuit::Closed { .. } => return None,
            Circuit::Open { since } | Circuit::HalfOpen { since, .. } => since,
        };
        OPEN_FOR.checked_sub(now.duration_since(since)).filter(|left| !left.is_zero())
    }

    pub fn succeeded(&self) {
        let mut circuit = self.lock();
        if matches!(*circuit, Circuit::HalfOpen { .. }) {
            *circuit = Circuit::Closed { failures: VecDeque::new() };
        }
    }

    /// A call ended in a way that says nothing of the component. If it was the trial, the next call is.
    pub fn undecided(&self) {
        let mut circuit = self.lock();
        if let Circuit::HalfOpen { opened, .. } = *circuit {
            *circuit = Circuit::Open { since: opened };
        }
    }

    /// The component failed. Answers whether this failure opened the circuit.
    pub fn failed(&self, now: Instant) -> bool {
        self.record(now, Vec::new())
    }

    /// A call of one of these clients exceeded a limit. Answers whether that opened the circuit.
    pub fn exceeded(&self, now: Instant, suspects: &[Caller]) -> bool {
        if matches!(*self.lock(), Circuit::HalfOpen { .. }) {
            self.undecided();
            return false;
        }
        self.record(now, suspects.iter().map(|caller| caller.origin.clone()).collect())
    }

    fn record(&self, now: Instant, suspects: Vec<Origin>) -> bool {
        let mut circuit = self.lock();
        let opens = match &mut *circuit {
            Circuit::Closed { failures } => {
                failures.push_back(Failure { at: now, suspects });
                while failures.len() > REMEMBERED_MAX
                    || failures.front().is_some_and(|first| now.duration_since(first.at) > FAILURES_WINDOW)
                {
                    failures.pop_front();
                }
                distinct(failures) >= FAILURES_MAX
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

    /// An open circuit whose time is over counts as half open: a replica that gets no calls can be ready again.
    pub fn state(&self, now: Instant) -> BreakerState {
        match *self.lock() {
            Circuit::Closed { .. } => BreakerState::Closed,
            Circuit::Open { since } if now.duration_since(since) < OPEN_FOR => BreakerState::Open,
            Circuit::Open { .. } | Circuit::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Circuit> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The component's own failures, and the fewest origins that explain all others: those that are suspected most often first.
fn distinct(failures: &VecDeque<Failure>) -> usize {
    let (own, mut unexplained): (Vec<&Failure>, Vec<&Failure>) =
        failures.iter().partition(|failure| failure.suspects.is_empty());
    let mut origins = 0;
    while !unexplained.is_empty() && own.len() + origins < FAILURES_MAX {
        let mut suspected: HashMap<&Origin, usize> = HashMap::new();
        for origin in unexplained.iter().flat_map(|failure| &failure.suspects) {
            *suspected.entry(origin).or_default() += 1;
        }
        let Some((likeliest, _)) = suspected.into_iter().max_by_key(|(_, times)| *times) else { break };
        unexplained.retain(|failure| !failure.suspects.contains(likeliest));
        origins += 1;
    }
    own.len() + origins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(mindflow_backends::clock::instant) + Duration::from_secs(seconds)
    }

    fn caller(last: u8) -> Caller {
        Caller::of_request([192, 0, 2, last].into(), None)
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
    fn one_client_opens_nothing_by_what_its_calls_cost() {
        let breaker = Breaker::default();
        assert!((0..1_000).all(|_| !breaker.exceeded(at(0), &[caller(1)])));
        assert_eq!(breaker.state(at(0)), BreakerState::Closed);
    }

    #[test]
    fn calls_of_five_origins_that_cost_too_much_open_the_circuit() {
        let breaker = Breaker::default();
        let opened: Vec<bool> = (1..=5).map(|last| breaker.exceeded(at(0), &[caller(last)])).collect();
        assert_eq!(opened, [false, false, false, false, true]);
    }

    #[test]
    fn a_client_that_is_always_there_explains_what_its_neighbours_are_suspected_of() {
        let breaker = Breaker::default();
        let opened = (2..60).any(|last| breaker.exceeded(at(0), &[caller(last), caller(1), caller(last + 60)]));
        assert!(!opened);
        // Four more that it does not explain.
        let opened: Vec<bool> = (200..204).map(|last| breaker.exceeded(at(0), &[caller(last)])).collect();
        assert_eq!(opened, [false, false, false, true]);
    }

    #[test]
    fn own_failures_and_costs_of_several_clients_count_together() {
        let breaker = Breaker::default();
        for _ in 0..3 {
            assert!(!breaker.failed(at(0)));
        }
        assert!(!breaker.exceeded(at(0), &[caller(1)]));
        assert!(!breaker.exceeded(at(0), &[caller(1)]));
        assert!(breaker.exceeded(at(0), &[caller(2)]));
    }

    #[test]
    fn after_thirty_seconds_one_call_decides() {
        let breaker = opened_at(0);
        assert!(breaker.admit(at(29)).is_err());
        assert!(breaker.admit(at(30)).is_ok());
        assert!(breaker.admit(at(30)).is_err(), "only one call tries");
        breaker.succeeded();
        assert_eq!(breaker.state(at(30)), BreakerState::Closed);
    }

    #[test]
    fn a_call_that_still_waits_for_its_place_is_no_trial() {
        let breaker = opened_at(0);
        assert_eq!(breaker.refused(at(29)), Some(Duration::from_secs(1)));
        assert_eq!(breaker.refused(at(30)), None);
        assert!(breaker.admit(at(30)).is_ok());
        assert!(breaker.refused(at(31)).is_some(), "now one call tries");
        breaker.succeeded();
        assert_eq!(breaker.refused(at(31)), None);
    }

    #[test]
    fn a_trial_that_says_nothing_leaves_the_decision_to_the_next_call() {
        let breaker = opened_at(0);
        assert!(breaker.admit(at(30)).is_ok());
        breaker.undecided();
        assert!(breaker.admit(at(31)).is_ok());
        assert!(!breaker.exceeded(at(31), &[caller(1)]));
        assert!(breaker.admit(at(32)).is_ok());
    }

    #[test]
    fn a_component_that_gets_no_calls_is_not_open_for_ever() {
        let breaker = opened_at(0);
        assert_eq!(breaker.state(at(29)), BreakerState::Open);
        assert_eq!(breaker.state(at(30)), BreakerState::HalfOpen);
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
