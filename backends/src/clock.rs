//! The one place from which the host and the back ends take the time, so that a test can hold the clock and move it forward
//! instead of sleeping.
//!
//! A [`Clock`] gives the date and time of day, and a test moves it by its [`ClockHandle`]. [`instant`] gives a time to measure
//! durations with. It is Tokio's, as its timers are, so that a test which pauses Tokio's time holds both.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::time::Instant;

/// Microseconds since 1970-01-01T00:00:00Z, from the machine or from a test.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Manual(Arc<AtomicI64>),
}

/// Moves a test's clock.
#[derive(Clone, Debug)]
pub struct ClockHandle(Arc<AtomicI64>);

/// Now, to measure a duration with. It never goes back, and says nothing about the date.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn instant() -> Instant {
    Instant::now()
}

// === impl Clock ===

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now_us` until its handle moves it.
    pub fn manual(now_us: i64) -> (Self, ClockHandle) {
        let cell = Arc::new(AtomicI64::new(now_us));
        (Self(Source::Manual(cell.clone())), ClockHandle(cell))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn now_us(&self) -> i64 {
        match &self.0 {
            Source::System => jiff::Timestamp::now().as_microsecond(),
            Source::Manual(cell) => cell.load(Ordering::SeqCst),
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_ms(&self) -> i64 {
        self.now_us().div_euclid(1_000)
    }
}

// === impl ClockHandle ===

impl ClockHandle {
    /// Moves the clock forward.
    pub fn advance_us(&self, by_us: i64) {
        self.0.fetch_add(by_us, Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set_us(&self, now_us: i64) {
        self.0.store(now_us, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_its_handle() {
        let (clock, handle) = Clock::manual(5);
        assert_eq!(clock.now_us(), 5);
        handle.advance_us(2_000);
        assert_eq!((clock.now_us(), clock.now_ms()), (2_005, 2));
        handle.set_us(1);
        assert_eq!(clock.clone().now_us(), 1);
    }
}
