//! What events decide, without a database; and the events that the database's tests apply.

#![allow(clippy::disallowed_methods, reason = "tests may take any id")]

use super::*;
use crate::statement::tests::is_complete;
use mindflow_guest::sql::Value;
use serde_json::{Value as Json, json};

pub const USER: Uuid = Uuid::from_u128(0xa1);
pub const ENTRY: Uuid = Uuid::from_u128(0xe1);
pub const TAG: Uuid = Uuid::from_u128(0x71);

/// An event in few words.
#[derive(Debug, Clone)]
pub struct Fact {
    pub event_type: &'static str,
    pub sequence: u64,
    pub payload: Json,
}

impl Fact {
    pub fn new(event_type: &'static str, sequence: u64, payload: Json) -> Self {
        Self { event_type, sequence, payload }
    }

    /// The fact with some fields of its payload said otherwise.
    pub fn with(mut self, changes: Json) -> Self {
        for (field, value) in changes.as_object().unwrap() {
            self.payload[field] = value.clone();
        }
        self
    }

    pub fn event(&self) -> Event {
        Event {
            id: Uuid::new_v4().to_string(),
            event_type: self.event_type.into(),
            version: "1.0".into(),
            timestamp: 0,
            source: "test".into(),
            sequence: self.sequence,
            partition_key: "test".into(),
            correlation_id: "test".into(),
            traceparent: None,
            user_id: None,
            tenant_id: None,
            payload: self.payload.to_string(),
        }
    }
}

pub fn created(entry: Uuid, at: &str, title: &str) -> Fact {
    Fact::new(
        "JournalEntryCreated",
        1,
        json!({
            "journalId": entry, "userId": USER, "title": title, "content": "words", "mood": null, "tags": [], "attachmentIds": [],
            "createdAt": at, "updatedAt": at, "entryDate": at.get(..10), "version": 1, "wordCount": 1, "analysis": "not_included",
        }),
    )
}

pub fn updated(entry: Uuid, sequence: u64, at: &str, title: &str) -> Fact {
    let mut fact = created(entry, at, title).with(json!({ "version": sequence, "reason": "edited" }));
    (fact.event_type, fact.sequence) = ("JournalEntryUpdated", sequence);
    fact
}

pub fn deleted(entry: Uuid, sequence: u64) -> Fact {
    let payload =
        json!({ "journalId": entry, "userId": USER, "deletedAt": "2025-05-05T00:00:00.000000Z", "version": sequence });
    Fact::new("JournalEntryDeleted", sequence, payload)
}

pub fn draft(entry: Uuid, sequence: u64, at: &str, title: &str) -> Fact {
    let mut fact = created(entry, at, title).with(json!({ "version": sequence, "draft": true }));
    (fact.event_type, fact.sequence) = ("JournalDraftSaved", sequence);
    fact
}

pub fn book(event_type: &'static str, book: Uuid, sequence: u64, name: &str) -> Fact {
    Fact::new(event_type, sequence, json!({ "bookId": book, "userId": USER, "name": name }))
}

pub fn mood_taken_back(id: u128) -> Fact {
    let payload =
        json!({ "moodId": Uuid::from_u128(id), "userId": USER, "takenBackAt": "2025-05-05T00:00:00.000000Z" });
    Fact::new("MoodTakenBack", 2, payload)
}

pub fn insights(entry: Uuid, sequence: u64, entry_sequence: u64, sentiment: f64) -> Fact {
    Fact::new(
        "AIInsightsGenerated",
        sequence,
        json!({
            "journalId": entry, "userId": USER, "entrySequence": entry_sequence, "sentiment": sentiment, "themes": ["work"],
            "insights": [{ "id": format!("i{sequence}"), "text": "You rest more.", "kind": "pattern" }],
            "model": "test", "completedAt": format!("2025-05-0{sequence}T00:00:00.000000Z"),
        }),
    )
}

pub fn analysis_failed(entry: Uuid, sequence: u64, entry_sequence: u64) -> Fact {
    let payload = json!({ "journalId": entry, "userId": USER, "entrySequence": entry_sequence, "reason": "refusal" });
    Fact::new("AIAnalysisFailed", sequence, payload)
}

pub fn tag(event_type: &'static str, tag: Uuid, sequence: u64, name: &str) -> Fact {
    Fact::new(event_type, sequence, json!({ "tagId": tag, "userId": USER, "name": name, "previousName": "x" }))
}

pub fn tag_deleted(tag: Uuid, sequence: u64) -> Fact {
    Fact::new("TagDeleted", sequence, json!({ "tagId": tag, "userId": USER, "mergedInto": null }))
}

pub fn mood(id: u128, mood: &str, at: &str) -> Fact {
    let payload = json!({ "moodId": Uuid::from_u128(id), "userId": USER, "mood": mood, "note": null, "at": at });
    Fact::new("MoodRecorded", 1, payload)
}

pub fn user(event_type: &'static str, id: Uuid, sequence: u64, name: &str, roles: &[&str]) -> Fact {
    let payload = json!({
        "userId": id, "email": format!("{}@example.org", name.to_lowercase()), "displayName": name, "roles": roles,
        "timezone": "UTC", "createdAt": "2025-01-01T00:00:00.000000Z",
    });
    Fact::new(event_type, sequence, payload)
}

const AT: &str = "2025-05-01T08:00:00.123456Z";

fn planned(fact: &Fact) -> Plan {
    plan(&fact.event()).unwrap().unwrap()
}

fn every_kind() -> Vec<Fact> {
    vec![
        user("UserRegistered", USER, 1, "Ann", &["user"]),
        user("UserUpdated", USER, 2, "Anna", &["user", "premium"]),
        tag("TagCreated", TAG, 1, "work"),
        tag("TagRenamed", TAG, 2, "job"),
        tag_deleted(TAG, 3),
        mood(1, "HAPPY", AT),
        mood_taken_back(1),
        book("JournalCreated", TAG, 1, "Dreams"),
        book("JournalRenamed", TAG, 2, "Nights"),
        book("JournalDeleted", TAG, 3, ""),
        draft(ENTRY, 1, AT, ""),
        created(ENTRY, AT, "one"),
        updated(ENTRY, 2, AT, "two"),
        deleted(ENTRY, 3),
        insights(ENTRY, 1, 1, 0.5),
        analysis_failed(ENTRY, 2, 2),
    ]
}

#[test]
fn every_event_becomes_one_statement_that_uses_all_its_parameters() {
    for fact in every_kind() {
        let plan = planned(&fact);
        assert!(is_complete(&plan.statement), "{}: {}", fact.event_type, plan.statement.text);
        assert_eq!(plan.user_id, USER);
    }
}

#[test]
fn the_same_event_always_becomes_the_same_plan() {
    for fact in every_kind() {
        assert_eq!(planned(&fact), planned(&fact));
    }
}

#[test]
fn events_that_are_nothing_to_readers_are_passed_over() {
    for other in ["UserLoggedIn", "SomethingOfALaterVersion"] {
        assert_eq!(plan(&Fact::new(other, 1, json!({})).event()).unwrap(), None);
    }
}

#[test]
fn listeners_are_notified_of_what_happened_to_which_entry() {
    let notices: Vec<(&str, NoticeKind)> = every_kind()
        .iter()
        .filter_map(|fact| planned(fact).notice.map(|notice| (fact.event_type, notice.kind)))
        .collect();
    let expected = [
        ("JournalDraftSaved", NoticeKind::Draft),
        ("JournalEntryCreated", NoticeKind::Created),
        ("JournalEntryUpdated", NoticeKind::Updated),
        ("JournalEntryDeleted", NoticeKind::Deleted),
        ("AIInsightsGenerated", NoticeKind::Analyzed),
        ("AIAnalysisFailed", NoticeKind::Updated),
    ];
    assert_eq!(notices, expected);
    let restored = updated(ENTRY, 3, AT, "one").with(json!({ "reason": "restored" }));
    assert_eq!(planned(&restored).notice.map(|notice| notice.kind), Some(NoticeKind::Created));
    let renamed = ["TagCreated", "TagRenamed"].map(|kind| planned(&tag(kind, TAG, 2, "x")).renamed_tag);
    assert_eq!(renamed, [None, Some(TAG)]);
    let json = serde_json::to_value(planned(&created(ENTRY, AT, "one")).notice).unwrap();
    assert_eq!(json, json!({ "kind": "CREATED", "entryId": ENTRY }));
}

#[test]
fn times_keep_their_microseconds() {
    let plan = planned(&created(ENTRY, AT, "one"));
    assert_eq!(plan.statement.params[7], Value::Timestamp(1_746_086_400_123_456));
}

#[test]
fn an_analysis_is_pending_exactly_when_one_was_asked_for_a_text() {
    let text = |value: &str| Value::Text(value.into());
    for (reason, asked, expected) in [
        (None, "requested", text("PENDING")),
        (None, "not_included", text("NOT_INCLUDED")),
        (Some("edited"), "requested", text("PENDING")),
        (Some("edited"), "not_included", text("NOT_INCLUDED")),
        (Some("reanalyze"), "requested", text("PENDING")),
        (Some("restored"), "requested", Value::Null),
        (Some("restored"), "not_included", Value::Null),
        (Some("tag_renamed"), "requested", Value::Null),
        (Some("a_later_reason"), "not_included", Value::Null),
    ] {
        let fact = updated(ENTRY, 2, AT, "two").with(json!({ "reason": reason, "analysis": asked }));
        assert_eq!(planned(&fact).statement.params.get(11), Some(&expected), "{reason:?} {asked}");
    }
}

#[test]
fn what_breaks_its_types_promise_is_bad_for_good() {
    let entry = created(ENTRY, AT, "one");
    for broken in [
        entry.clone().with(json!({ "mood": "happy" })),
        entry.clone().with(json!({ "createdAt": "yesterday" })),
        entry.clone().with(json!({ "entryDate": "2025-5-1" })),
        entry.clone().with(json!({ "journalId": "none" })),
        entry.clone().with(json!({ "version": -1 })),
        entry.with(json!({ "analysis": "maybe" })),
        insights(ENTRY, 1, 1, 1.5),
        Fact::new("JournalEntryDeleted", u64::MAX, deleted(ENTRY, 1).payload),
        Fact::new("TagCreated", 1, json!([])),
    ] {
        assert!(plan(&broken.event()).is_err(), "{broken:?}");
    }
}

#[test]
fn a_bad_value_is_named() {
    let error = plan(&created(ENTRY, AT, "one").with(json!({ "mood": "GLAD" })).event()).unwrap_err();
    assert_eq!(error.to_string(), r#"payload of JournalEntryCreated: `mood` is "GLAD""#);
}
