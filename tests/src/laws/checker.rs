//! The laws, as pure functions of a [`History`]: what Jepsen calls total-queue, and that the read side is what
//! the archive says. The fold here shares no code with the services.

use super::history::{Archived, EntryView, History, Outcome, ReadSide, Wish};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Whose sequences have no gaps: the only service that counts its aggregates' events one by one.
const GAPLESS: &str = "command";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    Lost,
    WrittenThoughRefused,
    WrittenTwice,
    NotDelivered,
    AppliedTwice,
    OutOfOrder,
    Gaps,
    WriteSide,
    ReadSide,
    Erased,
    LeftOver,
}

pub const LAWS: [(Law, &str); 11] = [
    (Law::Lost, "acknowledged writes that the archive does not have"),
    (Law::WrittenThoughRefused, "refused writes that the archive has"),
    (Law::WrittenTwice, "writes that the archive has twice"),
    (Law::NotDelivered, "archived events that the counter never applied"),
    (Law::AppliedTwice, "events applied more than once"),
    (Law::OutOfOrder, "events applied out of order within their entity"),
    (Law::Gaps, "gaps in the sequences of an aggregate"),
    (Law::WriteSide, "entries, moods and tags of the write side that differ from the archive"),
    (Law::ReadSide, "rows of the read side that differ from the fold of the archive"),
    (Law::Erased, "erasures that are not complete, and events of what was erased that can be read"),
    (Law::LeftOver, "events that were not delivered, or given up as dead letters"),
];

#[derive(Debug, Clone)]
pub struct Violation {
    pub law: Law,
    pub what: String,
}

/// What became of writes whose outcome no writer learnt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unknown {
    pub written: usize,
    pub not_written: usize,
}

pub fn unknown(history: &History) -> Unknown {
    let mut unknown = Unknown::default();
    let facts = facts(&history.archive);
    for write in history.writes.iter().filter(|write| write.outcome == Outcome::Unknown) {
        if facts.contains_key(&fact_of(&write.wish)) { unknown.written += 1 } else { unknown.not_written += 1 }
    }
    unknown
}

/// Every violation of every law; none is the proof. `wanted` are the types of events that the counter gets.
pub fn check(history: &History, wanted: &BTreeSet<String>) -> Vec<Violation> {
    let mut found = Vec::new();
    writes(history, &mut found);
    deliveries(history, wanted, &mut found);
    order(history, &mut found);
    gaps(history, &mut found);
    write_side(history, &mut found);
    read_side(history, &mut found);
    erased(history, &mut found);
    if history.undelivered != 0 || history.dead != 0 {
        let what = format!("{} not delivered, {} dead", history.undelivered, history.dead);
        found.push(Violation { law: Law::LeftOver, what });
    }
    found
}

/// What a wish, or an event, comes to: (type of event, mark or entry).
type Fact = (&'static str, String, String);

fn fact_of(wish: &Wish) -> Fact {
    match wish {
        Wish::Create { mark } => ("JournalEntryCreated", String::new(), mark.clone()),
        Wish::Update { entry, mark } => ("JournalEntryUpdated", entry.clone(), mark.clone()),
        Wish::Delete { entry } => ("JournalEntryDeleted", entry.clone(), String::new()),
        Wish::Mood { mark } => ("MoodRecorded", String::new(), mark.clone()),
        Wish::Tag { mark } => ("TagCreated", String::new(), mark.clone()),
        Wish::Draft { mark } => ("JournalDraftSaved", String::new(), mark.clone()),
        Wish::Publish { entry } => ("published", entry.clone(), String::new()),
        Wish::TakeBack { mood } => ("MoodTakenBack", mood.clone(), String::new()),
        Wish::EndTag { tag } => ("TagDeleted", tag.clone(), String::new()),
        Wish::Purge { entry } => ("JournalEntryPurged", entry.clone(), String::new()),
        Wish::Leave { user } => ("AccountErased", user.clone(), String::new()),
    }
}

fn facts(archive: &[Archived]) -> BTreeMap<Fact, usize> {
    let mut facts = BTreeMap::new();
    for event in archive.iter().filter(|event| !event.payload.is_null()) {
        let payload = |name: &str| text(&event.payload, name);
        let fact = match event.event_type.as_str() {
            "JournalDraftSaved" => ("JournalDraftSaved", String::new(), payload("title")),
            "JournalEntryCreated" if !payload("publishedAt").is_empty() => {
                ("published", payload("journalId"), String::new())
            }
            "JournalEntryCreated" => ("JournalEntryCreated", String::new(), payload("title")),
            "JournalEntryUpdated" => ("JournalEntryUpdated", payload("journalId"), payload("title")),
            "JournalEntryDeleted" => ("JournalEntryDeleted", payload("journalId"), String::new()),
            "MoodRecorded" => ("MoodRecorded", String::new(), payload("note")),
            "TagCreated" => ("TagCreated", String::new(), payload("name")),
            "MoodTakenBack" => ("MoodTakenBack", payload("moodId"), String::new()),
            "TagDeleted" => ("TagDeleted", payload("tagId"), String::new()),
            "JournalEntryPurged" => ("JournalEntryPurged", payload("journalId"), String::new()),
            "AccountErased" => ("AccountErased", payload("userId"), String::new()),
            _ => continue,
        };
        *facts.entry(fact).or_insert(0) += 1;
    }
    facts
}

fn writes(history: &History, found: &mut Vec<Violation>) {
    let facts = facts(&history.archive);
    for write in &history.writes {
        let times = facts.get(&fact_of(&write.wish)).copied().unwrap_or(0);
        let law = match (write.outcome, times) {
            (Outcome::Ok, 0) => Law::Lost,
            (Outcome::Failed, 1..) => Law::WrittenThoughRefused,
            (_, 2..) => Law::WrittenTwice,
            _ => continue,
        };
        found.push(Violation { law, what: format!("{:?}: {times} times in the archive", write.wish) });
    }
}

fn deliveries(history: &History, wanted: &BTreeSet<String>, found: &mut Vec<Violation>) {
    for event in history.archive.iter().filter(|event| wanted.contains(&event.event_type)) {
        match history.counted.get(&event.event_id).copied().unwrap_or(0) {
            // What was erased before it came goes to no handler.
            0 if event.payload.is_null() => {}
            0 => found.push(Violation { law: Law::NotDelivered, what: name(event) }),
            1 => {}
            times => found.push(Violation { law: Law::AppliedTwice, what: format!("{}: {times} times", name(event)) }),
        }
    }
    // The log is written with the count, and must say the same.
    let mut seen = BTreeSet::new();
    for line in &history.log {
        if !seen.insert((&line.subscription, &line.event_id)) {
            found.push(Violation { law: Law::AppliedTwice, what: format!("{line:?} is in the log twice") });
        }
    }
}

fn order(history: &History, found: &mut Vec<Violation>) {
    let positions: BTreeMap<&str, i64> =
        history.archive.iter().map(|event| (event.event_id.as_str(), event.position)).collect();
    let mut last: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
    for line in &history.log {
        let Some(position) = positions.get(line.event_id.as_str()).copied() else {
            found.push(Violation { law: Law::OutOfOrder, what: format!("{line:?} is not in the archive") });
            continue;
        };
        let of = (line.subscription.as_str(), line.key.as_str());
        if let Some((sequence, before)) = last.insert(of, (line.sequence, position))
            && (sequence > line.sequence || before > position)
        {
            found.push(Violation { law: Law::OutOfOrder, what: format!("{line:?} came after sequence {sequence}") });
        }
    }
}

fn gaps(history: &History, found: &mut Vec<Violation>) {
    let mut next: BTreeMap<&str, i64> = BTreeMap::new();
    for event in history.archive.iter().filter(|event| event.component == GAPLESS) {
        let expected = next.entry(&event.key).or_insert(1);
        if event.sequence != *expected {
            found.push(Violation { law: Law::Gaps, what: format!("{}: {expected} was expected", name(event)) });
        }
        *expected = event.sequence + 1;
    }
}

/// Of what was erased nothing can be read, and the views and tables have none of it, as the fold says.
fn erased(history: &History, found: &mut Vec<Violation>) {
    if history.erasing != 0 {
        found.push(Violation { law: Law::Erased, what: format!("{} are not complete", history.erasing) });
    }
    let gone = |event_type: &str, member: &str| -> BTreeSet<String> {
        let of = history.archive.iter().filter(|event| event.event_type == event_type);
        of.map(|event| text(&event.payload, member)).collect()
    };
    let (users, entries) = (gone("AccountErased", "userId"), gone("JournalEntryPurged", "journalId"));
    for event in history.archive.iter().filter(|event| !event.payload.is_null()) {
        let Some(under) = &event.under else { continue };
        let is_of_user = event.user.as_ref().is_some_and(|user| users.contains(user));
        if is_of_user || under.strip_prefix("entry:").is_some_and(|entry| entries.contains(entry)) {
            found.push(Violation { law: Law::Erased, what: format!("{} can be read", name(event)) });
        }
    }
}

fn write_side(history: &History, found: &mut Vec<Violation>) {
    let folded = fold(&history.archive);
    let entries = |entries: &BTreeMap<String, EntryView>| {
        entries.iter().map(|(id, entry)| (id.clone(), (entry.sequence, entry.deleted))).collect::<BTreeMap<_, _>>()
    };
    let there = history.write_side.entries.iter().map(|(id, row)| (id.clone(), (row.0, row.1))).collect();
    differences(Law::WriteSide, "entry", &entries(&folded.entries), &there, found);
    for (id, (_, deleted, title)) in &history.write_side.entries {
        let archived = folded.entries.get(id).and_then(|entry| entry.title.as_ref());
        if !deleted && archived != Some(title) {
            found.push(Violation { law: Law::WriteSide, what: format!("entry {id}: {title:?} is not {archived:?}") });
        }
    }
    let ids = |ids: Vec<&String>| ids.into_iter().map(|id| (id.clone(), ())).collect::<BTreeMap<_, _>>();
    let of_set = |set: &BTreeSet<String>| set.iter().map(|id| (id.clone(), ())).collect::<BTreeMap<_, _>>();
    let moods = ids(folded.moods.keys().collect());
    differences(Law::WriteSide, "mood", &moods, &of_set(&history.write_side.moods), found);
    let tags = ids(folded.tags.keys().collect());
    differences(Law::WriteSide, "tag", &tags, &of_set(&history.write_side.tags), found);
}

fn read_side(history: &History, found: &mut Vec<Violation>) {
    let (folded, there) = (fold(&history.archive), &history.read_side);
    differences(Law::ReadSide, "entry", &folded.entries, &there.entries, found);
    differences(Law::ReadSide, "mood", &folded.moods, &there.moods, found);
    differences(Law::ReadSide, "tag", &folded.tags, &there.tags, found);
    differences(Law::ReadSide, "user", &folded.users, &there.users, found);
}

fn differences<T: PartialEq + std::fmt::Debug>(
    law: Law,
    kind: &str,
    expected: &BTreeMap<String, T>,
    there: &BTreeMap<String, T>,
    found: &mut Vec<Violation>,
) {
    for id in expected.keys().chain(there.keys()).collect::<BTreeSet<_>>() {
        if expected.get(id) != there.get(id) {
            let what = format!("{kind} {id}: {:?} is not {:?}", there.get(id), expected.get(id));
            found.push(Violation { law, what });
        }
    }
}

/// What readers must see once every event has come: of each entity, what its last event in the archive said.
pub fn fold(archive: &[Archived]) -> ReadSide {
    let mut side = ReadSide::default();
    for event in archive.iter().filter(|event| !event.payload.is_null()) {
        let payload = &event.payload;
        match event.event_type.as_str() {
            "UserRegistered" | "UserUpdated" => {
                side.users.insert(text(payload, "userId"), (text(payload, "email"), event.sequence));
            }
            "TagCreated" | "TagRenamed" => {
                side.tags.insert(text(payload, "tagId"), text(payload, "name"));
            }
            "MoodRecorded" => {
                let mood = (text(payload, "mood"), optional(payload, "note"));
                side.moods.insert(text(payload, "moodId"), mood);
            }
            "MoodTakenBack" => {
                side.moods.remove(&text(payload, "moodId"));
            }
            "TagDeleted" => {
                side.tags.remove(&text(payload, "tagId"));
            }
            "JournalDraftSaved" | "JournalEntryCreated" | "JournalEntryUpdated" => {
                let is_draft = event.event_type == "JournalDraftSaved";
                // Those of a draft are not counted.
                let tags = payload.get("tags").and_then(Value::as_array).filter(|_| !is_draft).into_iter().flatten();
                let view = EntryView {
                    sequence: event.sequence,
                    version: number(payload, "version"),
                    deleted: false,
                    title: optional(payload, "title"),
                    content: optional(payload, "content"),
                    mood: optional(payload, "mood"),
                    tags: tags.map(|tag| text(tag, "id")).collect(),
                };
                side.entries.insert(text(payload, "journalId"), view);
            }
            "JournalEntryDeleted" => {
                let (sequence, version) = (event.sequence, number(payload, "version"));
                let view = EntryView { sequence, version, deleted: true, ..EntryView::default() };
                side.entries.insert(text(payload, "journalId"), view);
            }
            "JournalEntryPurged" => {
                side.entries.remove(&text(payload, "journalId"));
            }
            _ => {}
        }
    }
    side
}

fn name(event: &Archived) -> String {
    format!("{} {} ({} {})", event.event_type, event.event_id, event.key, event.sequence)
}

fn optional(payload: &Value, name: &str) -> Option<String> {
    payload.get(name).and_then(Value::as_str).map(ToOwned::to_owned)
}

fn text(payload: &Value, name: &str) -> String {
    optional(payload, name).unwrap_or_default()
}

fn number(payload: &Value, name: &str) -> i64 {
    payload.get(name).and_then(Value::as_i64).unwrap_or_default()
}

#[cfg(test)]
mod tests;
