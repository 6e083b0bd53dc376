//! Goal: figures follow everything that users do, each user sees only their own, and they can be rebuilt from the
//! archive. Method: entries and moods written through the API, figures read through it once events have arrived.

use jiff::{Timestamp, ToSpan, civil::Date, tz::Offset};
use mindflow_tests::messages_api::MessagesApi;
use mindflow_tests::{Account, Platform};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const FIGURES: &str = "{
    moodTrends { mood count averageSentiment }
    sentimentTrend { period average entries }
    writingStats { entries words currentStreakDays longestStreakDays byHour byWeekday } }";
const STATS: &str = "{ platformStats { users activeUsers entries analyses entriesPerDay { date count } } }";

const SERIES: [&str; 4] = ["entriesPerDay", "activeUsersPerDay", "analysesPerDay", "registrationsPerDay"];

async fn entries_counted(account: &Account, entries: u64) -> Value {
    account.eventually(FIGURES, json!({}), |data| data["writingStats"]["entries"] == entries).await
}

fn sum(counts: &Value) -> u64 {
    counts.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_what_is_written_analysed_deleted_and_restored() {
    let api = MessagesApi::start().await.unwrap();
    let platform = Platform::services().claude(&api.url()).start().await;
    let ada = platform.register_as("premium").await;
    ada.write(json!({ "title": "Harbour", "content": "A good day with friends.", "mood": "HAPPY" })).await;
    let rain = ada.write(json!({ "title": "Rain", "content": "An awful day.", "mood": "SAD" })).await;
    // Each figure is read on its own, so an analysis may have reached one of them and not yet another.
    let both = |data: &Value| {
        data["sentimentTrend"][0]["entries"] == 2
            && data["writingStats"]["entries"] == 2
            && [0, 1].iter().all(|point| data["moodTrends"][point]["averageSentiment"].is_number())
    };
    let figures = ada.eventually(FIGURES, json!({}), both).await;
    assert_eq!(figures["writingStats"]["words"], 8, "{figures}");
    assert_eq!((sum(&figures["writingStats"]["byHour"]), sum(&figures["writingStats"]["byWeekday"])), (2, 2));
    assert_eq!(figures["writingStats"]["currentStreakDays"], 1);
    let (happy, sad) = (&figures["moodTrends"][0], &figures["moodTrends"][1]);
    assert_eq!((&happy["mood"], &sad["mood"]), (&json!("HAPPY"), &json!("SAD")));
    let mean =
        |points: [&Value; 2]| points.iter().map(|it| it["averageSentiment"].as_f64().unwrap()).sum::<f64>() / 2.0;
    let average = figures["sentimentTrend"][0]["average"].as_f64().unwrap();
    assert!((average - mean([happy, sad])).abs() < 1e-3, "{figures}");
    assert!(sad["averageSentiment"].as_f64() < happy["averageSentiment"].as_f64(), "{figures}");

    let id = json!({ "id": rain["id"] });
    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", id.clone()).await;
    let left = entries_counted(&ada, 1).await;
    assert_eq!((&left["sentimentTrend"][0]["entries"], left["moodTrends"].as_array().unwrap().len()), (&json!(1), 1));
    ada.data("mutation ($id: ID!) { restoreJournalEntry(id: $id) { id } }", id).await;
    let restored = entries_counted(&ada, 2).await;
    assert_eq!(restored["sentimentTrend"][0], figures["sentimentTrend"][0], "the analysis is the entry's own still");

    let bob = platform.register().await;
    let none = bob.data(FIGURES, json!({})).await;
    assert_eq!((&none["moodTrends"], &none["sentimentTrend"]), (&json!([]), &json!([])));
    assert_eq!(none["writingStats"]["entries"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_and_weekdays_are_those_of_the_users_time_zone() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let entry = ada.write(json!({ "title": "Early", "content": "Or late." })).await;
    entries_counted(&ada, 1).await;
    let begun: Timestamp = entry["createdAt"].as_str().unwrap().parse().unwrap();
    // East of the date line, fourteen hours ahead of UTC all the year.
    ada.data("mutation { updateProfile(timezone: \"Pacific/Kiritimati\") { timezone } }", json!({})).await;
    let there = Offset::constant(14).to_datetime(begun);
    let (hour, weekday) = (usize::try_from(there.hour()).unwrap(), there.weekday().to_monday_zero_offset());
    let stats =
        ada.eventually(FIGURES, json!({}), |data| data["writingStats"]["byHour"][hour] == 1).await["writingStats"]
            .clone();
    assert_eq!(stats["byWeekday"][usize::try_from(weekday).unwrap()], 1, "{stats}");
    assert_eq!((sum(&stats["byHour"]), &stats["currentStreakDays"]), (1, &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_figures_are_for_administrators_and_count_all_users() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let admin = platform.register_as("admin").await;
    ada.write(json!({ "title": "One", "content": "c" })).await;
    bob.data("mutation { recordMood(mood: CALM) { count } }", json!({})).await;
    let counted = |users: u64, entries: u64| {
        move |data: &Value| {
            let stats = &data["platformStats"];
            stats["users"] == users && stats["activeUsers"] == users && stats["entries"] == entries
        }
    };
    let stats = admin.eventually(STATS, json!({}), counted(3, 1)).await["platformStats"].clone();
    let per_day = stats["entriesPerDay"].as_array().unwrap();
    assert_eq!((per_day.len(), per_day.iter().map(|day| day["count"].as_u64().unwrap()).sum::<u64>()), (30, 1));
    // What is cached gives way to the next event.
    bob.write(json!({ "title": "Two", "content": "c" })).await;
    admin.eventually(STATS, json!({}), counted(3, 2)).await;
    assert_eq!(ada.graphql(STATS, json!({})).await.error_code(), "FORBIDDEN");
    assert_eq!(platform.http().graphql(STATS, json!({})).await.error_code(), "UNAUTHENTICATED");
}

/// The days on which there were some, and how many; the others are in the answer as well.
fn days(data: &Value, series: &str) -> BTreeMap<Date, u64> {
    let days = data["platformStats"][series].as_array().unwrap();
    assert_eq!(days.len(), 7, "{series}: {data}");
    let counted = |day: &Value| (day["date"].as_str().unwrap().parse().unwrap(), day["count"].as_u64().unwrap());
    days.iter().map(counted).filter(|(_, count)| *count > 0).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_series_say_what_happened_on_each_day() {
    let api = MessagesApi::start().await.unwrap();
    let platform = Platform::services().claude(&api.url()).start().await;
    let (ada, bob) = (platform.register_as("premium").await, platform.register().await);
    let admin = platform.register_as("admin").await;
    ada.write(json!({ "title": "Harbour", "content": "A good day with friends." })).await;
    let series = SERIES.map(|series| format!("{series} {{ date count }}")).join(" ");
    let query = format!("{{ platformStats(days: 7) {{ {series} }} }}");
    let totals = |data: &Value| SERIES.map(|series| days(data, series).values().sum::<u64>());
    let first = admin.eventually(&query, json!({}), |data| totals(data) == [1, 2, 1, 3]).await;
    let today = *days(&first, "analysesPerDay").keys().next().unwrap();

    // What ada did, five days earlier as well; the entry was begun then.
    let earlier = format!(
        "INSERT INTO analytics.activity (day, user_id, kind, facts)
            SELECT day - 5, user_id, kind, facts FROM analytics.activity WHERE user_id = '{}';
        UPDATE analytics.entries SET written_at = written_at - interval '5 days'",
        ada.id
    );
    platform.analytics_database().await.batch_execute(&earlier).await.expect("earlier days");
    // Until then bob was registered and no more. With this event, nothing is cached any more.
    bob.data("mutation { recordMood(mood: CALM) { count } }", json!({})).await;
    let then = admin.eventually(&query, json!({}), |data| totals(data) == [1, 4, 2, 3]).await;
    let past = today - 5.days();
    assert_eq!(days(&then, "entriesPerDay"), [(past, 1)].into());
    assert_eq!(days(&then, "activeUsersPerDay"), [(past, 1), (today, 3)].into());
    assert_eq!(days(&then, "analysesPerDay"), [(past, 1), (today, 1)].into());
    assert_eq!(days(&then, "registrationsPerDay"), [(past, 1), (today, 2)].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_spans_and_periods_are_refused_by_name() {
    let platform = Platform::services().start().await;
    let admin = platform.register_as("admin").await;
    for query in [
        "{ moodTrends(days: 367) { count } }",
        "{ sentimentTrend(days: 0) { entries } }",
        "{ sentimentTrend(days: -1) { entries } }",
        "{ writingStats(days: 100000) { entries } }",
        "{ platformStats(days: 0) { users } }",
    ] {
        let error = admin.graphql(query, json!({})).await.error();
        assert_eq!(
            (&error["extensions"]["code"], &error["extensions"]["field"]),
            (&json!("BAD_USER_INPUT"), &json!("days")),
            "{query}"
        );
    }
    let decade = admin.graphql("{ sentimentTrend(granularity: DECADE) { entries } }", json!({})).await.error();
    assert!(decade["message"].as_str().is_some_and(|message| message.contains("DECADE")), "{decade}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_rebuilds_the_figures_from_the_archive_and_repairs_damage() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    for title in ["one", "two"] {
        ada.write(json!({ "title": title, "content": "c", "mood": "CALM" })).await;
    }
    ada.data("mutation { recordMood(mood: CALM) { count } }", json!({})).await;
    let three = |data: &Value| data["moodTrends"][0]["count"] == 3;
    let whole = ada.eventually(FIGURES, json!({}), three).await;
    let replay = ["replay", "--consumer", "analytics", "--shadow", "--json"];
    let equal = platform.cli(&replay).await;
    assert_eq!(equal.code, Some(0), "{equal:?}");

    let damage =
        "UPDATE analytics.entries SET mood = 'ANGRY'; DELETE FROM analytics.moods; DELETE FROM analytics.facts;
        UPDATE analytics.activity SET facts = facts + 1";
    platform.analytics_database().await.batch_execute(damage).await.expect("the damage");
    let found = platform.cli(&replay).await;
    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(found.stderr.contains("4 of 7 tables of `analytics` differ"), "{found:?}");
    let repaired = platform.cli(&["replay", "--consumer", "analytics", "--shadow", "--apply"]).await;
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    let again = platform.cli(&replay).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    // With the next event, nothing is cached any more.
    ada.data("mutation { recordMood(mood: SAD) { count } }", json!({})).await;
    let after = ada.eventually(FIGURES, json!({}), |data| data["moodTrends"][1]["count"] == 1).await;
    assert_eq!(after["moodTrends"][0], whole["moodTrends"][0]);
}
