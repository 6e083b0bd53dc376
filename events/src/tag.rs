//! Tags and moods recorded on their own: aggregates other than entries.

use crate::{
    Mood,
    value::{Date, Time},
};
use serde::{Deserialize, Serialize};
use std::ops::Not;
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
    /// Whether it was made with an entry that was private.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub private: bool,
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

/// `TagDeleted`: no entry has it any more. Each entry that had it has said so by an event of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagDeleted {
    pub tag_id: Uuid,
    pub user_id: Uuid,
    /// The tag that its entries got in its place.
    #[serde(default)]
    pub merged_into: Option<Uuid>,
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
    /// The day of `at` in the time zone that the user had then. `None` in events of earlier releases: the day in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
}

/// `MoodTakenBack`: the mood was never there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoodTakenBack {
    pub mood_id: Uuid,
    pub user_id: Uuid,
    pub taken_back_at: Time,
}
