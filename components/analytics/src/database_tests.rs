//! The statements on a real PostgreSQL with the repository's migrations, by the same `sql` back end as in
//! the host: the component's own role, the guard, row-level security.

use crate::{
    Statement, append,
    figures::{self, Granularity},
};
use jiff::civil::{Date, date};
use mindflow_backends::{
    sql::{Error, Identity, Value as Stored},
    testing::{TestDatabase, TestPostgres},
};
use mindflow_guest::{
    events::Event,
    sql::{Time, Value},
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

const USER: Uuid = Uuid::from_u128(0xa1);
const OTHER: Uuid = Uuid::from_u128(0xa2);
const FROM: Date = date(2025, 1, 1);
const TO: Date = date(2025, 12, 31);

struct Database(TestDatabase);

impl Database {
    async fn after(events: &[Event]) -> Self {
        let database = Self(TestPostgres::analytics("analytics").await);
        for event in events {
            database.run(Identity::Service, &append(event).unwrap().unwrap()).await.unwrap();
        }
        database
    }

    async fn run(&self, identity: Identity, statement: &Statement) -> Result<Vec<Vec<Stored>>, Error> {
        let params: Vec<Stored> = statement.params.iter().cloned().map(given).collect();
        let transaction = self.0.database().begin("analytics", &identity).await?;
        let answer = transaction.query(&statement.text, &params).await?;
        transaction.commit().await?;
        Ok(answer.rows)
    }

    async fn shown(&self, user: Uuid, statement: &Statement) -> Vec<String> {
        let identity = Identity::Caller { user_id: user, roles: vec!["user".into()] };
        self.run(identity, statement).await.unwrap().iter().map(|row| format!("{row:?}")).collect()
    }

    /// Every figure of the user.
    async fn figures(&self, user: Uuid) -> Vec<Vec<String>> {
        vec![
            self.shown(user, &figures::mood_trends(user, FROM, TO)).await,
            self.shown(user, &figures::sentiment_trend(user, FROM, TO, Granularity::Week)).await,
            self.shown(user, &figures::writing(user, FROM, TO)).await,
        ]
    }
}

fn given(value: Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Int64(it) => Stored::Int64(it),
        Value::Float64(it) => Stored::Float64(it),
        Value::Text(it) => Stored::Text(it),
        Value::Uuid(it) => Stored::Uuid(it),
        Value::Timestamp(it) => Stored::Timestamp(it),
        Value::Date(it) => Stored::Date(it),
        other => panic!("no fact has {other:?}"),
    }
}

fn event(event_type: &str, sequence: u64, payload: &Json) -> Event {
    Event {
        id: Uuid::new_v4().to_string(),
        event_type: event_type.into(),
        version: "1.0".into(),
        timestamp: 1_746_172_800_000_000,
        source: "test".into(),
        sequence,
        partition_key: "test".into(),
        correlation_id: "test".into(),
        traceparent: None,
        user_id: None,
        tenant_id: None,
        payload: payload.to_string(),
    }
}

fn written(entry: u128, sequence: u64, reason: Option<&str>, mood: &str, words: u32) -> Event {
    let event_type = if reason.is_none() { "JournalEntryCreated" } else { "JournalEntryUpdated" };
    let payload = json!({
        "journalId": Uuid::from_u128(entry), "userId": USER, "mood": mood, "createdAt": "2025-05-01T23:30:00Z",
        "entryDate": "2025-05-01", "wordCount": words, "analysis": "requested", "reason": reason,
    });
    event(event_type, sequence, &payload)
}

fn deleted(entry: u128, sequence: u64) -> Event {
    event("JournalEntryDeleted", sequence, &json!({ "journalId": Uuid::from_u128(entry), "userId": USER }))
}

fn analysed(entry: u128, sequence: u64, entry_sequence: u32, sentiment: f64) -> Event {
    let id = Uuid::from_u128(entry);
    let payload = json!({ "journalId": id, "userId": USER, "entrySequence": entry_sequence, "sentiment": sentiment });
    event("AIInsightsGenerated", sequence, &payload)
}

fn account(event_type: &str, sequence: u64, timezone: &str) -> Event {
    event(event_type, sequence, &json!({ "userId": USER, "timezone": timezone }))
}

fn story() -> Vec<Event> {
    vec![
        account("UserRegistered", 1, "UTC"),
        written(1, 1, None, "SAD", 10),
        analysed(1, 1, 1, -0.5),
        written(1, 2, Some("edited"), "CALM", 12),
        analysed(1, 2, 2, 0.25),
        written(1, 3, Some("tag_renamed"), "CALM", 12),
        written(2, 1, None, "CALM", 7),
        analysed(2, 1, 1, 0.5),
        written(3, 1, None, "ANGRY", 100),
        deleted(3, 2),
        event(
            "MoodRecorded",
            1,
            &json!({ "moodId": OTHER, "userId": USER, "mood": "CALM", "at": "2025-05-01T10:00:00Z" }),
        ),
        account("UserUpdated", 2, "Asia/Tokyo"),
    ]
}

#[tokio::test]
async fn figures_show_what_holds_now_on_the_users_own_clock() {
    let database = Database::after(&story()).await;
    let may_first = Stored::Date(days(date(2025, 5, 1)));
    let moods = vec![may_first, Stored::Text("CALM".into()), Stored::Int64(3), Stored::Float64(0.375)];
    let monday = Stored::Date(days(date(2025, 4, 28)));
    let sentiments = vec![monday, Stored::Float64(0.375), Stored::Int64(2)];
    // Half past eleven at night in UTC is half past eight of the next morning in Tokyo.
    let may_second = Stored::Date(days(date(2025, 5, 2)));
    let writing = vec![may_second, Stored::Int32(8), Stored::Int64(2), Stored::Int64(19)];
    let expected: Vec<Vec<String>> = [moods, sentiments, writing].iter().map(|row| vec![format!("{row:?}")]).collect();
    assert_eq!(database.figures(USER).await, expected);
}

#[tokio::test]
async fn events_that_come_twice_and_backwards_give_the_same_figures() {
    let events = story();
    let mut shuffled = events.clone();
    shuffled.reverse();
    shuffled.extend(events.clone());
    let (in_order, backwards) = (Database::after(&events).await, Database::after(&shuffled).await);
    assert_eq!(in_order.figures(USER).await, backwards.figures(USER).await);
}

#[tokio::test]
async fn the_platforms_figures_are_the_services_to_read_and_count_everybody() {
    let mut events = story();
    events.push(event("UserRegistered", 1, &json!({ "userId": OTHER, "timezone": "UTC" })));
    let database = Database::after(&events).await;
    let since = Time(1_746_057_600_000_000);
    let totals = database.run(Identity::Service, &figures::platform(since)).await.unwrap();
    assert_eq!(totals, [[2, 1, 2, 3].map(Stored::Int64).to_vec()]);
    let per_day = database.run(Identity::Service, &figures::entries_per_day(since)).await.unwrap();
    assert_eq!(per_day, [vec![Stored::Date(days(date(2025, 5, 1))), Stored::Int64(2)]]);
}

#[tokio::test]
async fn nobody_sees_anothers_figures_even_when_asking_for_them() {
    let database = Database::after(&story()).await;
    assert!(database.shown(OTHER, &figures::mood_trends(USER, FROM, TO)).await.is_empty());
    assert!(database.shown(OTHER, &figures::sentiment_trend(USER, FROM, TO, Granularity::Day)).await.is_empty());
    assert!(database.shown(OTHER, &figures::writing(USER, FROM, TO)).await.is_empty());
}

#[tokio::test]
async fn the_service_appends_and_can_neither_change_nor_remove_a_fact() {
    let database = Database::after(&story()).await;
    for text in ["UPDATE analytics.facts SET words = 0", "DELETE FROM analytics.facts"] {
        let statement = Statement { text: text.into(), params: Vec::new() };
        assert!(database.run(Identity::Service, &statement).await.is_err(), "{text}");
    }
    let caller = Identity::Caller { user_id: USER, roles: vec!["user".into()] };
    assert!(database.run(caller, &append(&deleted(1, 9)).unwrap().unwrap()).await.is_err());
}

#[test]
fn a_sentiment_out_of_range_is_refused_by_name() {
    let refused = append(&analysed(1, 1, 1, 1.5)).unwrap_err().to_string();
    assert_eq!(refused, "AIInsightsGenerated: `sentiment` is \"1.5\"");
}

/// As the database counts them: since 1970-01-01.
fn days(day: Date) -> i32 {
    (day - date(1970, 1, 1)).get_days()
}
