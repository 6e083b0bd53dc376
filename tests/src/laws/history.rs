//! What writers did and what they were answered, and what is in the stores afterwards: the checker's evidence.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a writer asked for. Its mark is in the event's payload and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// An entry whose title is the mark.
    Create {
        mark: String,
    },
    /// The entry's title becomes the mark.
    Update {
        entry: String,
        mark: String,
    },
    Delete {
        entry: String,
    },
    /// A mood whose note is the mark.
    Mood {
        mark: String,
    },
    /// A tag whose name is the mark.
    Tag {
        mark: String,
    },
    /// A draft whose title is the mark.
    Draft {
        mark: String,
    },
    /// The draft becomes an entry.
    Publish {
        entry: String,
    },
    TakeBack {
        mood: String,
    },
    EndTag {
        tag: String,
    },
    /// The entry goes for good.
    Purge {
        entry: String,
    },
    /// The writer's account goes for good.
    Leave {
        user: String,
    },
}

/// What the writer knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// Refused, or never sent.
    Failed,
    /// No answer, or one that leaves it open.
    Unknown,
}

#[derive(Debug, Clone)]
pub struct Write {
    pub wish: Wish,
    pub outcome: Outcome,
}

/// An event of the archive.
#[derive(Debug, Clone)]
pub struct Archived {
    pub position: i64,
    pub event_id: String,
    pub event_type: String,
    pub component: String,
    pub key: String,
    pub sequence: i64,
    /// Null: its key is gone.
    pub payload: Value,
    pub user: Option<String>,
    /// Of whose key it is kept under; none: in clear.
    pub under: Option<String>,
}

/// A line of the counter's log, in the order in which they were appended.
#[derive(Debug, Clone)]
pub struct Logged {
    pub subscription: String,
    pub key: String,
    pub sequence: i64,
    pub event_id: String,
}

/// An entry as the read side shows it; nothing but sequence and version once it is deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryView {
    pub sequence: i64,
    pub version: i64,
    pub deleted: bool,
    pub title: Option<String>,
    pub content: Option<String>,
    pub mood: Option<String>,
    pub tags: BTreeSet<String>,
}

/// Everything by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadSide {
    pub entries: BTreeMap<String, EntryView>,
    /// Mood and note.
    pub moods: BTreeMap<String, (String, Option<String>)>,
    pub tags: BTreeMap<String, String>,
    /// E-mail address and sequence.
    pub users: BTreeMap<String, (String, i64)>,
}

/// What the writing service keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteSide {
    /// Sequence of the last event, whether deleted, and the title.
    pub entries: BTreeMap<String, (i64, bool, String)>,
    pub moods: BTreeSet<String>,
    pub tags: BTreeSet<String>,
}

#[derive(Debug, Clone, Default)]
pub struct History {
    pub writes: Vec<Write>,
    pub archive: Vec<Archived>,
    /// Event id and how often the counter applied it.
    pub counted: BTreeMap<String, i64>,
    pub log: Vec<Logged>,
    pub write_side: WriteSide,
    pub read_side: ReadSide,
    /// Erasures that are not complete.
    pub erasing: i64,
    /// Events that a subscription gave up.
    pub dead: i64,
    pub undelivered: i64,
}
