//! The one place where the adapter reads the clock and draws ids.

use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

/// The date and time of day.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Now, to measure a duration with.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn instant() -> Instant {
    Instant::now()
}

/// For what is only ever compared.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn random() -> Uuid {
    Uuid::new_v4()
}
