//! The one place from which the back ends take the time, so that a test can hold the clock and move it
//! forward instead of sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Microseconds since 1970-01-01T00:00:00Z, from the machine or from a test.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Manual(Arc<AtomicI64>),
}

/// The hand that moves a test's clock.
#[derive(Clone, Debug)]
pub struct Hand(Arc<AtomicI64>);

// === impl Clock ===

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now_us` until its hand is moved.
    pub fn manual(now_us: i64) -> (Self, Hand) {
        let cell = Arc::new(AtomicI64::new(now_us));
        (Self(Source::Manual(cell.clone())), Hand(cell))
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

// === impl Hand ===

impl Hand {
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
    fn a_manual_clock_moves_only_by_its_hand() {
        let (clock, hand) = Clock::manual(5);
        assert_eq!(clock.now_us(), 5);
        hand.advance_us(2_000);
        assert_eq!((clock.now_us(), clock.now_ms()), (2_005, 2));
        hand.set_us(1);
        assert_eq!(clock.clone().now_us(), 1);
    }
}
