//! The end of accounts and entries as clients see it.

use super::scalars::DateTime;
use crate::services::{erasures, journal};
use async_graphql::{ID, SimpleObject};
use mindflow_events::REMAINS;

/// An account that goes.
#[derive(SimpleObject)]
pub struct AccountDeletion {
    /// For `erasureReceipt`. Keep it: it is shown here and in the mail alone.
    erasure_id: ID,
    /// When it goes.
    due_at: DateTime,
}

/// An entry that goes.
#[derive(SimpleObject)]
pub struct EntryPurge {
    /// For `erasureReceipt`.
    erasure_id: ID,
}

/// What a service has deleted of one of its stores.
#[derive(SimpleObject)]
pub struct ErasedStore {
    /// The service.
    service: String,
    /// A table, an index, a cache or files.
    store: String,
    /// How many rows, documents, values or files.
    count: u64,
}

/// What an erasure has deleted, and what remains.
#[derive(SimpleObject)]
pub struct ErasureReceipt {
    /// Of the erasure.
    id: ID,
    /// Whose it is: a UUID that no account has after its end.
    user_id: ID,
    /// The entry that was purged; null of an account.
    entry_id: Option<ID>,
    /// When it was asked for.
    requested_at: DateTime,
    /// When it begins, or began.
    due_at: DateTime,
    /// When the keys were destroyed; null before. From then on, the copies in the archive of events, in the audit trail and in their exports
    /// cannot be read any more, by anyone.
    keys_destroyed_at: Option<DateTime>,
    /// When nothing was left; null before.
    completed_at: Option<DateTime>,
    /// What was deleted, by service and store.
    erased: Vec<ErasedStore>,
    /// Services that have yet to say what they have deleted.
    waiting: Vec<String>,
    /// What is kept.
    remains: Vec<&'static str>,
    /// The receipt as a JSON Web Signature (RFC 7515) by the platform's current key, as `/.well-known/jwks.json` has it; null until it is
    /// complete.
    signed: Option<String>,
}

impl From<erasures::Deletion> for AccountDeletion {
    fn from(deletion: erasures::Deletion) -> Self {
        Self { erasure_id: deletion.erasure_id.into(), due_at: DateTime(deletion.due_at) }
    }
}

impl From<journal::PurgedEntry> for EntryPurge {
    fn from(purged: journal::PurgedEntry) -> Self {
        Self { erasure_id: purged.erasure_id.into() }
    }
}

impl From<erasures::Receipt> for ErasureReceipt {
    fn from(receipt: erasures::Receipt) -> Self {
        let erased = |erasures::Erased { service, store, count }| ErasedStore { service, store, count };
        Self {
            id: receipt.id.into(),
            user_id: receipt.user_id.into(),
            entry_id: receipt.entry_id.map(Into::into),
            requested_at: DateTime(receipt.requested_at),
            due_at: DateTime(receipt.due_at),
            keys_destroyed_at: receipt.keys_destroyed_at.map(DateTime),
            completed_at: receipt.completed_at.map(DateTime),
            erased: receipt.erased.into_iter().map(erased).collect(),
            waiting: receipt.waiting,
            remains: REMAINS.to_vec(),
            signed: receipt.signed,
        }
    }
}
