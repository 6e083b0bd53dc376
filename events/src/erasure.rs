//! Erasure: of one entry. These events have ids, times and numbers alone.

use crate::value::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `JournalEntryPurged`: each service deletes what it has of one entry and what was made of it.
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
    /// Of the entry, which stays counted in the month's quota.
    pub created_at: Time,
    pub at: Time,
}
