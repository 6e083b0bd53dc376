//! Tags and moods recorded on their own: aggregates other than entries.

use crate::{Mood, value::Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A tag as an entry carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub id: Uuid,
    pub name: String,
}

/// `TagCreated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagCreated {
    pub tag_id: Uuid,
    pub user_id: Uuid,
    pub name: String,
}

/// `TagRenamed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagRenamed {
    pub tag_id: Uuid,
    pub user_id: Uuid,
    pub name: String,
    /// Empty in the events that reconciliation makes.
    #[serde(default)]
    pub previous_name: String,
}

/// `MoodRecorded`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoodRecorded {
    pub mood_id: Uuid,
    pub user_id: Uuid,
    pub mood: Mood,
    pub note: Option<String>,
    pub at: Time,
}
