//! A database after some events, and events to put into it.

#![allow(clippy::disallowed_methods, reason = "tests may take any id")]

use crate::{
    bindings::exports::mindflow::analytics::figures::PlatformStats, fact, figures, keep, rows, statement::Statement,
    zone_clock::ZoneClock,
};
use jiff::{Timestamp, civil::Date};
use mindflow_backends::database::sql::{Error, Identity, Rowset as Stored, Value as StoredValue};
use mindflow_events::{Kind, fixture};
use mindflow_guest::{
    clock,
    events::Event,
    sql::{Rows, Rowset, Time, Value},
};
use mindflow_test_support::{TestDatabase, TestPostgres};
use serde_json::{Value as Json, json};
use uuid::Uuid;

pub const USER: Uuid = Uuid::from_u128(0xa1);
pub const OTHER: Uuid = Uuid::from_u128(0xa2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Plain,
    TimescaleDb,
}

pub struct Database(TestDatabase);

impl Database {
    pub async fn after(server: Server, events: &[Event]) -> Self {
        let database = Self(match server {
            Server::Plain => TestPostgres::analytics("analytics").await,
            Server::TimescaleDb => TestPostgres::extended("analytics", "analytics").await,
        });
        for event in events {
            database.run(Identity::Service, &appending(event)).await.unwrap();
        }
        database
    }

    pub async fn run(&self, identity: Identity, statement: &Statement) -> Result<Rows, Error> {
        let params: Vec<StoredValue> = statement.params.iter().cloned().map(stored).collect();
        let transaction = self.0.database().begin("analytics", &identity).await?;
        let answer = transaction.query(&statement.text, &params).await?;
        transaction.commit().await?;
        Ok(read(answer))
    }

    /// What the user is answered.
    pub async fn shown(&self, user: Uuid, statement: &Statement) -> Rows {
        self.run(caller(user), statement).await.unwrap()
    }

    /// What the service is answered.
    pub async fn counted(&self, statement: &Statement) -> Rows {
        self.run(Identity::Service, statement).await.unwrap()
    }

    /// Every row of every table of the service, as text.
    pub async fn rows(&self) -> Vec<String> {
        let client = self.0.database().admin().await.unwrap();
        let mut rows = Vec::new();
        for table in ["facts", "accounts", "entries", "sentiments", "moods", "activity"] {
            let text = format!("SELECT '{table} ' || t::text FROM analytics.{table} t ORDER BY 1");
            rows.extend(client.query(&text, &[]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
        }
        rows
    }

    /// What a superuser is answered to a question with one number.
    pub async fn number(&self, text: &str) -> i64 {
        self.0.one(text).await
    }
}

pub fn caller(user: Uuid) -> Identity {
    Identity::Caller { user_id: user, roles: vec!["user".into()] }
}

pub fn appending(event: &Event) -> Statement {
    keep::statement(&fact::of(event).unwrap().unwrap())
}

fn stored(value: Value) -> StoredValue {
    match value {
        Value::Null => StoredValue::Null,
        Value::Int64(it) => StoredValue::Int64(it),
        Value::Float64(it) => StoredValue::Float64(it),
        Value::Text(it) => StoredValue::Text(it),
        Value::Uuid(it) => StoredValue::Uuid(it),
        Value::Timestamp(it) => StoredValue::Timestamp(it),
        Value::Date(it) => StoredValue::Date(it),
        Value::Int64Array(it) => StoredValue::Int64Array(it),
        Value::TextArray(it) => StoredValue::TextArray(it),
        Value::UuidArray(it) => StoredValue::UuidArray(it),
        other => panic!("no fact has {other:?}"),
    }
}

fn read(answer: Stored) -> Rows {
    let value = |value: StoredValue| match value {
        StoredValue::Null => Value::Null,
        StoredValue::Boolean(it) => Value::Boolean(it),
        StoredValue::Int32(it) => Value::Int32(it),
        StoredValue::Int64(it) => Value::Int64(it),
        StoredValue::Float64(it) => Value::Float64(it),
        StoredValue::Text(it) => Value::Text(it),
        StoredValue::Date(it) => Value::Date(it),
        other => panic!("no figure is {other:?}"),
    };
    let rows = answer.rows.into_iter().map(|row| row.into_iter().map(value).collect()).collect();
    Rows::from(Rowset { columns: answer.columns, rows })
}

pub fn event(event_type: &str, sequence: u64, payload: &Json) -> Event {
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

/// The kind's fixture with other members.
fn changed(kind: Kind, sequence: u64, changes: &Json) -> Event {
    let mut payload: Json = serde_json::from_str(fixture(kind)).unwrap();
    for (member, value) in changes.as_object().unwrap() {
        payload[member] = value.clone();
    }
    event(kind.name(), sequence, &payload)
}

pub fn written(entry: u128, sequence: u64, reason: Option<&str>, mood: &str, words: u32) -> Event {
    let kind = if reason.is_none() { Kind::JournalEntryCreated } else { Kind::JournalEntryUpdated };
    let changes = json!({
        "journalId": Uuid::from_u128(entry), "userId": USER, "mood": mood, "createdAt": "2025-05-01T23:30:00Z",
        "entryDate": "2025-05-01", "wordCount": words, "analysis": "requested", "reason": reason,
    });
    changed(kind, sequence, &changes)
}

pub fn deleted(entry: u128, sequence: u64) -> Event {
    let changes = json!({ "journalId": Uuid::from_u128(entry), "userId": USER });
    changed(Kind::JournalEntryDeleted, sequence, &changes)
}

pub fn analysed(entry: u128, sequence: u64, entry_sequence: u64, sentiment: f64) -> Event {
    let id = Uuid::from_u128(entry);
    let changes = json!({ "journalId": id, "userId": USER, "entrySequence": entry_sequence, "sentiment": sentiment });
    changed(Kind::AIInsightsGenerated, sequence, &changes)
}

pub fn felt(mood: &str, at: &str) -> Event {
    let changes = json!({ "moodId": Uuid::new_v4(), "userId": USER, "mood": mood, "at": at, "date": null });
    changed(Kind::MoodRecorded, 1, &changes)
}

/// That this mood was taken back.
pub fn taken_back(felt: &Event) -> Event {
    let felt: Json = serde_json::from_str(&felt.payload).unwrap();
    changed(Kind::MoodTakenBack, 2, &json!({ "moodId": felt["moodId"], "userId": felt["userId"] }))
}

/// An entry of that user about that day, begun long before.
pub fn about(entry: u128, user: Uuid, day: Date) -> Event {
    let begun = "2020-01-01T12:00:00Z";
    let changes = json!({ "journalId": Uuid::from_u128(entry), "userId": user, "entryDate": day.to_string(), "createdAt": begun });
    changed(Kind::JournalEntryCreated, 1, &changes)
}

/// What the user wrote in so many days up to `now`, on the clock of that zone.
pub fn writing(user: Uuid, zone: &str, now: &str, days: u32) -> Statement {
    let (zone, now) = (clock::time_zone(zone), now.parse::<Timestamp>().unwrap());
    let today = clock::today_in(&zone, now);
    figures::writing(user, ZoneClock::since(&zone, clock::days_before(today, days - 1), now), today)
}

pub fn account(kind: Kind, sequence: u64, user: Uuid, timezone: &str) -> Event {
    changed(kind, sequence, &json!({ "userId": user, "timezone": timezone }))
}

/// Recorded on that day of its user's.
pub fn felt_on(mood: &str, at: &str, day: &str) -> Event {
    let changes = json!({ "moodId": Uuid::new_v4(), "userId": USER, "mood": mood, "at": at, "date": day });
    changed(Kind::MoodRecorded, 1, &changes)
}

/// An entry that was begun then.
pub fn begun(entry: u128, at: &str) -> Event {
    let changes = json!({ "journalId": Uuid::from_u128(entry), "userId": USER, "createdAt": at });
    changed(Kind::JournalEntryCreated, 1, &changes)
}

/// The same event at another time.
pub fn at(time: &str, event: Event) -> Event {
    Event { timestamp: time.parse::<Timestamp>().unwrap().as_microsecond(), ..event }
}

/// The user's moods over all days.
pub fn all_moods(from: Date, to: Date) -> Statement {
    figures::mood_trends(USER, from, to)
}

/// The platform's figures of these days, as the service counts them, or as a caller would.
pub async fn platform_stats(database: &Database, identity: &Identity, from: Date, to: Date) -> PlatformStats {
    let since = Time(clock::midnight_us(from));
    let totals = database.run(identity.clone(), &figures::platform(from)).await.unwrap();
    let per_day = database.run(identity.clone(), &figures::platform_per_day(from, since)).await.unwrap();
    rows::platform_stats(&totals, &per_day, from, to).unwrap()
}
