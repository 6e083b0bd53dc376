//! The events of one call.

use crate::entry::Stored;
use mindflow_events::{
    Analysis, Book, EntryDeleted, EntryPurged, EntryWritten, MoodRecorded, MoodTakenBack, Payload, Reason, Tag,
    TagCreated, TagDeleted, TagRenamed, Time,
};
use mindflow_guest::{
    call::{CallContext, Error},
    event,
    events::NewEvent,
};
use uuid::Uuid;

/// Makes the events of one call.
pub struct Events<'a> {
    pub context: &'a CallContext,
    pub user_id: Uuid,
}

impl Events<'_> {
    /// `premium`: whether insights of the entry will come. Of a draft, only that it was saved.
    pub fn entry_created(&self, stored: &Stored, premium: bool) -> Result<NewEvent, Error> {
        if stored.entry.draft {
            return self.draft_saved(stored);
        }
        self.event(&Payload::JournalEntryCreated(written(stored, premium, None)), stored.event_sequence)
    }

    /// The same.
    pub fn entry_updated(&self, stored: &Stored, premium: bool, reason: Reason) -> Result<NewEvent, Error> {
        if stored.entry.draft {
            return self.draft_saved(stored);
        }
        self.event(&Payload::JournalEntryUpdated(written(stored, premium, Some(reason))), stored.event_sequence)
    }

    fn draft_saved(&self, stored: &Stored) -> Result<NewEvent, Error> {
        self.event(&Payload::JournalDraftSaved(written(stored, false, None)), stored.event_sequence)
    }

    pub fn entry_deleted(&self, id: Uuid, deleted_at: i64, version: u32, sequence: u64) -> Result<NewEvent, Error> {
        let deleted = EntryDeleted { id, user_id: self.user_id, deleted_at: Time(deleted_at), version };
        self.event(&Payload::JournalEntryDeleted(deleted), sequence)
    }

    /// The first event of its erasure.
    pub fn entry_purged(&self, stored: &Stored, erasure_id: Uuid, at: i64) -> Result<NewEvent, Error> {
        let entry = &stored.entry;
        let purged = EntryPurged {
            erasure_id,
            entry_id: entry.id,
            user_id: self.user_id,
            attachment_ids: entry.attachment_ids.clone(),
            created_at: (!entry.draft && !entry.imported).then(|| entry.counted_since()),
            at: Time(at),
        };
        self.event(&Payload::JournalEntryPurged(purged), 1)
    }

    pub fn book_created(&self, book: &Book) -> Result<NewEvent, Error> {
        self.event(&Payload::JournalCreated(book.clone()), 1)
    }

    pub fn book_renamed(&self, book: &Book, sequence: u64) -> Result<NewEvent, Error> {
        self.event(&Payload::JournalRenamed(book.clone()), sequence)
    }

    pub fn book_deleted(&self, book_id: Uuid, sequence: u64) -> Result<NewEvent, Error> {
        let book = Book { book_id, user_id: self.user_id, name: String::new() };
        self.event(&Payload::JournalDeleted(book), sequence)
    }

    pub fn mood_taken_back(&self, mood_id: Uuid, taken_back_at: i64, sequence: u64) -> Result<NewEvent, Error> {
        let taken = MoodTakenBack { mood_id, user_id: self.user_id, taken_back_at: Time(taken_back_at) };
        self.event(&Payload::MoodTakenBack(taken), sequence)
    }

    pub fn mood_recorded(&self, recorded: MoodRecorded) -> Result<NewEvent, Error> {
        self.event(&Payload::MoodRecorded(recorded), 1)
    }

    /// `private`: whether it was made with a private entry.
    pub fn tag_created(&self, tag: &Tag, private: bool) -> Result<NewEvent, Error> {
        let created = TagCreated { tag_id: tag.id, user_id: self.user_id, name: tag.name.clone(), private };
        self.event(&Payload::TagCreated(created), 1)
    }

    pub fn tag_renamed(&self, tag: &Tag, previous_name: String, sequence: u64) -> Result<NewEvent, Error> {
        let renamed = TagRenamed { tag_id: tag.id, user_id: self.user_id, name: tag.name.clone(), previous_name };
        self.event(&Payload::TagRenamed(renamed), sequence)
    }

    /// `merged_into`: the tag that its entries have in its place.
    pub fn tag_deleted(&self, tag_id: Uuid, merged_into: Option<Uuid>, sequence: u64) -> Result<NewEvent, Error> {
        let deleted = TagDeleted { tag_id, user_id: self.user_id, merged_into };
        self.event(&Payload::TagDeleted(deleted), sequence)
    }

    fn event(&self, payload: &Payload, sequence: u64) -> Result<NewEvent, Error> {
        event::of_call(self.context, payload, sequence)
    }
}

fn written(stored: &Stored, premium: bool, reason: Option<Reason>) -> EntryWritten {
    let analysis = if premium { Analysis::Requested } else { Analysis::NotIncluded };
    EntryWritten { entry: stored.entry.clone(), analysis, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::tests::{entry, sample};
    use mindflow_events::{Entry, Mood};
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
            "entryDate": "2026-11-22", "version": 3, "wordCount": 3, "private": false, "draft": false, "publishedAt": null, "pinned": false, "favourite": false,
            "bookId": null, "entryTime": null, "place": null, "analysis": "requested",
        })
    }

    #[test]
    fn a_created_entry_is_announced_whole() {
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
    fn of_a_draft_it_is_said_that_it_was_saved_and_nothing_else() {
        let draft = Stored { entry: Entry { draft: true, ..entry() }, ..sample() };
        for (event, payload) in [
            made(|events| events.entry_created(&draft, true)),
            made(|events| events.entry_updated(&draft, true, Reason::Restored)),
        ] {
            assert_eq!((event.event_type.as_str(), event.sequence), ("JournalDraftSaved", 4));
            assert_eq!((&payload["draft"], &payload["analysis"]), (&json!(true), &json!("not_included")));
        }
    }

    #[test]
    fn an_updated_entry_is_announced_whole_with_the_reason() {
        let moodless = Stored { entry: Entry { mood: None, ..entry() }, ..sample() };
        for (reason, name) in
            [(Reason::Edited, "edited"), (Reason::Restored, "restored"), (Reason::Reanalyze, "reanalyze")]
        {
            let (event, payload) = made(|events| events.entry_updated(&moodless, false, reason));
            let mut expected = entry_payload();
            expected["mood"] = Value::Null;
            expected["analysis"] = json!("not_included");
            expected["reason"] = json!(name);
            assert_eq!(payload, expected);
            assert_eq!(event.event_type, "JournalEntryUpdated");
        }
    }

    #[test]
    fn a_deleted_entry_is_announced_by_its_id_alone() {
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
    fn a_purged_entry_is_announced_by_ids_and_times_alone() {
        let (event, payload) = made(|events| events.entry_purged(&sample(), Uuid::from_u128(9), 1_795_400_000_000_000));
        assert_eq!(
            payload,
            json!({
                "erasureId": Uuid::from_u128(9), "journalId": ENTRY, "userId": USER,
                "attachmentIds": ["00000000-0000-0000-0000-000000000005"],
                "createdAt": "2026-11-21T22:26:40.000000Z", "at": "2026-11-23T02:13:20.000000Z",
            })
        );
        assert_eq!((event.sequence, event.partition_key), (1, format!("erasure:{}", Uuid::from_u128(9))));
        for uncounted in [Entry { draft: true, ..entry() }, Entry { imported: true, ..entry() }] {
            let stored = Stored { entry: uncounted, ..sample() };
            let (_, payload) = made(|events| events.entry_purged(&stored, Uuid::from_u128(9), 1));
            assert_eq!(payload.get("createdAt"), None, "it counts in no month");
        }
    }

    #[test]
    fn a_mood_is_an_aggregate_of_its_own() {
        let recorded = MoodRecorded {
            mood_id: Uuid::from_u128(1),
            user_id: Uuid::from_u128(2),
            mood: Mood::Happy,
            note: None,
            at: Time(1_795_400_000_000_000),
            date: Some("2026-11-22".parse().unwrap()),
        };
        let (event, payload) = made(|events| events.mood_recorded(recorded));
        assert_eq!(
            payload,
            json!({
                "moodId": ENTRY, "userId": USER, "mood": "HAPPY", "note": null, "at": "2026-11-23T02:13:20.000000Z",
                "date": "2026-11-22",
            })
        );
        assert_eq!(
            (event.event_type.as_str(), event.sequence, event.partition_key),
            ("MoodRecorded", 1, format!("mood:{ENTRY}"))
        );
    }

    #[test]
    fn a_tag_counts_its_own_events() {
        let tag = Tag { id: Uuid::from_u128(1), name: "Work".into() };
        let (event, payload) = made(|events| events.tag_created(&tag, false));
        assert_eq!(payload, json!({"tagId": ENTRY, "userId": USER, "name": "Work"}));
        let (_, private) = made(|events| events.tag_created(&tag, true));
        assert_eq!(private["private"], true);
        assert_eq!((event.event_type.as_str(), event.sequence), ("TagCreated", 1));
        let (event, payload) = made(|events| events.tag_renamed(&tag, "Job".into(), 2));
        assert_eq!(payload, json!({"tagId": ENTRY, "userId": USER, "name": "Work", "previousName": "Job"}));
        assert_eq!(
            (event.event_type.as_str(), event.sequence, event.partition_key),
            ("TagRenamed", 2, format!("tag:{ENTRY}"))
        );
    }
}
