//! Goal: an operator finds what was logged, and nothing older than is wanted. Method: the same stories on each back
//! end, on a store of its own.

mod stage;

use mindflow_backends::records::logs::{BATCH_MAX, Filter, Level, Line, LogStore};
use serde_json::{Value, json};
use stage::Stage;
use uuid::Uuid;

on_every_back_end! {
    [Stage.store]: postgres, mongodb;
    a_line_comes_back_as_it_was_logged,
    filters_choose_by_request_component_level_and_time,
    the_newest_lines_are_read_in_the_order_in_which_they_were_logged,
    what_is_older_than_wanted_is_forgotten_and_nothing_else,
    what_names_an_id_is_forgotten_and_nothing_else,
    a_batch_is_bounded,
}

/// 2026-11-26T12:00:00Z.
const NOON_US: i64 = 1_795_694_400_000_000;

fn line(message: &str) -> Line {
    Line {
        at_us: NOON_US,
        level: Level::Info,
        component: None,
        correlation_id: None,
        target: "mindflow::guest".into(),
        message: message.into(),
        fields: serde_json::Map::new(),
    }
}

async fn messages(store: &dyn LogStore, filter: Filter) -> Vec<String> {
    store.read(&filter, 100).await.unwrap().into_iter().map(|line| line.message).collect()
}

async fn a_line_comes_back_as_it_was_logged(store: &dyn LogStore) {
    let Value::Object(fields) = json!({ "ms": 1.25, "attempts": 3, "what": "it's \"quoted\"\n", "ok": true }) else {
        panic!()
    };
    let whole = Line {
        at_us: NOON_US + 123_456,
        level: Level::Warn,
        component: Some("command".into()),
        correlation_id: Some("checkout:42".into()),
        fields,
        ..line("Überraschung 🎉\nin two lines")
    };
    store.append(std::slice::from_ref(&whole)).await.unwrap();
    assert_eq!(store.read(&Filter::default(), 10).await.unwrap(), [whole]);
    // What a guest prints may hold anything.
    store.append(&[line("a\0b")]).await.unwrap();
    assert_eq!(messages(store, Filter::default()).await.len(), 2);
}

async fn filters_choose_by_request_component_level_and_time(store: &dyn LogStore) {
    let request = |id: &str, component: &str, level, message: &str| Line {
        correlation_id: Some(id.into()),
        component: Some(component.into()),
        level,
        ..line(message)
    };
    let lines = [
        request("one", "gateway", Level::Info, "asked"),
        request("one", "command", Level::Error, "failed"),
        request("two", "command", Level::Debug, "looked"),
        Line { at_us: NOON_US + 1, ..line("the host's own") },
    ];
    store.append(&lines).await.unwrap();
    let by = |filter| messages(store, filter);
    assert_eq!(by(Filter { correlation_id: Some("one".into()), ..Filter::default() }).await, ["asked", "failed"]);
    assert_eq!(by(Filter { component: Some("command".into()), ..Filter::default() }).await, ["failed", "looked"]);
    assert_eq!(by(Filter { level: Some(Level::Warn), ..Filter::default() }).await, ["failed"]);
    assert_eq!(by(Filter { level: Some(Level::Trace), ..Filter::default() }).await.len(), 4);
    assert_eq!(by(Filter { since_us: Some(NOON_US + 1), ..Filter::default() }).await, ["the host's own"]);
    let nothing = Filter { correlation_id: Some("two".into()), level: Some(Level::Info), ..Filter::default() };
    assert!(by(nothing).await.is_empty());
}

async fn the_newest_lines_are_read_in_the_order_in_which_they_were_logged(store: &dyn LogStore) {
    // At one moment, the order of logging counts.
    let lines: Vec<Line> = (0..10).map(|number| line(&number.to_string())).collect();
    store.append(&lines[..7]).await.unwrap();
    store.append(&lines[7..]).await.unwrap();
    let last = store.read(&Filter::default(), 4).await.unwrap();
    assert_eq!(last.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), ["6", "7", "8", "9"]);
}

async fn what_names_an_id_is_forgotten_and_nothing_else(store: &dyn LogStore) {
    let (erased, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
    let with = |name: &str, id: Uuid| {
        let Value::Object(fields) = json!({ "of": { name: id.to_string() } }) else { panic!() };
        Line { fields, ..line("a field") }
    };
    let lines = [
        line(&format!("the mail of {erased} waits")),
        with("user.id", erased),
        line(&format!("the mail of {other} waits")),
        with("user.id", other),
    ];
    store.append(&lines).await.unwrap();
    assert_eq!(store.forget_named(erased).await.unwrap(), 2);
    assert_eq!(store.forget_named(erased).await.unwrap(), 0);
    assert_eq!(store.read(&Filter::default(), 10).await.unwrap(), lines[2..]);
}

async fn what_is_older_than_wanted_is_forgotten_and_nothing_else(store: &dyn LogStore) {
    let at = |at_us, message: &str| Line { at_us, ..line(message) };
    store.append(&[at(NOON_US - 1, "old"), at(NOON_US, "kept"), at(NOON_US + 1, "new")]).await.unwrap();
    assert_eq!(store.forget(NOON_US).await.unwrap(), 1);
    assert_eq!(messages(store, Filter::default()).await, ["kept", "new"]);
    assert_eq!(store.forget(NOON_US).await.unwrap(), 0);
}

async fn a_batch_is_bounded(store: &dyn LogStore) {
    let lines: Vec<Line> = (0..BATCH_MAX).map(|number| line(&number.to_string())).collect();
    store.append(&lines).await.unwrap();
    store.append(&[]).await.unwrap();
    let read = store.read(&Filter::default(), usize::MAX).await.unwrap();
    assert_eq!((read.len(), read[0].message.as_str()), (BATCH_MAX, "0"));
}
