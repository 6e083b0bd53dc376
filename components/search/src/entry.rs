//! How events about entries change the index.

use crate::{language, sharing::Terms};
use mindflow_events::{BadEvent, Entry, Kind, Payload, Reason};
use mindflow_guest::{clock, event, events::Event, search_index::Document, text};

/// A change of the index.
#[derive(Debug, PartialEq)]
pub enum Change {
    Upsert { document: Document, terms: Terms },
    Delete { id: String, owner: String, version: u64 },
}

/// The change of the index that follows from an event; `None` for events that change nothing. The event's sequence is
/// the document's version, so that an older event never overwrites a newer one.
///
/// # Errors
/// The payload does not have the shape of its event.
pub fn change(event: &Event) -> Result<Option<Change>, BadEvent> {
    const INDEXED: [Kind; 3] = [Kind::JournalEntryCreated, Kind::JournalEntryUpdated, Kind::JournalEntryDeleted];
    Ok(event::payload(event, &INDEXED)?.and_then(|payload| match payload {
        // Neither its words nor what it means depend on its marks, and a model would read it again.
        Payload::JournalEntryUpdated(written) if written.reason == Some(Reason::Marked) => None,
        Payload::JournalEntryCreated(written) | Payload::JournalEntryUpdated(written) => {
            let terms = Terms { private: written.entry.private, version: written.entry.version };
            Some(Change::Upsert { document: document(written.entry, event.sequence), terms })
        }
        Payload::JournalEntryDeleted(deleted) => Some(Change::Delete {
            id: deleted.id.to_string(),
            owner: deleted.user_id.to_string(),
            version: event.sequence,
        }),
        _ => None,
    }))
}

/// Older events may have text in any form.
fn document(mut entry: Entry, version: u64) -> Document {
    entry.title = text::into_nfc(entry.title);
    entry.content = text::into_nfc(entry.content);
    let language = language::detect(&format!("{}\n{}", entry.title, entry.content));
    Document {
        id: entry.id.to_string(),
        owner: entry.user_id.to_string(),
        version,
        title: entry.title,
        body: entry.content,
        // Filters look for a tag's id, so that they find it under any name.
        keywords: entry.tags.iter().map(|tag| tag.id.to_string()).collect(),
        labels: entry.tags.into_iter().map(|tag| tag.name).collect(),
        language: language.map(str::to_owned),
        at: clock::midnight_us(entry.entry_date.0),
        vector: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::events::Failure;
    use serde_json::json;
    use uuid::Uuid;

    fn refused(event: &Event) -> bool {
        matches!(change(event).map_err(Failure::from), Err(Failure::Reject(_)))
    }

    fn event(event_type: &str, payload: &serde_json::Value) -> Event {
        Event {
            id: Uuid::nil().to_string(),
            event_type: event_type.into(),
            version: "1.0".into(),
            timestamp: 0,
            source: "command-service".into(),
            sequence: 4,
            partition_key: "entry:1".into(),
            correlation_id: "c".into(),
            traceparent: None,
            user_id: None,
            tenant_id: None,
            payload: payload.to_string(),
        }
    }

    const ENTRY: &str = "00000000-0000-0000-0000-000000000001";
    const USER: &str = "00000000-0000-0000-0000-000000000002";

    fn written(date: &str) -> serde_json::Value {
        json!({ "journalId": ENTRY, "userId": USER, "title": "A walk", "content": "We went for a walk by the river and it was good.",
            "tags": [{ "id": ENTRY, "name": "Nature" }], "attachmentIds": [], "entryDate": date, "mood": null, "version": 3,
            "createdAt": "2026-11-22T08:00:00.000000Z", "updatedAt": "2026-11-22T08:00:00.000000Z", "wordCount": 13,
            "analysis": "not_included", "reason": "edited" })
    }

    #[test]
    fn a_written_entry_is_a_document_with_the_events_sequence_as_its_version() {
        let changed = change(&event("JournalEntryUpdated", &written("2026-11-22")));
        let Ok(Some(Change::Upsert { document, terms })) = changed else { panic!("an upsert: {changed:?}") };
        assert_eq!((document.id.as_str(), document.owner.as_str(), document.version), (ENTRY, USER, 4));
        assert_eq!(terms, Terms { private: false, version: 3 });
        assert_eq!((document.keywords, document.labels), (vec![ENTRY.to_owned()], vec!["Nature".to_owned()]));
        assert_eq!(document.language.as_deref(), Some("en"));
        assert_eq!(document.at, 1_795_305_600_000_000);
    }

    #[test]
    fn a_private_entry_is_a_document_that_is_known_as_such() {
        let mut payload = written("2026-11-22");
        payload["private"] = json!(true);
        let change = change(&event("JournalEntryCreated", &payload)).unwrap();
        assert!(matches!(change, Some(Change::Upsert { terms: Terms { private: true, .. }, .. })), "{change:?}");
    }

    #[test]
    fn a_mark_changes_nothing_that_is_searched() {
        let mut payload = written("2026-11-22");
        payload["reason"] = json!("marked");
        assert_eq!(change(&event("JournalEntryUpdated", &payload)).unwrap(), None);
    }

    #[test]
    fn a_deleted_entry_leaves_the_index() {
        let payload =
            json!({ "journalId": ENTRY, "userId": USER, "deletedAt": "2026-11-22T08:00:00.000000Z", "version": 3 });
        let change = change(&event("JournalEntryDeleted", &payload)).unwrap();
        assert_eq!(change, Some(Change::Delete { id: ENTRY.into(), owner: USER.into(), version: 4 }));
    }

    #[test]
    fn an_event_that_does_not_fit_is_rejected_and_an_unknown_one_acknowledged() {
        assert!(refused(&event("JournalEntryCreated", &json!({}))));
        assert!(refused(&event("JournalEntryCreated", &written("soon"))));
        assert_eq!(change(&event("SomethingNew", &json!({}))).unwrap(), None);
    }
}
