//! The one place where the adapters read the clock and draw ids.

use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

/// The date and time of day.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Microseconds since 1970-01-01T00:00:00Z.
#[must_use]
pub fn now_us() -> i64 {
    now().as_microsecond()
}

/// The moment, to measure a duration with.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn instant() -> Instant {
    Instant::now()
}

/// For what is only ever compared.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn random() -> Uuid {
    Uuid::new_v4()
}
