//! What the service's events say. Other services read these shapes: a field is added, never changed.

use crate::entry::{Entry, Tag};
use crate::mood::Mood;
use mindflow_guest::clock::rfc3339;
use mindflow_guest::{
    call::{CallContext, Error},
    event,
    events::NewEvent,
    failure,
};
use serde::Serialize;
use uuid::Uuid;

/// Why an entry's subscribers hear of it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Edited,
    Restored,
    /// The content is the same; new insights are wanted.
    Reanalyze,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryWritten<'a> {
    journal_id: Uuid,
    user_id: Uuid,
    title: &'a str,
    content: &'a str,
    mood: Option<Mood>,
    tags: Vec<TagNamed<'a>>,
    attachment_ids: &'a [Uuid],
    created_at: String,
    updated_at: String,
    entry_date: String,
    version: u32,
    word_count: u32,
    analysis: Analysis,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

#[derive(Serialize)]
struct TagNamed<'a> {
    id: Uuid,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Analysis {
    Requested,
    NotIncluded,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryDeleted {
    journal_id: Uuid,
    user_id: Uuid,
    deleted_at: String,
    version: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MoodRecorded<'a> {
    mood_id: Uuid,
    user_id: Uuid,
    mood: Mood,
    note: Option<&'a str>,
    at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TagCreated<'a> {
    tag_id: Uuid,
    user_id: Uuid,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TagRenamed<'a> {
    tag_id: Uuid,
    user_id: Uuid,
    name: &'a str,
    previous_name: &'a str,
}

/// Makes the events of one call.
pub struct Events<'a> {
    pub context: &'a CallContext,
    pub user_id: Uuid,
}

impl Events<'_> {
    /// `premium`: whether insights of the entry will come.
    pub fn entry_created(&self, entry: &Entry, premium: bool) -> Result<NewEvent, Error> {
        self.entry("JournalEntryCreated", entry, premium, None)
    }

    pub fn entry_updated(&self, entry: &Entry, premium: bool, reason: Reason) -> Result<NewEvent, Error> {
        self.entry("JournalEntryUpdated", entry, premium, Some(reason))
    }

    pub fn entry_deleted(&self, id: Uuid, deleted_at: i64, version: u32, sequence: u64) -> Result<NewEvent, Error> {
        let payload = EntryDeleted { journal_id: id, user_id: self.user_id, deleted_at: rfc3339(deleted_at), version };
        self.event("JournalEntryDeleted", format!("entry:{id}"), sequence, &payload)
    }

    pub fn mood_recorded(&self, id: Uuid, mood: Mood, note: Option<&str>, at: i64) -> Result<NewEvent, Error> {
        let payload = MoodRecorded { mood_id: id, user_id: self.user_id, mood, note, at: rfc3339(at) };
        self.event("MoodRecorded", format!("mood:{id}"), 1, &payload)
    }

    pub fn tag_created(&self, tag: &Tag) -> Result<NewEvent, Error> {
        let payload = TagCreated { tag_id: tag.id, user_id: self.user_id, name: &tag.name };
        self.event("TagCreated", format!("tag:{}", tag.id), 1, &payload)
    }

    pub fn tag_renamed(&self, tag: &Tag, previous_name: &str, sequence: u64) -> Result<NewEvent, Error> {
        let payload = TagRenamed { tag_id: tag.id, user_id: self.user_id, name: &tag.name, previous_name };
        self.event("TagRenamed", format!("tag:{}", tag.id), sequence, &payload)
    }

    fn entry(&self, event_type: &str, entry: &Entry, premium: bool, reason: Option<Reason>) -> Result<NewEvent, Error> {
        let payload = EntryWritten {
            journal_id: entry.id,
            user_id: entry.user_id,
            title: &entry.title,
            content: &entry.content,
            mood: entry.mood,
            tags: entry.tags.iter().map(|tag| TagNamed { id: tag.id, name: &tag.name }).collect(),
            attachment_ids: &entry.attachment_ids,
            created_at: rfc3339(entry.created_at),
            updated_at: rfc3339(entry.updated_at),
            entry_date: entry.entry_date.to_string(),
            version: entry.version,
            word_count: entry.word_count,
            analysis: if premium { Analysis::Requested } else { Analysis::NotIncluded },
            reason,
        };
        self.event(event_type, format!("entry:{}", entry.id), entry.event_sequence, &payload)
    }

    fn event(
        &self,
        event_type: &str,
        partition_key: String,
        sequence: u64,
        payload: &impl Serialize,
    ) -> Result<NewEvent, Error> {
        event::new(self.context, event_type, partition_key, sequence, Some(self.user_id.to_string()), payload)
            .map_err(failure::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::tests::sample;
    use mindflow_guest::call::Credential;
    use serde_json::{Value, json};

    fn context() -> CallContext {
        CallContext {
            credential: Credential::Anonymous,
            correlation_id: "c-1".into(),
            traceparent: Some("00-1".into()),
            deadline_ms: None,
        }
    }

    fn made(make: impl FnOnce(Events<'_>) -> Result<NewEvent, Error>) -> (NewEvent, Value) {
        let event = make(Events { context: &context(), user_id: Uuid::from_u128(2) }).unwrap();
        let payload = serde_json::from_str(&event.payload).unwrap();
        (event, payload)
    }

    const USER: &str = "00000000-0000-0000-0000-000000000002";
    const ENTRY: &str = "00000000-0000-0000-0000-000000000001";

    fn entry_payload() -> Value {
        json!({
            "journalId": ENTRY, "userId": USER, "title": "A walk", "content": "Rain, then sun.", "mood": "CALM",
            "tags": [{"id": "00000000-0000-0000-0000-000000000003", "name": "Nature"}, {"id": "00000000-0000-0000-0000-000000000004", "name": "work"}],
            "attachmentIds": ["00000000-0000-0000-0000-000000000005"],
            "createdAt": "2026-11-21T22:26:40.000000Z", "updatedAt": "2026-11-23T02:13:20.000001Z",
            "entryDate": "2026-11-22", "version": 3, "wordCount": 3, "analysis": "requested",
        })
    }

    #[test]
    fn a_created_entry_is_told_whole() {
        let (event, payload) = made(|events| events.entry_created(&sample(), true));
        assert_eq!(payload, entry_payload());
        assert_eq!(
            (event.event_type.as_str(), event.version.as_str(), event.sequence),
            ("JournalEntryCreated", "1.0", 4)
        );
        assert_eq!((event.partition_key, event.user_id), (format!("entry:{ENTRY}"), Some(USER.into())));
        assert_eq!((event.correlation_id.as_str(), event.traceparent.as_deref()), ("c-1", Some("00-1")));
    }

    #[test]
    fn an_updated_entry_is_told_whole_with_the_reason() {
        for (reason, name) in
            [(Reason::Edited, "edited"), (Reason::Restored, "restored"), (Reason::Reanalyze, "reanalyze")]
        {
            let (event, payload) =
                made(|events| events.entry_updated(&Entry { mood: None, ..sample() }, false, reason));
            let mut expected = entry_payload();
            expected["mood"] = Value::Null;
            expected["analysis"] = json!("not_included");
            expected["reason"] = json!(name);
            assert_eq!(payload, expected);
            assert_eq!(event.event_type, "JournalEntryUpdated");
        }
    }

    #[test]
    fn a_deleted_entry_is_told_by_its_id_alone() {
        let (event, payload) = made(|events| events.entry_deleted(Uuid::from_u128(1), 1_795_400_000_000_000, 3, 5));
        assert_eq!(
            payload,
            json!({"journalId": ENTRY, "userId": USER, "deletedAt": "2026-11-23T02:13:20.000000Z", "version": 3})
        );
        assert_eq!(
            (event.event_type.as_str(), event.sequence, event.partition_key),
            ("JournalEntryDeleted", 5, format!("entry:{ENTRY}"))
        );
    }

    #[test]
    fn a_mood_is_an_aggregate_of_its_own() {
        let (event, payload) =
            made(|events| events.mood_recorded(Uuid::from_u128(1), Mood::Happy, None, 1_795_400_000_000_000));
        assert_eq!(
            payload,
            json!({"moodId": ENTRY, "userId": USER, "mood": "HAPPY", "note": null, "at": "2026-11-23T02:13:20.000000Z"})
        );
        assert_eq!(
            (event.event_type.as_str(), event.sequence, event.partition_key),
            ("MoodRecorded", 1, format!("mood:{ENTRY}"))
        );
    }

    #[test]
    fn a_tag_counts_its_own_events() {
        let tag = Tag { id: Uuid::from_u128(1), name: "Work".into() };
        let (event, payload) = made(|events| events.tag_created(&tag));
        assert_eq!(payload, json!({"tagId": ENTRY, "userId": USER, "name": "Work"}));
        assert_eq!((event.event_type.as_str(), event.sequence), ("TagCreated", 1));
        let (event, payload) = made(|events| events.tag_renamed(&tag, "Job", 2));
        assert_eq!(payload, json!({"tagId": ENTRY, "userId": USER, "name": "Work", "previousName": "Job"}));
        assert_eq!(
            (event.event_type.as_str(), event.sequence, event.partition_key),
            ("TagRenamed", 2, format!("tag:{ENTRY}"))
        );
    }
}
