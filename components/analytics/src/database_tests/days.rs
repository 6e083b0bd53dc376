//! Whose days they are, and by which clock hours are counted.

use super::kit::{Database, Server, USER, about, account, all_moods, begun, felt, felt_on, writing, written};
use super::stories::story;
use crate::rows;
use jiff::{
    ToSpan,
    civil::{Date, date},
};
use mindflow_events::Kind;
use mindflow_guest::{clock, events::Event};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::collections::BTreeSet;
use uuid::Uuid;

const FROM: Date = date(2025, 1, 1);
const TO: Date = date(2025, 12, 31);

pub async fn a_mood_stays_on_the_day_that_it_was_recorded_on(server: Server) {
    let database = Database::after(
        server,
        &[
            // Ten in the morning in UTC is midnight in Kiritimati.
            felt_on("CALM", "2025-05-01T10:00:00Z", "2025-05-02"),
            felt("CALM", "2025-05-01T10:00:00Z"),
            account(Kind::UserRegistered, 1, USER, "Pacific/Kiritimati"),
        ],
    )
    .await;
    let of = async |from: Date, to: Date| {
        let points = rows::mood_points(&database.shown(USER, &all_moods(from, to)).await).unwrap();
        points.into_iter().map(|point| (point.date, point.count)).collect::<Vec<_>>()
    };
    assert_eq!(of(FROM, TO).await, [("2025-05-01".into(), 1), ("2025-05-02".into(), 1)]);
    assert_eq!(of(date(2025, 5, 2), TO).await, [("2025-05-02".into(), 1)]);
    assert_eq!(of(FROM, date(2025, 5, 1)).await, [("2025-05-01".into(), 1)]);
}

pub async fn a_zone_that_the_server_does_not_know_stops_nothing(server: Server) {
    let mut events = story();
    events.insert(0, account(Kind::UserRegistered, 1, USER, "Mars/Olympus"));
    events.push(account(Kind::UserUpdated, 3, USER, "Mars/Olympus"));
    events.push(written(4, 1, None, "CALM", 1));
    let database = Database::after(server, &events).await;
    let rows = database.shown(USER, &writing(USER, "Asia/Calcutta", "2025-05-02T12:00:00Z", 7)).await;
    let stats = rows::writing_stats(&rows).unwrap();
    // Half past eleven at night in UTC is five in the morning there.
    assert_eq!((stats.entries, stats.by_hour[5]), (3, 3));
}

/// Counted day by day, as one would on a calendar: the run that goes on, and the longest.
fn on_a_calendar(days: &BTreeSet<Date>, today: Date) -> (u32, u32) {
    let back = |from: Date| (0..).take_while(|n| days.contains(&(from - (*n).days()))).count() as u32;
    let current = if days.contains(&today) { back(today) } else { back(today - 1.day()) };
    (current, days.iter().map(|day| back(*day)).max().unwrap_or(0))
}

pub async fn streaks_are_what_a_calendar_shows_of_the_days_that_entries_are_about(server: Server) {
    let today = date(2024, 3, 10);
    let mut users: Vec<Vec<i64>> =
        vec![(1..=130).collect(), vec![0], vec![1, 2], vec![2, 3, 4], vec![-1, 0, 1], vec![-1, 1]];
    let mut runner = TestRunner::deterministic();
    let random = proptest::collection::vec(-6_i64..40, 0..60);
    users.extend((0..6).map(|_| random.new_tree(&mut runner).unwrap().current()));
    // All of them were written on one day, which is none of these.
    let days = |offsets: &[i64]| offsets.iter().map(|offset| today - offset.days()).collect::<Vec<Date>>();
    let user = |number: usize| Uuid::from_u128(0xa00 + number as u128);
    let entries = users.iter().enumerate().flat_map(|(number, offsets)| {
        let about = move |(at, day)| about((number * 1000 + at) as u128, user(number), day);
        days(offsets).into_iter().enumerate().map(about).collect::<Vec<_>>()
    });
    let database = Database::after(server, &entries.collect::<Vec<_>>()).await;
    for (number, offsets) in users.iter().enumerate() {
        let rows = database.shown(user(number), &writing(user(number), "UTC", "2024-03-10T12:00:00Z", 1)).await;
        let stats = rows::writing_stats(&rows).unwrap();
        let expected = on_a_calendar(&days(offsets).into_iter().collect(), today);
        assert_eq!((stats.current_streak_days, stats.longest_streak_days), expected, "{offsets:?}");
        assert_eq!((stats.entries, rows.len()), (0, usize::from(!offsets.is_empty())));
    }
}

pub async fn hours_are_those_of_the_zones_own_rules_on_both_sides_of_a_change(server: Server) {
    let moments = ["2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z", "2026-02-17T12:00:00Z", "2026-03-16T02:00:00Z"];
    let events: Vec<Event> = (1..).zip(moments).map(|(number, at)| begun(number, at)).collect();
    let database = Database::after(server, &events).await;
    for zone in ["America/Vancouver", "Africa/Casablanca", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"] {
        let rows = database.shown(USER, &writing(USER, zone, "2026-11-29T12:00:00Z", 366)).await;
        let stats = rows::writing_stats(&rows).unwrap();
        let (mut by_hour, mut by_weekday) = (vec![0; 24], vec![0; 7]);
        for moment in moments {
            let there = clock::time_zone(zone).to_datetime(moment.parse().unwrap());
            by_hour[usize::try_from(there.hour()).unwrap()] += 1;
            by_weekday[usize::try_from(there.weekday().to_monday_zero_offset()).unwrap()] += 1;
        }
        assert_eq!((stats.by_hour, stats.by_weekday), (by_hour, by_weekday), "{zone}");
    }
}
