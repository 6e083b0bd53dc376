//! What a journal consists of when it travels. The JSON of these types is the platform's own format, version 1: members that a reader
//! does not know are ignored, and members that are missing have the value of their type's default.

use crate::zip::BadArchive;
use mindflow_events::{Date, Mood, Place, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Of an entry that another product wrote: many more than this platform takes, and few enough to look for each.
pub const MEDIA_MAX: usize = 200;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// What it is known by where it comes from: the same of the same entry, each time that it is exported.
    pub id: String,
    #[serde(default)]
    pub title: String,
    /// Markdown. `media:ID` refers to a file.
    #[serde(default)]
    pub content: String,
    #[serde(default)]
    pub mood: Option<Mood>,
    #[serde(default)]
    pub tags: Vec<String>,
    /// The name of its journal; `None` for the default one.
    #[serde(default)]
    pub journal: Option<String>,
    /// The day that it is about.
    pub entry_date: Date,
    /// The time of its day, `HH:MM`.
    #[serde(default)]
    pub entry_time: Option<String>,
    #[serde(default)]
    pub place: Option<Place>,
    /// `None` where the source does not say it.
    #[serde(default)]
    pub created_at: Option<Time>,
    #[serde(default)]
    pub updated_at: Option<Time>,
    /// When a draft became an entry.
    #[serde(default)]
    pub published_at: Option<Time>,
    #[serde(default)]
    pub draft: bool,
    #[serde(default)]
    pub pinned: bool,
    #[serde(default)]
    pub favourite: bool,
    #[serde(default)]
    pub private: bool,
    /// Its files, in order.
    #[serde(default)]
    pub media: Vec<Medium>,
}

/// A file of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Medium {
    pub id: String,
    /// Where it is in the archive; `None` when the source names a file without having it.
    pub file: Option<String>,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub content_type: Option<String>,
    /// For formats that say it.
    #[serde(default, skip_serializing)]
    pub size: Size,
}

/// What is known of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Size {
    pub bytes: Option<u64>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_ms: Option<u64>,
}

/// A mood that was recorded without an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoodRecord {
    pub id: String,
    pub mood: Mood,
    #[serde(default)]
    pub note: Option<String>,
    pub at: Time,
}

/// A journal; the default one has no id in entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Journal {
    pub name: String,
    #[serde(default)]
    pub is_default: bool,
}

/// What is wrong with one record, which is left out; the others are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Where it is in what was uploaded, such as `entries/000001.json, entry 3` or `Journal.json, entry 6F30404A…`.
    pub record: String,
    /// What of the record it is about: a field as inputs have it, or `name`, `id`, `version`. `None` of the record as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// One of the ids of `docs/errors.md`.
    pub rule: String,
    /// What the rule's text takes, by name, and what of the record is quoted.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
    /// A sentence that its owner can act on.
    pub message: String,
}

// === impl Problem ===

impl Problem {
    pub fn new(record: impl Into<String>, rule: &str, message: impl Into<String>) -> Self {
        let (record, message) = (record.into(), message.into());
        Self { record, field: None, rule: rule.to_owned(), params: Map::new(), message }
    }

    /// Of the archive, or of a file of it.
    pub fn of_archive(record: impl Into<String>, error: &BadArchive) -> Self {
        Self::new(record, error.rule(), error.to_string()).with(error.params())
    }

    /// A day, or a moment, that is not written as one.
    pub fn no_date(expected: &str, value: &str, message: impl Into<String>) -> Self {
        Self::new("", "format", message).about("entryDate").with(json!({ "expected": expected, "value": value }))
    }

    /// Of what of the record.
    #[must_use]
    pub fn about(self, field: &str) -> Self {
        Self { field: Some(field.to_owned()), ..self }
    }

    /// With a JSON object.
    #[must_use]
    pub fn with(self, params: Value) -> Self {
        let Value::Object(params) = params else { return self };
        Self { params, ..self }
    }

    /// Of a record whose place was not known where its problem was.
    #[must_use]
    pub fn at(self, record: impl Into<String>) -> Self {
        Self { record: record.into(), ..self }
    }

    /// What came is not written as its kind is.
    pub fn damaged(record: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(record, "damaged", message)
    }
}

// === impl Medium ===

impl Medium {
    /// What a text refers to it by.
    pub fn reference(&self) -> String {
        format!("media:{}", self.id)
    }
}
