//! The keys under which payloads of events are kept in the log, in the audit trail, among the dead letters and in copies, on every
//! host. Without its key a payload can be read nowhere, so destroying a key erases all that was kept under it, also in
//! backups and on disks that nothing else reaches.
//!
//! A user has a key, below which each aggregate has one ([`tree`]); the user's is kept under the platform's master key, that of
//! [`sealing`](crate::sealing). [`payload`] is what a sealed payload is, [`keys`] seals and opens, [`store`] is what keeps the keys,
//! and [`postgres`] has the statements of one that does so in a database.

mod keys;
pub mod payload;
pub mod postgres;
mod store;
#[cfg(test)]
#[cfg(feature = "delivery")]
pub(crate) mod tests;
pub mod tree;

pub use keys::{Clear, DataKeys, Opened, SealError};
pub use payload::{About, Damaged, SEALED, Sealed};
pub use store::{Exchange, Exchanged, FORGOTTEN_AFTER, KeyError, KeyStore, REMEMBERED_FOR, StoredNode, Wanted};
pub use tree::Place;

/// A name such as `entry:{uuid}` has 42.
pub const AGGREGATE_BYTES_MAX: usize = 256;

/// Under which key a payload is kept: the WIT's `events.subject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// That of the event's own aggregate.
    Itself,
    /// That of another aggregate of the user.
    Aggregate(String),
    /// None.
    Unsealed,
}
