//! Clients whose calls exceed limits repeatedly. The circuit stays closed for everybody else; such a client is refused
//! for as long as a circuit would be open.

use super::{
    breaker::{FAILURES_MAX, FAILURES_WINDOW, OPEN_FOR},
    caller::Caller,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Clients that are remembered. When there are more, those that are not refused are forgotten.
const CLIENTS_MAX: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Offenders {
    /// Most components never have one, so most calls look no further.
    any: AtomicBool,
    clients: Mutex<HashMap<Caller, Record>>,
}

#[derive(Debug, Default)]
struct Record {
    exceeded: VecDeque<Instant>,
    refused_until: Option<Instant>,
}

// === impl Offenders ===

impl Offenders {
    /// For how long the client is still refused.
    pub fn refused(&self, now: Instant, caller: Option<&Caller>) -> Option<Duration> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let until = self.lock().get(caller?)?.refused_until?;
        until.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// A call of this client, and of no other, exceeded a limit.
    pub fn exceeded(&self, now: Instant, caller: &Caller) {
        let mut clients = self.lock();
        clients.retain(|_, record| record.is_current(now));
        if clients.len() >= CLIENTS_MAX {
            clients.retain(|_, record| record.refused_until.is_some());
        }
        if clients.len() >= CLIENTS_MAX {
            return;
        }
        let record = clients.entry(caller.clone()).or_default();
        record.exceeded.push_back(now);
        if record.exceeded.len() > FAILURES_MAX {
            record.exceeded.pop_front();
        }
        let in_window = record.exceeded.iter().filter(|at| now.duration_since(**at) <= FAILURES_WINDOW).count();
        if in_window >= FAILURES_MAX {
            record.refused_until = Some(now + OPEN_FOR);
            record.exceeded.clear();
        }
        self.any.store(true, Ordering::Release);
    }

    /// New code may cost less.
    pub fn reset(&self) {
        self.lock().clear();
        self.any.store(false, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Caller, Record>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn is_current(&self, now: Instant) -> bool {
        self.refused_until.is_some_and(|until| until > now)
            || self.exceeded.back().is_some_and(|last| now.duration_since(*last) <= FAILURES_WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_backends::clock;

    fn caller(last: u8) -> Caller {
        Caller::of_request([192, 0, 2, last].into(), None)
    }

    #[test]
    fn a_client_is_refused_after_five_and_taken_again_later() {
        let (offenders, now) = (Offenders::default(), clock::instant());
        for _ in 0..FAILURES_MAX {
            assert_eq!(offenders.refused(now, Some(&caller(1))), None);
            offenders.exceeded(now, &caller(1));
        }
        assert_eq!(offenders.refused(now, Some(&caller(1))), Some(OPEN_FOR));
        assert_eq!(offenders.refused(now, Some(&caller(2))), None, "others are not");
        assert_eq!(offenders.refused(now + OPEN_FOR, Some(&caller(1))), None);
    }

    #[test]
    fn now_and_then_is_not_repeatedly() {
        let (offenders, start) = (Offenders::default(), clock::instant());
        for minute in 0..20 {
            let now = start + Duration::from_secs(60 * minute);
            offenders.exceeded(now, &caller(1));
            assert_eq!(offenders.refused(now, Some(&caller(1))), None);
        }
    }

    #[test]
    fn no_more_clients_are_remembered_than_the_bound() {
        let (offenders, now) = (Offenders::default(), clock::instant());
        for number in 0..5_000_u32 {
            offenders.exceeded(now, &Caller::of_request(number.to_be_bytes().into(), None));
        }
        assert!(offenders.lock().len() <= CLIENTS_MAX);
    }
}
