//! A checker that cannot fail proves nothing: each law is broken once, and must be named alone.

use super::*;
use crate::laws::history::{Logged, Write, WriteSide};
use serde_json::json;

fn event(position: i64, event_type: &str, key: &str, sequence: i64, payload: Value) -> Archived {
    Archived {
        position,
        event_id: format!("e{position}"),
        event_type: event_type.into(),
        component: "command".into(),
        key: key.into(),
        sequence,
        payload,
        user: Some("ada".into()),
        under: Some(key.into()),
    }
}

/// An entry created, changed and, a second one, created and deleted; a mood and a tag. All is well.
fn good() -> History {
    let entry = |id: &str, title: &str, version: i64| json!({ "journalId": id, "title": title, "content": "c", "mood": "CALM", "version": version, "tags": [{ "id": "t", "name": "tag" }] });
    let archive = vec![
        event(1, "TagCreated", "tag:t", 1, json!({ "tagId": "t", "name": "tag" })),
        event(2, "JournalEntryCreated", "entry:a", 1, entry("a", "one", 1)),
        event(3, "JournalEntryCreated", "entry:b", 1, entry("b", "two", 1)),
        event(4, "JournalEntryUpdated", "entry:a", 2, entry("a", "three", 2)),
        event(5, "JournalEntryDeleted", "entry:b", 2, json!({ "journalId": "b", "version": 2 })),
        event(6, "MoodRecorded", "mood:m", 1, json!({ "moodId": "m", "mood": "CALM", "note": "four" })),
    ];
    let ok = |wish| Write { wish, outcome: Outcome::Ok };
    let mark = |mark: &str| mark.to_owned();
    let log = archive.iter().map(|event| Logged {
        subscription: "counter".into(),
        key: event.key.clone(),
        sequence: event.sequence,
        event_id: event.event_id.clone(),
    });
    History {
        writes: vec![
            ok(Wish::Tag { mark: mark("tag") }),
            ok(Wish::Create { mark: mark("one") }),
            ok(Wish::Create { mark: mark("two") }),
            Write { wish: Wish::Update { entry: "a".into(), mark: mark("three") }, outcome: Outcome::Unknown },
            ok(Wish::Delete { entry: "b".into() }),
            ok(Wish::Mood { mark: mark("four") }),
            Write { wish: Wish::Create { mark: mark("never") }, outcome: Outcome::Unknown },
            Write { wish: Wish::Create { mark: mark("refused") }, outcome: Outcome::Failed },
        ],
        counted: archive.iter().map(|event| (event.event_id.clone(), 1)).collect(),
        log: log.collect(),
        read_side: fold(&archive),
        write_side: WriteSide {
            entries: [("a".into(), (2, false, "three".into())), ("b".into(), (2, true, "two".into()))].into(),
            moods: ["m".to_owned()].into(),
            tags: ["t".to_owned()].into(),
        },
        archive,
        erasing: 0,
        dead: 0,
        undelivered: 0,
    }
}

#[track_caller]
fn broken(change: impl FnOnce(&mut History)) -> BTreeSet<Law> {
    let mut history = good();
    change(&mut history);
    let wanted = history.archive.iter().map(|event| event.event_type.clone()).collect();
    check(&history, &wanted).into_iter().map(|violation| violation.law).collect()
}

#[test]
fn a_good_history_breaks_no_law_and_shows_what_became_of_unknown_writes() {
    assert_eq!(broken(|_| {}), [].into());
    assert_eq!(unknown(&good()), Unknown { written: 1, not_written: 1 });
}

#[test]
fn an_acknowledged_write_without_its_event_is_lost() {
    let wish = Wish::Create { mark: "gone".into() };
    assert_eq!(broken(|history| history.writes.push(Write { wish, outcome: Outcome::Ok })), [Law::Lost].into());
    let wish = Wish::Update { entry: "b".into(), mark: "three".into() };
    assert_eq!(broken(|history| history.writes.push(Write { wish, outcome: Outcome::Ok })), [Law::Lost].into());
}

#[test]
fn a_refused_write_that_is_there_is_seen() {
    assert_eq!(broken(|history| history.writes[1].outcome = Outcome::Failed), [Law::WrittenThoughRefused].into());
}

#[test]
fn one_creation_that_made_two_entries_is_seen() {
    let laws = broken(|history| {
        history.archive[2].payload["title"] = json!("one");
        history.writes.remove(2);
    });
    assert!(laws.contains(&Law::WrittenTwice), "{laws:?}");
}

#[test]
fn an_event_that_never_came_is_seen() {
    let laws = broken(|history| {
        history.counted.remove("e4");
        history.log.remove(3);
    });
    assert_eq!(laws, [Law::NotDelivered].into());
}

#[test]
fn an_event_applied_twice_is_seen_by_the_count_and_by_the_log() {
    assert_eq!(broken(|history| *history.counted.get_mut("e2").unwrap() = 2), [Law::AppliedTwice].into());
    let again = |history: &mut History| history.log.push(history.log[5].clone());
    assert_eq!(broken(again), [Law::AppliedTwice].into());
}

#[test]
fn two_events_of_one_entity_the_wrong_way_round_are_seen_and_of_two_entities_are_not() {
    assert_eq!(broken(|history| history.log.swap(1, 3)), [Law::OutOfOrder].into());
    assert_eq!(broken(|history| history.log.swap(1, 2)), [].into());
}

#[test]
fn an_applied_event_that_the_archive_does_not_have_is_seen() {
    assert_eq!(broken(|history| history.log[0].event_id = "unknown".into()), [Law::OutOfOrder].into());
}

#[test]
fn a_hole_in_an_aggregate_is_seen() {
    let laws = broken(|history| {
        history.archive[3].sequence = 3;
        history.log[3].sequence = 3;
        history.write_side.entries.get_mut("a").unwrap().0 = 3;
        history.read_side = fold(&history.archive);
    });
    assert_eq!(laws, [Law::Gaps].into());
}

#[test]
fn a_write_without_its_event_is_seen_on_the_write_side() {
    let extra = |history: &mut History| {
        history.write_side.entries.insert("c".into(), (1, false, "without an event".into()));
    };
    assert_eq!(broken(extra), [Law::WriteSide].into());
    let stale = |history: &mut History| history.write_side.entries.get_mut("a").unwrap().2 = "one".into();
    assert_eq!(broken(stale), [Law::WriteSide].into());
    assert_eq!(broken(|history| assert!(history.write_side.moods.remove("m"))), [Law::WriteSide].into());
}

#[test]
fn a_stale_a_missing_and_a_surplus_row_of_the_read_side_are_seen() {
    let stale = |history: &mut History| history.read_side.entries.get_mut("a").unwrap().title = Some("one".into());
    assert_eq!(broken(stale), [Law::ReadSide].into());
    assert_eq!(broken(|history| drop(history.read_side.moods.remove("m"))), [Law::ReadSide].into());
    let risen = |history: &mut History| history.read_side.entries.get_mut("b").unwrap().deleted = false;
    assert_eq!(broken(risen), [Law::ReadSide].into());
    let untagged = |history: &mut History| history.read_side.entries.get_mut("a").unwrap().tags.clear();
    assert_eq!(broken(untagged), [Law::ReadSide].into());
    let surplus = |history: &mut History| drop(history.read_side.tags.insert("x".into(), "x".into()));
    assert_eq!(broken(surplus), [Law::ReadSide].into());
}

#[test]
fn a_draft_is_an_entry_once_it_is_published_and_what_was_taken_back_is_gone() {
    let later = |history: &mut History| {
        let draft = |published: Value| json!({ "journalId": "d", "title": "five", "version": 1, "tags": [{ "id": "t" }], "publishedAt": published });
        for further in [
            event(7, "JournalDraftSaved", "entry:d", 1, draft(Value::Null)),
            event(8, "JournalEntryCreated", "entry:d", 2, draft(json!("2026-11-30T10:00:00Z"))),
            event(9, "MoodTakenBack", "mood:m", 2, json!({ "moodId": "m" })),
            event(10, "TagDeleted", "tag:t", 2, json!({ "tagId": "t" })),
        ] {
            history.counted.insert(further.event_id.clone(), 1);
            history.archive.push(further);
        }
        history.write_side.entries.insert("d".into(), (2, false, "five".into()));
        history.write_side.moods.clear();
        history.write_side.tags.clear();
        history.read_side = fold(&history.archive);
        for wish in [
            Wish::Draft { mark: "five".into() },
            Wish::Publish { entry: "d".into() },
            Wish::TakeBack { mood: "m".into() },
            Wish::EndTag { tag: "t".into() },
        ] {
            history.writes.push(Write { wish, outcome: Outcome::Ok });
        }
    };
    assert_eq!(broken(later), [].into());
    let lost = |history: &mut History| {
        later(history);
        history.archive[7].payload["publishedAt"] = Value::Null;
    };
    assert_eq!(broken(lost), [Law::Lost].into(), "it was published, and no event says so");
    let kept = |history: &mut History| {
        later(history);
        history.read_side.moods = fold(&history.archive[..8]).moods;
    };
    assert_eq!(broken(kept), [Law::ReadSide].into());
    let mut history = good();
    later(&mut history);
    let tags = |events: usize| fold(&history.archive[..events]).entries["d"].tags.len();
    assert_eq!((tags(7), tags(8)), (0, 1), "those of a draft are not counted");
}

/// As after a purge of the entry `b`, which has taken the payloads of its events, and whose last one came to no handler.
fn purge(history: &mut History) {
    let purged = Archived {
        under: None,
        ..event(7, "JournalEntryPurged", "erasure:x", 1, json!({ "journalId": "b", "userId": "ada" }))
    };
    history.counted.insert(purged.event_id.clone(), 1);
    history.archive.push(purged);
    for at in [2, 4] {
        history.archive[at].payload = Value::Null;
    }
    history.counted.remove("e5");
    history.log.remove(4);
    history.write_side.entries.remove("b");
    history.read_side = fold(&history.archive);
    // What is gone says of no write any more that it was made.
    history.writes.retain(|write| {
        !matches!(&write.wish, Wish::Create { mark } if mark == "two") && !matches!(&write.wish, Wish::Delete { .. })
    });
    history.writes.push(Write { wish: Wish::Purge { entry: "b".into() }, outcome: Outcome::Ok });
}

#[test]
fn what_of_an_erased_entry_or_user_can_be_read_is_seen() {
    assert_eq!(broken(purge), [].into());
    let readable = |history: &mut History| {
        purge(history);
        let mut kept = event(8, "AIInsightsGenerated", "analysis:b", 1, json!({ "journalId": "b" }));
        kept.under = Some("entry:b".into());
        history.counted.insert(kept.event_id.clone(), 1);
        history.archive.push(kept);
    };
    assert_eq!(broken(readable), [Law::Erased].into());
    let gone = |history: &mut History| {
        let erased = Archived { under: None, ..event(7, "AccountErased", "erasure:x", 1, json!({ "userId": "ada" })) };
        history.counted.insert(erased.event_id.clone(), 1);
        history.archive.push(erased);
    };
    assert_eq!(broken(gone), [Law::Erased].into());
    assert_eq!(broken(|history| history.erasing = 1), [Law::Erased].into());
    let kept = |history: &mut History| {
        purge(history);
        history.read_side.entries.insert("b".into(), EntryView::default());
    };
    assert_eq!(broken(kept), [Law::ReadSide].into());
}

#[test]
fn a_dead_letter_and_an_event_that_was_never_relayed_are_seen() {
    assert_eq!(broken(|history| history.dead = 1), [Law::LeftOver].into());
    assert_eq!(broken(|history| history.undelivered = 1), [Law::LeftOver].into());
}
