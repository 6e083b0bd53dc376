//! Which events ask for an analysis, and of what.

use mindflow_guest::events::Event;
use serde::Deserialize;
use uuid::Uuid;

/// An entry as its event told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub user_id: Uuid,
    /// Of the event: which state of the entry this is.
    pub sequence: u64,
    pub title: String,
    pub content: String,
    /// In upper case, as the events have it.
    pub mood: Option<String>,
    pub tags: Vec<String>,
    /// `YYYY-MM-DD`.
    pub entry_date: String,
}

/// The event does not keep its promise; no retry mends that.
#[derive(Debug, thiserror::Error)]
#[error("payload of {event_type} {version}: {source}")]
pub struct BadEvent {
    event_type: String,
    version: String,
    source: serde_json::Error,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    journal_id: Uuid,
    user_id: Uuid,
    title: String,
    content: String,
    mood: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    entry_date: String,
    analysis: Asked,
    #[serde(default)]
    reason: Reason,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Requested,
    /// Not premium, or a word of a later version that is not ours to answer.
    #[serde(other)]
    Not,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Reason {
    #[default]
    Edited,
    Restored,
    Reanalyze,
    /// The text is as it was: a renamed tag.
    #[serde(other)]
    Unrelated,
}

/// The entry to analyse; none when the event asks for nothing.
///
/// # Errors
/// When the payload is not what its type promises.
pub fn wanted(event: &Event) -> Result<Option<Entry>, BadEvent> {
    if !matches!(event.event_type.as_str(), "JournalEntryCreated" | "JournalEntryUpdated") {
        return Ok(None);
    }
    let payload: Payload = serde_json::from_str(&event.payload).map_err(|source| BadEvent {
        event_type: event.event_type.clone(),
        version: event.version.clone(),
        source,
    })?;
    if payload.analysis != Asked::Requested || payload.reason == Reason::Unrelated {
        return Ok(None);
    }
    Ok(Some(Entry {
        id: payload.journal_id,
        user_id: payload.user_id,
        sequence: event.sequence,
        title: payload.title,
        content: payload.content,
        mood: payload.mood,
        tags: payload.tags.into_iter().map(|tag| tag.name).collect(),
        entry_date: payload.entry_date,
    }))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;

    pub fn entry(title: &str, content: &str) -> Entry {
        Entry {
            id: Uuid::from_u128(1),
            user_id: Uuid::from_u128(2),
            sequence: 3,
            title: title.into(),
            content: content.into(),
            mood: None,
            tags: Vec::new(),
            entry_date: "2026-11-23".into(),
        }
    }

    fn event(event_type: &str, changes: serde_json::Value) -> Event {
        let mut payload = json!({
            "journalId": Uuid::from_u128(1), "userId": Uuid::from_u128(2), "title": "A day", "content": "It rained.",
            "mood": "CALM", "tags": [{"id": Uuid::from_u128(5), "name": "weather"}], "attachmentIds": [],
            "createdAt": "2026-11-23T05:00:00.000000Z", "updatedAt": "2026-11-23T05:00:00.000000Z",
            "entryDate": "2026-11-23", "version": 1, "wordCount": 2, "analysis": "requested",
        });
        if let (Some(payload), Some(changes)) = (payload.as_object_mut(), changes.as_object()) {
            payload.extend(changes.clone());
        }
        Event {
            id: Uuid::from_u128(9).to_string(),
            event_type: event_type.into(),
            version: "1.0".into(),
            timestamp: 0,
            source: "command-service".into(),
            sequence: 3,
            partition_key: "entry:1".into(),
            correlation_id: "c".into(),
            traceparent: None,
            user_id: None,
            tenant_id: None,
            payload: payload.to_string(),
        }
    }

    #[test]
    fn a_created_entry_of_a_premium_user_is_analysed() {
        let entry = wanted(&event("JournalEntryCreated", json!({}))).unwrap().unwrap();
        assert_eq!((entry.id, entry.user_id, entry.sequence), (Uuid::from_u128(1), Uuid::from_u128(2), 3));
        assert_eq!((entry.title.as_str(), entry.content.as_str()), ("A day", "It rained."));
        assert_eq!((entry.mood.as_deref(), entry.tags), (Some("CALM"), vec!["weather".to_owned()]));
    }

    #[test]
    fn edited_restored_and_reanalysed_entries_are_analysed_again() {
        for reason in ["edited", "restored", "reanalyze"] {
            assert!(wanted(&event("JournalEntryUpdated", json!({"reason": reason}))).unwrap().is_some(), "{reason}");
        }
    }

    #[test]
    fn a_renamed_tag_asks_for_no_analysis() {
        assert_eq!(wanted(&event("JournalEntryUpdated", json!({"reason": "tag_renamed"}))).unwrap(), None);
    }

    #[test]
    fn an_entry_without_premium_asks_for_no_analysis() {
        for event_type in ["JournalEntryCreated", "JournalEntryUpdated"] {
            assert_eq!(wanted(&event(event_type, json!({"analysis": "not_included"}))).unwrap(), None);
        }
    }

    #[test]
    fn other_events_are_none_of_its_business_whatever_they_hold() {
        let mut other = event("MoodRecorded", json!({}));
        other.payload = "{}".into();
        assert_eq!(wanted(&other).unwrap(), None);
    }

    #[test]
    fn an_entry_without_a_mood_is_fine() {
        let entry = wanted(&event("JournalEntryCreated", json!({"mood": null}))).unwrap().unwrap();
        assert_eq!(entry.mood, None);
    }

    #[test]
    fn a_broken_payload_is_named_by_event_and_field() {
        let error = wanted(&event("JournalEntryCreated", json!({"journalId": 7}))).unwrap_err();
        assert!(error.to_string().starts_with("payload of JournalEntryCreated 1.0: "), "{error}");
    }
}
