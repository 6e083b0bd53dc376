//! What a reader hands out and how far its cursors are, without a store.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

use super::reader::{LogPosition, Range, Read, Reader};
use crate::delivery::queue::Leased;
use crate::event::{Event, Metadata};

const LEASE: Duration = Duration::from_secs(10);

fn read(ordinal: i64, slot: i16, key: &str) -> Read {
    let event = Event {
        event_id: Uuid::from_u128(ordinal.unsigned_abs().into()),
        event_type: "A".to_owned(),
        version: "1.0".to_owned(),
        timestamp: Timestamp::UNIX_EPOCH,
        source: "test".to_owned(),
        correlation_id: String::new(),
        traceparent: None,
        sequence: 1,
        partition_key: key.to_owned(),
        metadata: Metadata::default(),
        payload: serde_json::Map::new(),
    };
    Read { place: LogPosition { ordinal, position: 1_000 + ordinal, slot }, event: Arc::new(event) }
}

/// A reader of the slots 0 and 1 that has read `events` to the end.
fn reader(events: Vec<Read>) -> Reader {
    let mut reader = Reader::default();
    reader.take(0, 0, &[]);
    reader.take(1, 0, &[]);
    let last = events.iter().map(|read| read.place.ordinal).max().unwrap_or(0);
    reader.set_tip(last);
    let range = reader.range().unwrap();
    reader.advance(&range, events, last);
    reader
}

fn hand_out(reader: &mut Reader, max: usize) -> Vec<Leased> {
    let chosen = reader.choose(max);
    reader.hand_out(&chosen, now() + LEASE, token)
}

#[expect(clippy::disallowed_methods, reason = "any moment will do")]
fn now() -> Instant {
    Instant::now()
}

/// Never the same twice in a test.
fn token() -> Uuid {
    thread_local!(static LAST: Cell<u128> = const { Cell::new(0) });
    Uuid::from_u128(LAST.replace(LAST.get() + 1))
}

fn keys(leased: &[Leased]) -> Vec<&str> {
    leased.iter().map(|leased| leased.event.partition_key.as_str()).collect()
}

#[test]
fn of_each_key_one_event_is_out_and_the_next_follows_when_it_is_done() {
    let mut reader = reader(vec![read(1, 0, "a"), read(2, 0, "a"), read(3, 1, "b")]);
    let out = hand_out(&mut reader, 10);
    assert_eq!(keys(&out), ["a", "b"]);
    assert!(reader.choose(10).is_empty());
    assert!(reader.acknowledge(&out[0].receipt));
    assert!(!reader.acknowledge(&out[0].receipt), "once");
    assert_eq!(keys(&hand_out(&mut reader, 10)), ["a"]);
}

#[test]
fn a_cursor_moves_behind_the_first_event_that_is_not_done() {
    let mut reader = reader(vec![read(1, 0, "a"), read(2, 0, "b"), read(3, 0, "c"), read(7, 1, "d")]);
    let out = hand_out(&mut reader, 10);
    assert_eq!(reader.progress(), (vec![1], vec![6]), "nothing of slot 1 is before the seventh");
    assert!(reader.acknowledge(&out[1].receipt));
    assert_eq!(reader.progress(), (vec![1], vec![6]), "the first of slot 0 is still out");
    assert!(reader.acknowledge(&out[0].receipt));
    assert_eq!(reader.progress(), (vec![0, 1], vec![2, 6]));
    reader.written(&[0, 1], &[2, 6]);
    assert!(reader.acknowledge(&out[2].receipt) && reader.acknowledge(&out[3].receipt));
    assert_eq!(reader.progress(), (vec![0, 1], vec![7, 7]));
}

#[test]
fn an_event_that_failed_takes_what_was_read_of_its_key_along_and_no_other() {
    let mut reader = reader(vec![read(1, 0, "a"), read(2, 0, "b"), read(3, 0, "a"), read(4, 0, "a")]);
    let out = hand_out(&mut reader, 1);
    let line = reader.line_of(out[0].receipt.token);
    assert_eq!(line.iter().map(|place| place.ordinal).collect::<Vec<_>>(), [1, 3, 4]);
    reader.parked(out[0].receipt.token, &line);
    assert_eq!(reader.open(), 1);
    assert_eq!(keys(&hand_out(&mut reader, 10)), ["b"]);
}

#[test]
fn what_is_known_of_a_lost_slot_goes_with_it() {
    let mut reader = reader(vec![read(1, 0, "a"), read(2, 1, "b"), read(3, 0, "c")]);
    let out = hand_out(&mut reader, 2);
    reader.retain(&[1]);
    assert!(!reader.owns(0) && !reader.acknowledge(&out[0].receipt), "it is another replica's");
    assert!(reader.acknowledge(&out[1].receipt));
    assert_eq!(reader.open(), 0);
    reader.take(0, 1, &[1_003]);
    let Range { slots, after, up_to } = reader.range().unwrap();
    assert_eq!((slots, after, up_to), (vec![0], 1, 3), "it is read up to where the other slot is");
    let range = reader.range().unwrap();
    reader.advance(&range, vec![read(3, 0, "c")], 3);
    assert!(reader.choose(10).is_empty(), "the event of position 1003 is a row");
    assert_eq!(reader.progress(), (vec![0, 1], vec![3, 3]));
}

#[test]
fn a_key_with_many_events_behind_a_slow_handler_does_not_stop_reading() {
    let mut reader = reader((1..=400).map(|ordinal| read(ordinal, 0, "hot")).collect());
    assert!(reader.range().is_none(), "enough can be handed out");
    assert_eq!(hand_out(&mut reader, 10).len(), 1);
    let range = reader.range().expect("nothing of the key can be handed out, so others are read");
    reader.set_tip(401);
    reader.advance(&range, vec![read(401, 0, "other")], 401);
    assert_eq!(keys(&hand_out(&mut reader, 10)), ["other"]);
}

#[test]
fn slots_beyond_the_share_are_free_when_nothing_of_them_is_out() {
    let mut reader = reader(vec![read(1, 1, "a"), read(2, 1, "b")]);
    let out = hand_out(&mut reader, 1);
    assert!(reader.close_beyond(1).is_empty());
    assert!(reader.choose(10).is_empty(), "nothing more of a closing slot is handed out");
    assert!(reader.acknowledge(&out[0].receipt));
    assert_eq!(reader.close_beyond(1), [1]);
    assert!(reader.close_beyond(2).is_empty());
    assert_eq!(reader.choose(10).len(), 1);
}

#[test]
fn what_was_overtaken_is_named_when_slots_are_given_up_and_what_comes_after_the_last_done_is_not() {
    let mut reader = reader(vec![read(1, 0, "a"), read(2, 0, "a"), read(3, 0, "b"), read(4, 0, "b"), read(5, 1, "c")]);
    let out = hand_out(&mut reader, 2);
    assert_eq!(keys(&out), ["a", "b"]);
    out.iter().for_each(|leased| assert!(reader.acknowledge(&leased.receipt)));
    let overtaken = reader.overtaken(&[0, 1]);
    assert_eq!(overtaken.iter().map(|place| place.ordinal).collect::<Vec<_>>(), [2]);
    reader.passed_over(&overtaken);
    assert_eq!(reader.progress(), (vec![0, 1], vec![3, 4]));
}
