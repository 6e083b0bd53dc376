//! Journals that entries are kept in. In events they are books, because `journalId` is an entry there.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of the journal that is always there, until its user renames it.
pub const DEFAULT_BOOK: &str = "Journal";

/// `JournalCreated`, `JournalRenamed` and `JournalDeleted`. The default journal has its user's id, and no event until it is renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Book {
    pub book_id: Uuid,
    pub user_id: Uuid,
    /// Empty of a deleted one.
    #[serde(default)]
    pub name: String,
}
