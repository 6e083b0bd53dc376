//! Erasure: of an account, and of one entry. These events stay readable for good, because what they are about has lost its keys: so they
//! have ids, times and numbers alone.

use crate::value::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What is kept of what was erased: enough to show that the trail of events is whole, and nothing that was said.
pub const REMAINS: [&str; 6] = [
    "event ids",
    "event types",
    "times of events",
    "sequences of events",
    "ids of users and of what events are of",
    "this receipt",
];

/// `AccountDeletionRequested`: the account goes when it is due, unless its user cancels that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionRequested {
    pub user_id: Uuid,
    /// The erasure that is to come.
    pub erasure_id: Uuid,
    pub at: Time,
    pub due_at: Time,
}

/// `AccountDeletionCancelled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionCancelled {
    pub user_id: Uuid,
    pub erasure_id: Uuid,
    pub at: Time,
}

/// `AccountErased`: each service deletes what it has of the user, and says so with an [`ErasureCompleted`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountErased {
    pub erasure_id: Uuid,
    pub user_id: Uuid,
    pub at: Time,
}

/// `JournalEntryPurged`: the same for one entry and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryPurged {
    pub erasure_id: Uuid,
    #[serde(rename = "journalId")]
    pub entry_id: Uuid,
    pub user_id: Uuid,
    /// Files that no other entry has.
    #[serde(default)]
    pub attachment_ids: Vec<Uuid>,
    /// Since when the entry counts in a month's quota, as which it stays. None of a draft, nor of what was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
    pub at: Time,
}

/// `KeysDestroyed`: no payload of the user, or of the entry, can be read from now on. Each service deletes once more, for what was under
/// way when it did so first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeysDestroyed {
    pub erasure_id: Uuid,
    /// Of an entry alone; none of an account.
    #[serde(rename = "journalId", default, skip_serializing_if = "Option::is_none")]
    pub entry_id: Option<Uuid>,
    pub user_id: Uuid,
    pub at: Time,
}

/// `ErasureCompleted`: what one service has deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasureCompleted {
    pub erasure_id: Uuid,
    pub user_id: Uuid,
    /// As the manifest names the component.
    pub service: String,
    /// 1 before the keys are destroyed, 2 after.
    pub pass: u32,
    /// How much of it, by what the service calls it: tables, indexes, caches, files.
    pub counts: BTreeMap<String, u64>,
}

/// What is to be erased, whichever event says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erasure {
    pub id: Uuid,
    pub user_id: Uuid,
    /// None: all that is the user's.
    pub entry_id: Option<Uuid>,
    /// As in [`ErasureCompleted`].
    pub pass: u32,
}

/// Before the keys are destroyed.
pub const FIRST_PASS: u32 = 1;
/// After it.
pub const LAST_PASS: u32 = 2;

impl ErasureCompleted {
    /// One aggregate for each service and erasure: what services report is in no order among them.
    pub(crate) fn aggregate_id(&self) -> String {
        format!("{}/{}", self.erasure_id, self.service)
    }
}

impl From<&AccountErased> for Erasure {
    fn from(erased: &AccountErased) -> Self {
        Self { id: erased.erasure_id, user_id: erased.user_id, entry_id: None, pass: FIRST_PASS }
    }
}

impl From<&EntryPurged> for Erasure {
    fn from(purged: &EntryPurged) -> Self {
        Self { id: purged.erasure_id, user_id: purged.user_id, entry_id: Some(purged.entry_id), pass: FIRST_PASS }
    }
}

impl From<&KeysDestroyed> for Erasure {
    fn from(destroyed: &KeysDestroyed) -> Self {
        let KeysDestroyed { erasure_id, entry_id, user_id, .. } = destroyed;
        Self { id: *erasure_id, user_id: *user_id, entry_id: *entry_id, pass: LAST_PASS }
    }
}
