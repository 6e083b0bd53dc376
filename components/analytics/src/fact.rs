//! What an event leaves behind: one row, which follows from the event alone.

use crate::Statement;
use mindflow_guest::{
    clock,
    events::Event,
    params,
    sql::{Date, Time},
};
use serde::{Deserialize, de::DeserializeOwned};
use uuid::Uuid;

/// Why an event can never be applied.
#[derive(Debug, thiserror::Error)]
pub enum BadEvent {
    #[error("payload of {event_type}")]
    Payload {
        event_type: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("{event_type}: `{field}` is {value:?}")]
    Value { event_type: String, field: &'static str, value: String },
}

/// A field whose JSON type is right and whose value is not.
struct Wrong(&'static str, String);

#[derive(Default)]
struct Fact {
    kind: &'static str,
    user_id: Uuid,
    subject_id: Uuid,
    entry_sequence: Option<i64>,
    mood: Option<String>,
    words: Option<i64>,
    sentiment: Option<f64>,
    written_at: Option<Time>,
    entry_date: Option<Date>,
    timezone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    user_id: Uuid,
    timezone: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Login {
    user_id: Uuid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mood {
    mood_id: Uuid,
    user_id: Uuid,
    mood: String,
    at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    journal_id: Uuid,
    user_id: Uuid,
    mood: Option<String>,
    created_at: String,
    entry_date: String,
    word_count: u32,
    analysis: String,
    /// None for a new entry.
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deletion {
    journal_id: Uuid,
    user_id: Uuid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Insights {
    journal_id: Uuid,
    user_id: Uuid,
    entry_sequence: u32,
    sentiment: Option<f64>,
}

/// The statement that appends the event's fact. None: an event that is nothing to this service.
///
/// # Errors
/// The event is not what its type promises, and never will be.
pub fn append(event: &Event) -> Result<Option<Statement>, BadEvent> {
    let wrong = |Wrong(field, value)| BadEvent::Value { event_type: event.event_type.clone(), field, value };
    let sequence = i64::try_from(event.sequence).map_err(|_| wrong(Wrong("sequence", event.sequence.to_string())))?;
    let id = Uuid::try_parse(&event.id).map_err(|_| wrong(Wrong("eventId", event.id.clone())))?;
    let fact = match event.event_type.as_str() {
        "UserRegistered" | "UserUpdated" => Ok(account(read(event)?)),
        "UserLoggedIn" => Ok(login(read(event)?)),
        "MoodRecorded" => mood(read(event)?),
        "JournalEntryCreated" | "JournalEntryUpdated" => entry(read(event)?, sequence),
        "JournalEntryDeleted" => Ok(deletion(read(event)?)),
        "AIInsightsGenerated" => insights(read(event)?),
        _ => return Ok(None),
    };
    Ok(Some(statement(id, Time(event.timestamp), sequence, fact.map_err(wrong)?)))
}

fn statement(id: Uuid, at: Time, sequence: i64, fact: Fact) -> Statement {
    let text = "INSERT INTO analytics.facts
            (event_id, occurred_at, kind, user_id, subject_id, sequence, entry_sequence, mood, words, sentiment, written_at, entry_date, timezone)
        VALUES ($1::uuid, $2::timestamptz, $3::text, $4::uuid, $5::uuid, $6::bigint, $7::bigint, $8::text, $9::bigint,
            $10::double precision, $11::timestamptz, $12::date, $13::text)
        ON CONFLICT (event_id, occurred_at) DO NOTHING";
    let params = params![
        id,
        at,
        fact.kind,
        fact.user_id,
        fact.subject_id,
        sequence,
        fact.entry_sequence,
        fact.mood,
        fact.words,
        fact.sentiment,
        fact.written_at,
        fact.entry_date,
        fact.timezone,
    ];
    Statement { text: text.to_owned(), params }
}

fn account(account: Account) -> Fact {
    let Account { user_id, timezone } = account;
    Fact { kind: "account", user_id, subject_id: user_id, timezone: Some(timezone), ..Fact::default() }
}

fn login(Login { user_id }: Login) -> Fact {
    Fact { kind: "login", user_id, subject_id: user_id, ..Fact::default() }
}

fn mood(mood: Mood) -> Result<Fact, Wrong> {
    let written_at = Some(time("at", &mood.at)?);
    Ok(Fact {
        kind: "mood",
        user_id: mood.user_id,
        subject_id: mood.mood_id,
        mood: Some(mood.mood),
        written_at,
        ..Fact::default()
    })
}

fn entry(entry: Entry, sequence: i64) -> Result<Fact, Wrong> {
    // A restored entry and a renamed tag leave the text as it was analysed.
    let voids_analysis = match (entry.reason.as_deref(), entry.analysis.as_str()) {
        (None | Some("edited"), _) | (Some("reanalyze"), "requested") => true,
        (Some(_), _) => false,
    };
    Ok(Fact {
        kind: "entry",
        user_id: entry.user_id,
        subject_id: entry.journal_id,
        entry_sequence: voids_analysis.then_some(sequence),
        mood: entry.mood,
        words: Some(i64::from(entry.word_count)),
        written_at: Some(time("createdAt", &entry.created_at)?),
        entry_date: Some(day("entryDate", &entry.entry_date)?),
        ..Fact::default()
    })
}

fn deletion(deletion: Deletion) -> Fact {
    Fact { kind: "deletion", user_id: deletion.user_id, subject_id: deletion.journal_id, ..Fact::default() }
}

fn insights(insights: Insights) -> Result<Fact, Wrong> {
    if let Some(sentiment) = insights.sentiment.filter(|sentiment| !(-1.0..=1.0).contains(sentiment)) {
        return Err(Wrong("sentiment", sentiment.to_string()));
    }
    Ok(Fact {
        kind: "analysis",
        user_id: insights.user_id,
        subject_id: insights.journal_id,
        entry_sequence: Some(i64::from(insights.entry_sequence)),
        sentiment: insights.sentiment,
        ..Fact::default()
    })
}

fn read<T: DeserializeOwned>(event: &Event) -> Result<T, BadEvent> {
    serde_json::from_str(&event.payload)
        .map_err(|source| BadEvent::Payload { event_type: event.event_type.clone(), source })
}

fn time(field: &'static str, text: &str) -> Result<Time, Wrong> {
    clock::parse_rfc3339(text).map(Time).ok_or_else(|| Wrong(field, text.to_owned()))
}

fn day(field: &'static str, text: &str) -> Result<Date, Wrong> {
    text.parse().map(Date).map_err(|_| Wrong(field, text.to_owned()))
}
