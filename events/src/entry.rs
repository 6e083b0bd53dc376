//! Journal entries.

use crate::{
    Mood, Place, Tag,
    decode::{Decode, Defect},
    value::{Date, Time},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// An entry as it stands. A new field of an entry begins here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    #[serde(rename = "journalId")]
    pub id: Uuid,
    pub user_id: Uuid,
    pub title: String,
    pub content: String,
    pub mood: Option<Mood>,
    /// Sorted by name as dictionaries sort (`command.by_language`); earlier releases sorted by key.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// In the user's order.
    #[serde(default)]
    pub attachment_ids: Vec<Uuid>,
    pub created_at: Time,
    pub updated_at: Time,
    /// The day that the entry is about.
    pub entry_date: Date,
    /// From 1; rises with every change of the content.
    pub version: u32,
    pub word_count: u32,
    /// Whether it never leaves the platform. Events of earlier releases lack it, and so do rows that their hosts wrote.
    #[serde(default, deserialize_with = "or_false")]
    pub private: bool,
    /// Whether it is a draft. Its title and content may be empty then, and nothing counts it. This field and those below are missing
    /// and null in events and rows of earlier releases.
    #[serde(default, deserialize_with = "or_false")]
    pub draft: bool,
    /// When a draft became an entry; `None` of one that was an entry from the beginning.
    #[serde(default)]
    pub published_at: Option<Time>,
    #[serde(default, deserialize_with = "or_false")]
    pub pinned: bool,
    #[serde(default, deserialize_with = "or_false")]
    pub favourite: bool,
    /// The journal that it is in; `None` for the default one. One that was deleted counts as the default one.
    #[serde(default)]
    pub book_id: Option<Uuid>,
    /// The time of its day, `HH:MM`.
    #[serde(default)]
    pub entry_time: Option<String>,
    #[serde(default)]
    pub place: Option<Place>,
    /// Whether an import made it: it takes no place in a month's quota.
    #[serde(default, deserialize_with = "or_false", skip_serializing_if = "is_false")]
    pub imported: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Null as false.
fn or_false<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Option::<bool>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// `JournalEntryCreated`, `JournalEntryUpdated` and `JournalDraftSaved`: the whole entry, so that a consumer needs no earlier event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryWritten {
    #[serde(flatten)]
    pub entry: Entry,
    pub analysis: Analysis,
    /// `None` for a new entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// Whether insights about the entry were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analysis {
    Requested,
    NotIncluded,
    /// A word of a later version.
    #[serde(other, skip_serializing)]
    Other,
}

/// Why an entry was written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Edited,
    Restored,
    /// The content is the same; new insights are wanted.
    Reanalyze,
    /// The content is the same; a tag of the entry has a new name.
    TagRenamed,
    /// The content is the same; a tag was taken off the entry, which may have another one in its place.
    Retagged,
    /// The content is the same; the entry was pinned, or made a favourite, or is in another journal.
    Marked,
    /// A word of a later version.
    #[serde(other, skip_serializing)]
    Other,
}

/// `JournalEntryDeleted`: it is in the trash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryDeleted {
    #[serde(rename = "journalId")]
    pub id: Uuid,
    pub user_id: Uuid,
    pub deleted_at: Time,
    pub version: u32,
}

impl Entry {
    /// Since when it is counted.
    pub fn counted_since(&self) -> Time {
        self.published_at.unwrap_or(self.created_at)
    }
}

impl EntryWritten {
    /// Whether the text differs from the one that was analysed, or a new analysis of it was asked for. A restored
    /// entry and a renamed tag leave the text as it was.
    pub fn voids_analysis(&self) -> bool {
        match self.reason {
            None | Some(Reason::Edited) => true,
            Some(Reason::Reanalyze) => self.analysis == Analysis::Requested,
            Some(_) => false,
        }
    }
}

impl Decode for EntryWritten {
    /// In two passes: serde loses the path of an error inside of a flattened field.
    fn from_value(value: &Value) -> Result<Self, Defect> {
        #[derive(Deserialize)]
        struct Rest {
            analysis: Analysis,
            reason: Option<Reason>,
        }
        let entry = Entry::from_value(value)?;
        let Rest { analysis, reason } = Rest::from_value(value)?;
        Ok(Self { entry, analysis, reason })
    }
}
