//! What the audit trail is, on every store: every event for good, in the order in which they came, each record bound to
//! the one before by its hash. The chain and the statements on PostgreSQL are here, so that providers that take turns at one
//! trail continue each other's.

mod append;
mod chain;
pub mod postgres;
mod rechained;

use uuid::Uuid;

pub use append::Appended;
pub use chain::{Broken, ChainDefect, Content, Hash, HashError, Head, Record, Walk};
pub use rechained::Rechained;

/// Records that one read gives at most, and that one write takes: some megabytes with the longest entries.
pub const BATCH_MAX: u32 = 500;
/// What a component gets at most: a page of a hundred, and one more that shows whether others follow.
pub const PAGE_MAX: u32 = 101;

/// Which records; the default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub user_id: Option<Uuid>,
    pub event_type: Option<String>,
    /// Events of then or later, in microseconds since 1970-01-01T00:00:00Z.
    pub since_us: Option<i64>,
    /// Events before.
    pub until_us: Option<i64>,
}

/// What a store has, or is given, that cannot be of a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored record is invalid: {0}")]
pub struct Malformed(pub &'static str);
