//! What the calls of a component came to since the host's start, and how long those of the last minute took, for people who look. The
//! metrics have the same for programs, which keep its history.

use mindflow_backends::clock;
use sketches_ddsketch::{Config, DDSketch};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// Latencies are those of the present half of a minute and of the one before.
const HALF: Duration = Duration::from_secs(30);

/// What a component's calls came to.
#[derive(Default)]
pub(super) struct Tally {
    calls: AtomicU64,
    failures: AtomicU64,
    recent: Mutex<Option<Recent>>,
}

/// The latencies of two halves of a minute. A sketch has a few kilobytes, whatever it was given.
struct Recent {
    since: Instant,
    present: DDSketch,
    before: DDSketch,
}

/// How long calls took that were answered: so many of a hundred no longer than this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

// === impl Tally ===

impl Tally {
    pub fn count(&self, took: Duration, failed: bool) {
        self.count_at(clock::instant(), took, failed);
    }

    fn count_at(&self, now: Instant, took: Duration, failed: bool) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if failed {
            self.failures.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = recent.get_or_insert_with(|| Recent::begin(now));
        recent.turn(now);
        recent.present.add(took.as_secs_f64() * 1e3);
    }

    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// `None`: no call was answered in that time.
    pub fn latency(&self) -> Option<Latency> {
        self.latency_at(clock::instant())
    }

    fn latency_at(&self, now: Instant) -> Option<Latency> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = recent.as_mut()?;
        recent.turn(now);
        let mut both = recent.before.clone();
        both.merge(&recent.present).ok()?;
        let part = |part| both.quantile(part).ok().flatten();
        Some(Latency { p50_ms: part(0.5)?, p95_ms: part(0.95)?, p99_ms: part(0.99)? })
    }
}

// === impl Recent ===

impl Recent {
    fn begin(now: Instant) -> Self {
        Self { since: now, present: sketch(), before: sketch() }
    }

    /// Begins the next half when the present one is over.
    fn turn(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.since);
        if age < HALF {
            return;
        }
        let over = std::mem::replace(&mut self.present, sketch());
        self.before = if age < 2 * HALF { over } else { sketch() };
        self.since = now;
    }
}

/// What it answers is within 1 % of what it was given.
fn sketch() -> DDSketch {
    DDSketch::new(Config::defaults())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn latencies_are_those_of_the_last_minute_and_counts_those_of_all_time() {
        let (tally, start) = (Tally::default(), clock::instant());
        assert_eq!(tally.latency_at(start), None);
        for ms in 1..=100 {
            tally.count_at(start, ms * MS, ms % 10 == 0);
        }
        assert_eq!((tally.calls(), tally.failures()), (100, 10));
        let near = |found: f64, expected: f64| (found - expected).abs() <= expected * 0.05;
        let latency = tally.latency_at(start + HALF + MS).unwrap();
        assert!(near(latency.p50_ms, 50.0) && near(latency.p95_ms, 95.0) && near(latency.p99_ms, 99.0), "{latency:?}");
        // The next half has them as those of before, and the one after it has forgotten them.
        tally.count_at(start + HALF + MS, 1_000 * MS, false);
        assert!(near(tally.latency_at(start + HALF + 2 * MS).unwrap().p50_ms, 50.0));
        assert!(near(tally.latency_at(start + 2 * HALF + 2 * MS).unwrap().p50_ms, 1_000.0));
        assert_eq!(tally.latency_at(start + 5 * HALF), None);
        assert_eq!(tally.calls(), 101);
    }
}
