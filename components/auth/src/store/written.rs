//! What users have written in the last seconds, under `written:{user id}` in the bucket of the sessions, so that the look at a
//! session brings it along. Reads wait until the views have applied it. By user and not by session: what was written on one
//! device is there on the other.

use mindflow_guest::{
    call::Error,
    journal::Mark,
    key_value::{Bucket, Condition, Entry, PutOutcome},
};
use std::fmt::Write;
use uuid::Uuid;

/// Reads wait for a write for so long at most: 25 times what the read side needs. After that they show what is
/// there, until the read side has caught up.
const WAIT_MS: u64 = 5_000;
const WAIT_US: i64 = 5_000_000;
/// Of a user who writes on and on, the newest are waited for: the older ones were published before them. 4 KiB, which each of the
/// user's requests reads.
const NOTED_MAX: usize = 64;
/// How often a value that others change at the same moment is looked at again. Each round, one of them is done.
const ATTEMPTS_MAX: u32 = 32;

/// What a user has written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub marks: Vec<Mark>,
    /// In microseconds since 1970-01-01T00:00:00Z. Nothing waits for longer.
    pub until_us: i64,
}

/// An event that was written, and until when reads wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Noted {
    aggregate: String,
    sequence: u64,
    until_us: i64,
}

pub fn key(user_id: Uuid) -> String {
    format!("written:{user_id}")
}

/// What reads still wait for.
pub fn read(entry: Option<Entry>, now_us: i64) -> Option<Written> {
    let noted = noted(&entry?, now_us);
    let until_us = noted.iter().map(|noted| noted.until_us).max()?;
    let marks = noted.into_iter().map(|Noted { aggregate, sequence, .. }| Mark { aggregate, sequence }).collect();
    Some(Written { marks, until_us })
}

/// Adds to it, also while others do.
pub async fn note(bucket: &Bucket, user_id: Uuid, marks: &[Mark], now_us: i64) -> Result<(), Error> {
    let (mut held, mut condition) = (Vec::new(), Condition::IfAbsent);
    for _ in 0..ATTEMPTS_MAX {
        let value = write(&with(held, marks, now_us));
        match bucket.put(key(user_id), value, Some(WAIT_MS), condition).await? {
            PutOutcome::Stored(_) => return Ok(()),
            PutOutcome::Stale(Some(entry)) => {
                held = noted(&entry, now_us);
                condition = Condition::IfVersion(entry.version);
            }
            PutOutcome::Stale(None) => (held, condition) = (Vec::new(), Condition::IfAbsent),
        }
    }
    Err(Error::Unavailable("what the user writes is being noted by others".into()))
}

/// A line each, which is read faster than JSON.
fn write(noted: &[Noted]) -> Vec<u8> {
    let mut text = String::new();
    for Noted { aggregate, sequence, until_us } in noted {
        // Writing into a text does not fail.
        let _ = writeln!(text, "{until_us} {sequence} {aggregate}");
    }
    text.into_bytes()
}

/// Those whose time is not over. What another version wrote otherwise is left out: it only would make a read wait.
fn noted(entry: &Entry, now_us: i64) -> Vec<Noted> {
    let line = |line: &str| {
        let (until, rest) = line.split_once(' ')?;
        let (sequence, aggregate) = rest.split_once(' ')?;
        let (until_us, sequence) = (until.parse().ok()?, sequence.parse().ok()?);
        Some(Noted { aggregate: aggregate.to_owned(), sequence, until_us }).filter(|_| until_us > now_us)
    };
    std::str::from_utf8(&entry.value).unwrap_or_default().lines().filter_map(line).collect()
}

/// With the new ones, which are waited for from now on. One of each aggregate, and of many the newest.
fn with(held: Vec<Noted>, marks: &[Mark], now_us: i64) -> Vec<Noted> {
    let mut noted = held;
    for mark in marks {
        let before = noted.iter().position(|noted| noted.aggregate == mark.aggregate).map(|at| noted.remove(at));
        let sequence = before.map_or(0, |noted| noted.sequence).max(mark.sequence);
        noted.push(Noted { aggregate: mark.aggregate.clone(), sequence, until_us: now_us.saturating_add(WAIT_US) });
    }
    noted.split_off(noted.len().saturating_sub(NOTED_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(noted: &[Noted]) -> Entry {
        Entry { value: write(noted), version: 1 }
    }

    fn marks(noted: &[Noted], now_us: i64) -> Vec<Mark> {
        read(Some(entry(noted)), now_us).map_or_else(Vec::new, |written| written.marks)
    }

    #[test]
    fn a_write_is_waited_for_five_seconds_and_a_later_one_of_the_same_for_its_own_five() {
        let first = with(Vec::new(), &[Mark::entry(1, 1), Mark::tag(2, 1)], 0);
        assert_eq!(read(Some(entry(&first)), 0).unwrap().until_us, WAIT_US);
        let second = with(noted(&entry(&first), 3_000_000), &[Mark::entry(1, 2)], 3_000_000);
        assert_eq!(marks(&second, 4_000_000), [Mark::tag(2, 1), Mark::entry(1, 2)]);
        assert_eq!(marks(&second, WAIT_US), [Mark::entry(1, 2)]);
        assert_eq!(marks(&second, 3_000_000 + WAIT_US), []);
        assert_eq!(read(None, 0), None);
    }

    #[test]
    fn an_older_event_takes_nothing_back() {
        let noted = with(with(Vec::new(), &[Mark::user(1, 5)], 0), &[Mark::user(1, 4)], 0);
        assert_eq!(marks(&noted, 1), [Mark::user(1, 5)]);
    }

    #[test]
    fn of_many_writes_the_newest_are_waited_for() {
        let many: Vec<Mark> = (0..150).map(|id| Mark::entry(id, 1)).collect();
        let noted = with(Vec::new(), &many, 0);
        assert_eq!(noted.len(), NOTED_MAX);
        assert_eq!(marks(&noted, 1).last(), many.last());
    }

    #[test]
    fn a_value_of_another_version_is_not_waited_for() {
        for odd in ["{\"odd\":true}", "7 x entry:1", "\n \n"] {
            assert_eq!(read(Some(Entry { value: odd.into(), version: 1 }), 0), None, "{odd}");
        }
    }
}
