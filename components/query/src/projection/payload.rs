//! The payloads of the events that this service takes, version 1.0, as their producers promise them.

use super::BadEvent;
use crate::bindings::exports::mindflow::query::reads::Mood;
use crate::calendar::parse_day;
use crate::vocabulary::Word;
use mindflow_guest::{clock, events::Event, sql};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A field whose JSON type is right and whose value is not.
#[derive(Debug)]
pub struct Wrong {
    field: &'static str,
    value: String,
}

impl Wrong {
    pub fn new(field: &'static str, value: impl std::fmt::Display) -> Self {
        Self { field, value: value.to_string() }
    }

    pub fn of(self, event: &Event) -> BadEvent {
        BadEvent::Value { event_type: event.event_type.clone(), field: self.field, value: self.value }
    }
}

pub fn read<T: DeserializeOwned>(event: &Event) -> Result<T, BadEvent> {
    serde_json::from_str(&event.payload)
        .map_err(|source| BadEvent::Payload { event_type: event.event_type.clone(), source })
}

pub fn time(field: &'static str, text: &str) -> Result<sql::Time, Wrong> {
    clock::parse_rfc3339(text).map(sql::Time).ok_or_else(|| Wrong::new(field, text))
}

pub fn day(field: &'static str, text: &str) -> Result<sql::Date, Wrong> {
    parse_day(text).map(sql::Date).ok_or_else(|| Wrong::new(field, text))
}

pub fn mood(text: &str) -> Result<Mood, Wrong> {
    Mood::parse(text).ok_or_else(|| Wrong::new("mood", text))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub user_id: Uuid,
    pub email: String,
    pub display_name: String,
    pub roles: Vec<String>,
    pub timezone: String,
    pub created_at: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagName {
    pub tag_id: Uuid,
    pub user_id: Uuid,
    pub name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoodRecord {
    pub mood_id: Uuid,
    pub user_id: Uuid,
    pub mood: String,
    pub note: Option<String>,
    pub at: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct EntryTag {
    pub id: Uuid,
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisAsked {
    Requested,
    NotIncluded,
}

/// Why an entry was written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Edited,
    Restored,
    Reanalyze,
    TagRenamed,
    /// One that a later version adds.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub journal_id: Uuid,
    pub user_id: Uuid,
    pub title: String,
    pub content: String,
    pub mood: Option<String>,
    pub tags: Vec<EntryTag>,
    pub attachment_ids: Vec<Uuid>,
    pub created_at: String,
    pub updated_at: String,
    pub entry_date: String,
    pub version: u32,
    pub word_count: u32,
    pub analysis: AnalysisAsked,
    /// None for a new entry.
    pub reason: Option<Reason>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    pub journal_id: Uuid,
    pub user_id: Uuid,
    pub deleted_at: String,
    pub version: u32,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct InsightText {
    pub id: String,
    pub text: String,
    pub kind: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Insights {
    pub journal_id: Uuid,
    pub user_id: Uuid,
    pub entry_sequence: u32,
    pub sentiment: Option<f64>,
    pub themes: Vec<String>,
    pub insights: Vec<InsightText>,
    pub model: String,
    pub completed_at: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisFailure {
    pub journal_id: Uuid,
    pub user_id: Uuid,
    pub entry_sequence: u32,
}
