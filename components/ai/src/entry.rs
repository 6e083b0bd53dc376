//! Which events ask for an analysis, and of what.

use mindflow_events::{Analysis, BadEvent, Kind, Mood, Payload, Reason};
use mindflow_guest::{event, events::Event, text};
use uuid::Uuid;

/// What the analysis reads of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub user_id: Uuid,
    /// The sequence of the event: which state of the entry this is.
    pub sequence: u64,
    pub title: String,
    pub content: String,
    /// Its name, such as `CALM`.
    pub mood: Option<String>,
    pub tags: Vec<String>,
    /// `YYYY-MM-DD`.
    pub entry_date: String,
    /// As of the event. [`crate::sharing`] reads the current value.
    pub private: bool,
    /// By which its user knows this state.
    pub version: u32,
    /// Whether an import has just made it.
    pub imported: bool,
}

impl Entry {
    /// Whether there is something to read. A title over photos says what they show, and nothing of how it was.
    pub fn has_text(&self) -> bool {
        !text::is_blank(&self.content)
    }
}

/// The entry to analyse; `None` when the event asks for no analysis.
///
/// # Errors
/// The payload does not have the shape of its event.
pub fn wanted(event: &Event) -> Result<Option<Entry>, BadEvent> {
    let payload = event::payload(event, &[Kind::JournalEntryCreated, Kind::JournalEntryUpdated])?;
    let Some(Payload::JournalEntryCreated(written) | Payload::JournalEntryUpdated(written)) = payload else {
        return Ok(None);
    };
    // A renamed tag leaves the text as it was.
    let is_text = matches!(written.reason, None | Some(Reason::Edited | Reason::Restored | Reason::Reanalyze));
    if written.analysis != Analysis::Requested || !is_text {
        return Ok(None);
    }
    let (entry, is_new) = (written.entry, written.reason.is_none());
    Ok(Some(Entry {
        id: entry.id,
        user_id: entry.user_id,
        sequence: event.sequence,
        title: entry.title,
        // As readers get it, so that places in it are theirs.
        content: text::into_nfc(entry.content),
        mood: entry.mood.map(Mood::name),
        tags: entry.tags.into_iter().map(|tag| tag.name).collect(),
        entry_date: entry.entry_date.to_string(),
        private: entry.private,
        version: entry.version,
        // What its user has changed since is wanted now.
        imported: entry.imported && is_new,
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
            private: false,
            version: 1,
            imported: false,
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
    fn a_private_entry_is_analysed_and_known_as_such() {
        let private = |changes| wanted(&event("JournalEntryUpdated", changes)).unwrap().unwrap().private;
        assert!(private(json!({"private": true})));
        assert!(!private(json!({"private": false})) && !private(json!({})));
    }

    #[test]
    fn an_imported_entry_is_known_as_such_until_its_user_changes_it() {
        let imported = |event_type, changes| wanted(&event(event_type, changes)).unwrap().unwrap().imported;
        assert!(imported("JournalEntryCreated", json!({"imported": true})));
        assert!(!imported("JournalEntryCreated", json!({})));
        assert!(!imported("JournalEntryUpdated", json!({"imported": true, "reason": "edited"})));
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
    fn a_content_of_which_nothing_is_seen_is_no_text() {
        for content in ["", " \n", "\u{200b}\u{3164}"] {
            assert!(!entry("Beach", content).has_text(), "{content:?}");
        }
        assert!(entry("Beach", "🙂").has_text());
    }

    #[test]
    fn a_broken_payload_is_named_by_event_and_field() {
        let error = wanted(&event("JournalEntryCreated", json!({"journalId": 7}))).unwrap_err();
        assert!(error.to_string().starts_with("payload of JournalEntryCreated 1.0: "), "{error}");
    }
}
