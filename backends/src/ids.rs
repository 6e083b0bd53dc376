//! The one place that makes identifiers.

use uuid::Uuid;

/// Random (version 4): for what is only ever compared, such as leases and replicas.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn random() -> Uuid {
    Uuid::new_v4()
}

/// Ordered by the time at which it was made (version 7): for what is stored under an index.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn ordered() -> Uuid {
    Uuid::now_v7()
}
