//! What the events about entries mean for the index.

use crate::{language, request};
use mindflow_guest::{
    event,
    events::{Event, Failure},
    search_index::Document,
};
use serde::Deserialize;
use uuid::Uuid;

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Change {
    Upsert(Document),
    Delete { id: String, owner: String, version: u64 },
}

/// Payload of `JournalEntryCreated` and `JournalEntryUpdated`, so far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    journal_id: Uuid,
    user_id: Uuid,
    title: String,
    content: String,
    tags: Vec<Tag>,
    entry_date: String,
}

#[derive(Deserialize)]
struct Tag {
    id: Uuid,
    name: String,
}

/// Payload of `JournalEntryDeleted`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deleted {
    journal_id: Uuid,
    user_id: Uuid,
}

/// The event's sequence is the document's version, so that an older event never overwrites a newer one. None:
/// the event is of no interest.
pub fn change(event: &Event) -> Result<Option<Change>, Failure> {
    match event.event_type.as_str() {
        "JournalEntryCreated" | "JournalEntryUpdated" => {
            let written: Written = event::payload(event)?;
            let at = request::day_us(&written.entry_date)
                .ok_or_else(|| Failure::Reject(format!("entryDate {:?} is no date", written.entry_date)))?;
            let language = language::detect(&format!("{}\n{}", written.title, written.content));
            Ok(Some(Change::Upsert(Document {
                id: written.journal_id.to_string(),
                owner: written.user_id.to_string(),
                version: event.sequence,
                title: written.title,
                body: written.content,
                // Filters ask for a tag itself, whatever its name is by then.
                keywords: written.tags.iter().map(|tag| tag.id.to_string()).collect(),
                labels: written.tags.into_iter().map(|tag| tag.name).collect(),
                language: language.map(str::to_owned),
                at,
                vector: None,
            })))
        }
        "JournalEntryDeleted" => {
            let deleted: Deleted = event::payload(event)?;
            Ok(Some(Change::Delete {
                id: deleted.journal_id.to_string(),
                owner: deleted.user_id.to_string(),
                version: event.sequence,
            }))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
            "tags": [{ "id": ENTRY, "name": "Nature" }], "entryDate": date, "mood": null })
    }

    #[test]
    fn a_written_entry_is_a_document_with_the_events_sequence_as_its_version() {
        let Ok(Some(Change::Upsert(document))) = change(&event("JournalEntryUpdated", &written("2026-11-22"))) else {
            panic!("an upsert")
        };
        assert_eq!((document.id.as_str(), document.owner.as_str(), document.version), (ENTRY, USER, 4));
        assert_eq!((document.keywords, document.labels), (vec![ENTRY.to_owned()], vec!["Nature".to_owned()]));
        assert_eq!(document.language.as_deref(), Some("en"));
        assert_eq!(document.at, 1_795_305_600_000_000);
    }

    #[test]
    fn a_deleted_entry_leaves_the_index() {
        let payload = json!({ "journalId": ENTRY, "userId": USER, "deletedAt": "x", "version": 3 });
        let change = change(&event("JournalEntryDeleted", &payload)).unwrap();
        assert_eq!(change, Some(Change::Delete { id: ENTRY.into(), owner: USER.into(), version: 4 }));
    }

    #[test]
    fn an_event_that_does_not_fit_is_rejected_and_an_unknown_one_acknowledged() {
        assert!(matches!(change(&event("JournalEntryCreated", &json!({}))), Err(Failure::Reject(_))));
        assert!(matches!(change(&event("JournalEntryCreated", &written("soon"))), Err(Failure::Reject(_))));
        assert_eq!(change(&event("SomethingNew", &json!({}))).unwrap(), None);
    }
}
