//! What must hold on every server.

use super::kit::{
    Database, OTHER, Server, USER, about, account, all_moods, analysed, appending, at, caller, deleted, event, felt,
    platform_stats, taken_back, writing, written,
};
use crate::{
    bindings::exports::mindflow::analytics::figures::{Granularity, Mood, MoodPoint, PlatformStats, SentimentPoint},
    fact, figures, rows,
    statement::Statement,
};
use jiff::civil::{Date, date};
use mindflow_backends::database::sql::Identity;
use mindflow_events::Kind;
use mindflow_guest::events::Event;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

const FROM: Date = date(2025, 1, 1);
const TO: Date = date(2025, 12, 31);

pub fn story() -> Vec<Event> {
    vec![
        account(Kind::UserRegistered, 1, USER, "UTC"),
        written(1, 1, None, "SAD", 10),
        analysed(1, 1, 1, -0.5),
        written(1, 2, Some("edited"), "CALM", 12),
        analysed(1, 2, 2, 0.25),
        written(1, 3, Some("tag_renamed"), "CALM", 12),
        written(2, 1, None, "CALM", 7),
        analysed(2, 1, 1, 0.5),
        written(3, 1, None, "ANGRY", 100),
        deleted(3, 2),
        felt("CALM", "2025-05-01T10:00:00Z"),
        account(Kind::UserUpdated, 2, USER, "Asia/Tokyo"),
    ]
}

pub async fn figures_show_what_holds_now_on_the_users_own_clock(server: Server) {
    let database = Database::after(server, &story()).await;
    let sentiment = figures::sentiment_trend(USER, FROM, TO, Granularity::Week);
    let points = rows::sentiment_points(&database.shown(USER, &sentiment).await).unwrap();
    assert_eq!(points, [SentimentPoint { period: "2025-04-28".into(), average: 0.375, entries: 2 }]);
    // Half past eleven at night in UTC is half past eight of the next morning in Tokyo: a Friday.
    let rows = database.shown(USER, &writing(USER, "Asia/Tokyo", "2025-05-02T12:00:00Z", 7)).await;
    let stats = rows::writing_stats(&rows).unwrap();
    assert_eq!((stats.entries, stats.words), (2, 19));
    assert_eq!((stats.by_hour[8], stats.by_weekday[4]), (2, 2));
    assert_eq!(stats.by_hour.iter().sum::<u32>() + stats.by_weekday.iter().sum::<u32>(), 4);
    assert_eq!((stats.current_streak_days, stats.longest_streak_days), (1, 1));
    // A day has passed in Tokyo, where it is the fourth of May already.
    let later = database.shown(USER, &writing(USER, "Asia/Tokyo", "2025-05-03T16:00:00Z", 1)).await;
    let stats = rows::writing_stats(&later).unwrap();
    assert_eq!((stats.entries, stats.current_streak_days, stats.longest_streak_days), (0, 0, 1));
}

pub async fn moods_are_counted_by_day_with_the_mean_of_what_was_analysed(server: Server) {
    let mut events = story();
    events.extend([felt("SAD", "2025-05-02T00:00:00Z"), felt("HAPPY", "2025-05-01T23:59:59Z")]);
    events.push(felt("ANGRY", "2025-04-30T23:59:59Z"));
    let database = Database::after(server, &events).await;
    let rows = database.shown(USER, &all_moods(date(2025, 5, 1), date(2025, 5, 2))).await;
    let point =
        |date: &str, mood, count, average_sentiment| MoodPoint { date: date.into(), mood, count, average_sentiment };
    assert_eq!(
        rows::mood_points(&rows).unwrap(),
        [
            point("2025-05-01", Mood::Happy, 1, None),
            point("2025-05-01", Mood::Calm, 3, Some(0.375)),
            point("2025-05-02", Mood::Sad, 1, None),
        ]
    );
}

pub async fn events_that_come_twice_and_backwards_give_the_same_rows(server: Server) {
    let events = story();
    let mut shuffled = events.clone();
    shuffled.reverse();
    shuffled.extend(events.clone());
    let (in_order, backwards) = (Database::after(server, &events).await, Database::after(server, &shuffled).await);
    assert_eq!(in_order.rows().await, backwards.rows().await);
}

/// The events of a few entries in a random life, in the order of delivery.
fn life() -> impl Strategy<Value = Vec<Event>> {
    let step = (1_u128..6, 0..4_u8, 0_usize..3, 0_u32..100, -1.0_f64..1.0);
    proptest::collection::vec(step, 120).prop_flat_map(|steps| {
        let mut sequences = BTreeMap::<u128, u64>::new();
        let mut analyses = 0;
        let mut events = Vec::new();
        for (entry, step, mood, words, sentiment) in steps {
            let (mood, so_far) = (["SAD", "CALM", "HAPPY"][mood], sequences.entry(entry).or_default());
            if *so_far > 0 && step == 0 {
                analyses += 1;
                events.push(analysed(entry, analyses, *so_far, sentiment));
                continue;
            }
            *so_far += 1;
            events.push(match (step, *so_far) {
                (_, 1) => written(entry, 1, None, mood, words),
                (1, sequence) => deleted(entry, sequence),
                (2, sequence) => written(entry, sequence, Some("tag_renamed"), mood, words),
                (_, sequence) => written(entry, sequence, Some("edited"), mood, words),
            });
        }
        Just(events).prop_shuffle()
    })
}

/// Mood to count and sentiments, as anybody would work it out who reads each entry's story from its end.
fn worked_out(events: &[Event]) -> BTreeMap<String, (u32, Vec<f64>)> {
    let mut facts: Vec<_> = events.iter().map(|event| fact::of(event).unwrap().unwrap()).collect();
    facts.sort_by_key(|fact| fact.sequence);
    let mut moods = BTreeMap::<String, (u32, Vec<f64>)>::new();
    for entry in facts.iter().map(|fact| fact.subject_id).collect::<std::collections::BTreeSet<_>>() {
        let of_entry = || facts.iter().filter(|fact| fact.subject_id == entry);
        let states = || of_entry().filter(|fact| fact.kind != fact::Kind::Analysis);
        let last = states().next_back().unwrap();
        if last.kind != fact::Kind::Entry {
            continue;
        }
        let edited = states().filter_map(|fact| fact.figures.entry_sequence).next_back().unwrap();
        let analyses = of_entry().filter(|fact| fact.kind == fact::Kind::Analysis);
        // Of a version since the last edit, the newest of the newest version.
        let sentiment = analyses
            .filter(|fact| fact.figures.entry_sequence >= Some(edited))
            .max_by_key(|fact| (fact.figures.entry_sequence, fact.sequence))
            .and_then(|fact| fact.figures.sentiment);
        let slot = moods.entry(last.figures.mood.unwrap().name()).or_default();
        slot.0 += 1;
        slot.1.extend(sentiment);
    }
    moods
}

pub async fn many_random_events_give_the_figures_that_plain_rust_gives(server: Server) {
    let mut runner = TestRunner::deterministic();
    for _ in 0..3 {
        let mut events = life().new_tree(&mut runner).unwrap().current();
        events.insert(events.len() / 2, account(Kind::UserRegistered, 1, USER, "Asia/Tokyo"));
        let database = Database::after(server, &events).await;
        let rows = database.shown(USER, &all_moods(FROM, TO)).await;
        let points = rows::mood_points(&rows).unwrap();
        let expected = worked_out(&events);
        assert_eq!(points.len(), expected.len(), "{points:?} {expected:?}");
        for point in points {
            let word = format!("{:?}", point.mood).to_uppercase();
            let (count, sentiments) = &expected[word.trim_start_matches("MOOD::")];
            assert_eq!(point.count, *count);
            let mean = (!sentiments.is_empty()).then(|| sentiments.iter().sum::<f64>() / sentiments.len() as f64);
            assert_eq!(point.average_sentiment.is_some(), mean.is_some());
            assert!(point.average_sentiment.zip(mean).is_none_or(|(one, other)| (one - other).abs() < 1e-4));
        }
        let entries: u32 = expected.values().map(|(count, _)| count).sum();
        assert_eq!(platform_stats(&database, &Identity::Service, FROM, TO).await.entries, entries);
    }
}

/// Entries, active users, analyses and registrations, day by day.
fn counts(stats: &PlatformStats) -> [Vec<u32>; 4] {
    [&stats.entries_per_day, &stats.active_users_per_day, &stats.analyses_per_day, &stats.registrations_per_day]
        .map(|days| days.iter().map(|day| day.count).collect())
}

pub async fn the_platforms_figures_are_the_services_to_read_and_count_everybody(server: Server) {
    let mut events = story();
    events.push(account(Kind::UserRegistered, 1, OTHER, "UTC"));
    let database = Database::after(server, &events).await;
    let (from, to) = (date(2025, 5, 1), date(2025, 5, 3));
    let stats = platform_stats(&database, &Identity::Service, from, to).await;
    assert_eq!((stats.users, stats.active_users, stats.entries, stats.analyses), (2, 1, 2, 3));
    let per_day: Vec<_> = stats.entries_per_day.iter().map(|day| (day.date.as_str(), day.count)).collect();
    assert_eq!(per_day, [("2025-05-01", 2), ("2025-05-02", 0), ("2025-05-03", 0)]);
    // A caller is shown none of it, however it asks.
    let stats = platform_stats(&database, &caller(OTHER), from, to).await;
    assert_eq!((stats.users, stats.active_users, stats.entries, stats.analyses), (1, 0, 0, 0));
    assert_eq!(counts(&stats), [[0; 3]; 4]);
}

pub async fn the_platforms_days_count_each_user_once_and_each_account_on_its_first_day(server: Server) {
    let third = Uuid::from_u128(0xa3);
    let mut events = vec![
        at("2025-04-30T23:59:59Z", account(Kind::UserRegistered, 1, third, "UTC")),
        at("2025-05-01T00:00:00Z", account(Kind::UserRegistered, 1, OTHER, "UTC")),
    ];
    // On the second of May the first user registers, writes, and is analysed three times.
    events.extend(story());
    events.extend([
        at("2025-05-02T23:59:59Z", account(Kind::UserUpdated, 2, third, "Asia/Tokyo")),
        at("2025-05-03T10:00:00Z", account(Kind::UserUpdated, 2, OTHER, "Asia/Tokyo")),
        at("2025-05-03T11:00:00Z", about(8, OTHER, date(2025, 5, 3))),
        at("2025-05-03T12:00:00Z", about(9, OTHER, date(2025, 5, 3))),
        at("2025-05-03T13:00:00Z", felt("CALM", "2025-05-03T13:00:00Z")),
        at("2025-05-03T14:00:00Z", analysed(2, 2, 1, 0.75)),
    ]);
    // Whatever order they come in.
    events.reverse();
    let database = Database::after(server, &events).await;
    let stats = platform_stats(&database, &Identity::Service, date(2025, 5, 1), date(2025, 5, 4)).await;
    let [entries, active_users, analyses, registrations] = counts(&stats);
    assert_eq!(entries, [2, 0, 0, 0]);
    assert_eq!(active_users, [0, 1, 2, 0]);
    assert_eq!(analyses, [0, 3, 1, 0]);
    assert_eq!(registrations, [1, 1, 0, 0]);
    assert_eq!((stats.users, stats.active_users, stats.analyses), (3, 2, 4));
}

pub async fn no_user_sees_anothers_figures_even_when_asking_for_them(server: Server) {
    let database = Database::after(server, &story()).await;
    for statement in [
        all_moods(FROM, TO),
        figures::sentiment_trend(USER, FROM, TO, Granularity::Day),
        writing(USER, "UTC", "2025-05-02T12:00:00Z", 7),
    ] {
        assert!(!database.shown(USER, &statement).await.is_empty());
        assert!(database.shown(OTHER, &statement).await.is_empty(), "{}", statement.text);
    }
}

pub async fn the_service_appends_and_can_neither_read_change_nor_remove_a_fact(server: Server) {
    let database = Database::after(server, &story()).await;
    for text in [
        "SELECT count(*) FROM analytics.facts",
        "UPDATE analytics.facts SET words = 0",
        "DELETE FROM analytics.facts",
        "DELETE FROM analytics.entries",
        "UPDATE analytics.moods SET mood = 'SAD'",
    ] {
        let statement = Statement { text: text.into(), params: Vec::new() };
        assert!(database.run(Identity::Service, &statement).await.is_err(), "{text}");
    }
    assert!(database.run(caller(USER), &appending(&deleted(1, 9))).await.is_err());
    assert_eq!(database.number("SELECT count(*) FROM analytics.facts").await, 12);
}

pub async fn a_mood_that_was_taken_back_counts_for_nothing_whichever_event_comes_first(server: Server) {
    let (kept, wrong) = (felt("CALM", "2025-05-01T10:00:00Z"), felt("SAD", "2025-05-01T11:00:00Z"));
    let back = taken_back(&wrong);
    for events in [[kept.clone(), wrong.clone(), back.clone()], [back, kept, wrong]] {
        let database = Database::after(server, &events).await;
        let rows = database.shown(USER, &all_moods(FROM, TO)).await;
        let moods: Vec<String> = rows.iter().map(|row| row.get("mood").unwrap()).collect();
        assert_eq!(moods, ["CALM"]);
    }
}

pub async fn facts_are_kept_as_the_server_can(server: Server) {
    let mut late = felt("SAD", "1999-01-01T00:00:00Z");
    late.timestamp = 915_148_800_000_000;
    let database = Database::after(server, &[felt("SAD", "2025-05-01T10:00:00Z"), late]).await;
    let kept_apart = match server {
        Server::Plain => {
            "SELECT count(DISTINCT tableoid) FROM analytics.facts WHERE tableoid <> 'analytics.facts'::regclass"
        }
        Server::TimescaleDb => {
            "SELECT num_chunks FROM timescaledb_information.hypertables WHERE hypertable_schema = 'analytics' AND hypertable_name = 'facts'"
        }
    };
    assert_eq!(database.number(kept_apart).await, 2);
}

#[test]
fn a_sentiment_out_of_range_is_refused_by_name() {
    let refused = fact::of(&analysed(1, 1, 1, 1.5)).unwrap_err().to_string();
    assert_eq!(refused, "AIInsightsGenerated: `sentiment` is \"1.5\"");
}

#[test]
fn an_event_of_no_concern_leaves_nothing() {
    assert_eq!(fact::of(&event("TagCreated", 1, &json!({}))).unwrap(), None);
}
