//! Every event as it is stored today, decoded and encoded again to the byte; and what decoding tolerates and refuses.

use super::{
    Analysis, BadEvent, Erasure, FIRST_PASS, FailureReason, Kind, LAST_PASS, Payload, Quote, Reason, Time, fixture,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

fn changed(kind: Kind, changes: Value) -> String {
    let mut payload: Value = serde_json::from_str(fixture(kind)).unwrap();
    for (member, value) in changes.as_object().unwrap() {
        payload[member] = value.clone();
    }
    payload.to_string()
}

fn decode(kind: Kind, json: &str) -> Payload {
    Payload::decode(kind, "1.0", json).unwrap()
}

fn refusal(kind: Kind, json: &str) -> BadEvent {
    Payload::decode(kind, "1.0", json).unwrap_err()
}

#[test]
fn every_event_is_decoded_and_encoded_to_the_same_bytes() {
    for kind in Kind::ALL {
        let stored = fixture(*kind);
        let payload = decode(*kind, stored);
        assert_eq!(payload.to_json().unwrap(), stored);
        assert_eq!((payload.kind(), payload.version()), (*kind, "1.0"));
        assert_eq!(Kind::of(kind.name()), Some(*kind));
    }
    assert_eq!(Kind::of("SomethingOfALaterVersion"), None);
}

#[test]
fn the_events_are_those_that_the_manifest_publishes_in_alphabetical_order() {
    let manifest: toml::Table = include_str!("../../spin.toml").parse().unwrap();
    let components = manifest["component"].as_table().unwrap().values();
    let tools = components.filter_map(|component| component.get("tool")?.get("mindflow")?.get("publishes"));
    let published: BTreeSet<&str> =
        tools.flat_map(|names| names.as_array().unwrap()).map(|name| name.as_str().unwrap()).collect();
    assert!(Kind::ALL.iter().map(|kind| kind.name()).eq(published));
}

#[test]
fn members_of_a_later_version_are_ignored() {
    for kind in Kind::ALL {
        let later = changed(*kind, json!({ "somethingNew": { "x": [1] } }));
        assert_eq!(decode(*kind, &later), decode(*kind, fixture(*kind)));
    }
}

#[test]
fn words_of_a_later_version_do_not_spoil_an_event() {
    let later = changed(Kind::JournalEntryUpdated, json!({ "analysis": "queued", "reason": "merged" }));
    let Payload::JournalEntryUpdated(written) = decode(Kind::JournalEntryUpdated, &later) else { panic!("an update") };
    assert_eq!((written.analysis, written.reason), (Analysis::Other, Some(Reason::Other)));
    assert!(Payload::JournalEntryUpdated(written).to_json().is_err(), "and are never published");
    assert!(
        decode(Kind::AIAnalysisFailed, &changed(Kind::AIAnalysisFailed, json!({ "reason": "moon" })))
            .to_json()
            .is_err()
    );
}

#[test]
fn fields_that_older_events_lack_have_a_default() {
    let mut payload: Value = serde_json::from_str(fixture(Kind::JournalEntryCreated)).unwrap();
    for optional in [
        "mood",
        "tags",
        "attachmentIds",
        "private",
        "draft",
        "publishedAt",
        "pinned",
        "favourite",
        "bookId",
        "entryTime",
        "place",
    ] {
        payload.as_object_mut().unwrap().remove(optional);
    }
    let Payload::JournalEntryCreated(written) = decode(Kind::JournalEntryCreated, &payload.to_string()) else {
        panic!("an entry")
    };
    assert_eq!((written.entry.mood, written.reason), (None, None));
    assert!(written.entry.tags.is_empty() && written.entry.attachment_ids.is_empty() && !written.entry.private);
    assert!(!written.entry.draft && !written.entry.pinned && !written.entry.favourite);
    assert_eq!((written.entry.book_id, written.entry.place.as_ref()), (None, None));
    assert_eq!((written.entry.entry_time.as_deref(), written.entry.counted_since()), (None, written.entry.created_at));
    // A row of an earlier release has none.
    let null = json!({ "private": null, "draft": null, "pinned": null, "favourite": null });
    let null = changed(Kind::JournalEntryCreated, null);
    let Payload::JournalEntryCreated(written) = decode(Kind::JournalEntryCreated, &null) else { panic!("an entry") };
    assert!(!written.entry.private && !written.entry.draft && !written.entry.pinned && !written.entry.favourite);
    let mut payload: Value = serde_json::from_str(fixture(Kind::MoodRecorded)).unwrap();
    payload.as_object_mut().unwrap().remove("date");
    let Payload::MoodRecorded(mood) = decode(Kind::MoodRecorded, &payload.to_string()) else { panic!("a mood") };
    assert_eq!(mood.date, None);
    let stored = fixture(Kind::AIInsightsGenerated);
    let Payload::AIInsightsGenerated(insights) = decode(Kind::AIInsightsGenerated, stored) else { panic!("insights") };
    assert!(insights.insights.iter().all(|insight| insight.quotes.is_empty()));
}

#[test]
fn an_account_says_nothing_of_a_consent_that_was_never_spoken_of() {
    let stored = fixture(Kind::UserUpdated);
    let Payload::UserUpdated(account) = decode(Kind::UserUpdated, stored) else { panic!("an account") };
    assert_eq!((account.ai_consent, account.ai_consent_at), (None, None));
    let said = json!({ "aiConsent": false, "aiConsentAt": "2026-11-23T02:13:20.000001Z" });
    let Payload::UserUpdated(account) = decode(Kind::UserUpdated, &changed(Kind::UserUpdated, said)) else {
        panic!("an account")
    };
    assert_eq!((account.ai_consent, account.ai_consent_at), (Some(false), Some(Time(1_795_400_000_000_001))));
}

#[test]
fn insights_with_quotes_are_decoded_and_encoded_to_the_same_bytes() {
    let quoted = r#""kind":"pattern","quotes":[{"text":"Rain","start":0,"end":4}]}"#;
    let stored = fixture(Kind::AIInsightsGenerated).replace(r#""kind":"pattern"}"#, quoted);
    let payload = decode(Kind::AIInsightsGenerated, &stored);
    assert_eq!(payload.to_json().unwrap(), stored);
    let Payload::AIInsightsGenerated(insights) = payload else { panic!("insights") };
    assert_eq!(insights.insights[0].quotes, [Quote { text: "Rain".into(), start: 0, end: 4 }]);
}

#[test]
fn an_event_belongs_to_its_aggregate_and_its_user() {
    let id = |last: u8| format!("00000000-0000-0000-0000-00000000000{last}");
    for kind in Kind::ALL {
        let (aggregate, user) = match kind {
            Kind::AIAnalysisFailed | Kind::AIInsightsGenerated => ("analysis", Some(2)),
            Kind::AccountMailRequested => ("account-mail", Some(7)),
            Kind::JournalCreated | Kind::JournalDeleted | Kind::JournalRenamed => ("book", Some(2)),
            Kind::JournalDraftSaved
            | Kind::JournalEntryCreated
            | Kind::JournalEntryDeleted
            | Kind::JournalEntryUpdated => ("entry", Some(2)),
            Kind::MoodRecorded | Kind::MoodTakenBack => ("mood", Some(2)),
            Kind::TagCreated | Kind::TagDeleted | Kind::TagRenamed => ("tag", Some(2)),
            Kind::MailRequested | Kind::NotificationRequested | Kind::PushRequested | Kind::WebhookRequested => {
                ("send", None)
            }
            Kind::AccountDeletionCancelled
            | Kind::AccountDeletionRequested
            | Kind::CredentialsChanged
            | Kind::UserLoggedIn
            | Kind::UserRegistered
            | Kind::UserUpdated => ("user", Some(7)),
            Kind::AccountErased | Kind::JournalEntryPurged | Kind::KeysDestroyed => ("erasure", Some(7)),
            Kind::ErasureCompleted => ("erasure-report", Some(7)),
        };
        let of = match aggregate {
            "user" => 7,
            "send" => 9,
            "erasure" | "erasure-report" => 5,
            _ => 1,
        };
        let part = if aggregate == "erasure-report" { "/query" } else { "" };
        let payload = decode(*kind, fixture(*kind));
        assert_eq!(payload.partition_key(), format!("{aggregate}:{}{part}", id(of)));
        assert_eq!(payload.user_id().map(|user| user.to_string()), user.map(id));
    }
}

#[test]
fn an_erasure_says_whose_it_is_and_which_pass() {
    let of = |kind| decode(kind, fixture(kind)).erasure();
    let id = Uuid::from_u128;
    let account = Erasure { id: id(5), user_id: id(7), entry_id: None, pass: FIRST_PASS };
    assert_eq!(of(Kind::AccountErased), Some(account));
    assert_eq!(of(Kind::JournalEntryPurged), Some(Erasure { entry_id: Some(id(1)), ..account }));
    assert_eq!(of(Kind::KeysDestroyed), Some(Erasure { pass: LAST_PASS, ..account }));
    let of_an_entry = changed(Kind::KeysDestroyed, json!({ "journalId": id(1) }));
    let destroyed = decode(Kind::KeysDestroyed, &of_an_entry).erasure();
    assert_eq!(destroyed, Some(Erasure { entry_id: Some(id(1)), pass: LAST_PASS, ..account }));
    assert_eq!(of(Kind::JournalEntryDeleted), None);
}

#[test]
fn a_text_that_does_not_fit_is_named_with_its_field() {
    for (kind, changes, text) in [
        (Kind::JournalEntryCreated, json!({ "mood": "GLAD" }), "payload of JournalEntryCreated: `mood` is \"GLAD\""),
        (
            Kind::JournalEntryUpdated,
            json!({ "journalId": "7" }),
            "payload of JournalEntryUpdated: `journalId` is \"7\"",
        ),
        (Kind::MoodRecorded, json!({ "at": "now" }), "payload of MoodRecorded: `at` is \"now\""),
        (
            Kind::JournalEntryCreated,
            json!({ "tags": [{ "id": "x", "name": "y" }] }),
            "payload of JournalEntryCreated: `tags[0].id` is \"x\"",
        ),
    ] {
        let error = refusal(kind, &changed(kind, changes));
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn another_shape_is_described() {
    for (kind, json, text) in [
        (Kind::TagCreated, "[]".to_owned(), "payload of TagCreated 1.0: "),
        (Kind::TagCreated, "no JSON".to_owned(), "payload of TagCreated 1.0: expected ident"),
        (Kind::TagCreated, "{}".to_owned(), "payload of TagCreated 1.0: missing field `tagId`"),
        (
            Kind::JournalEntryCreated,
            changed(Kind::JournalEntryCreated, json!({ "version": -1 })),
            "payload of JournalEntryCreated 1.0: `version`: invalid value: integer `-1`",
        ),
        (
            Kind::AIInsightsGenerated,
            changed(Kind::AIInsightsGenerated, json!({ "sentiment": 1.5 })),
            "AIInsightsGenerated: `sentiment` is \"1.5\"",
        ),
    ] {
        let error = refusal(kind, &json).to_string();
        assert!(error.starts_with(text), "{error}");
    }
}

#[test]
fn a_failure_is_one_word_everywhere() {
    use FailureReason::{InvalidRequest, NotFound, Refused, TooLarge, Unavailable};
    for failure in [Refused, InvalidRequest, NotFound, TooLarge, Unavailable] {
        assert_eq!(serde_json::to_value(failure).unwrap(), failure.word());
    }
}
