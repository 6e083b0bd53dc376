//! What an event leaves behind: one row, which follows from the event alone.

use mindflow_guest::{
    clock,
    events::Event,
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

/// What happened, as `analytics.facts.kind` spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Account,
    Login,
    Entry,
    Deletion,
    Mood,
    Analysis,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Login => "login",
            Self::Entry => "entry",
            Self::Deletion => "deletion",
            Self::Mood => "mood",
            Self::Analysis => "analysis",
        }
    }
}

/// A row of `analytics.facts`.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub event_id: Uuid,
    pub occurred_at: Time,
    pub sequence: i64,
    pub kind: Kind,
    pub user_id: Uuid,
    /// The entry, the mood or the account.
    pub subject_id: Uuid,
    pub figures: Figures,
}

/// What a kind of fact has of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    pub entry_sequence: Option<i64>,
    pub mood: Option<String>,
    pub words: Option<i64>,
    pub sentiment: Option<f64>,
    pub written_at: Option<Time>,
    pub entry_date: Option<Date>,
    pub timezone: Option<String>,
}

/// Kind, user and subject with their figures.
type Read = (Kind, Uuid, Uuid, Figures);

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

/// The event's fact. None: an event that is nothing to this service.
///
/// # Errors
/// The event is not what its type promises, and never will be.
pub fn of(event: &Event) -> Result<Option<Fact>, BadEvent> {
    let wrong = |Wrong(field, value)| BadEvent::Value { event_type: event.event_type.clone(), field, value };
    let sequence = i64::try_from(event.sequence).map_err(|_| wrong(Wrong("sequence", event.sequence.to_string())))?;
    let event_id = Uuid::try_parse(&event.id).map_err(|_| wrong(Wrong("eventId", event.id.clone())))?;
    let read = match event.event_type.as_str() {
        "UserRegistered" | "UserUpdated" => Ok(account(read(event)?)),
        "UserLoggedIn" => Ok(login(&read(event)?)),
        "MoodRecorded" => mood(read(event)?),
        "JournalEntryCreated" | "JournalEntryUpdated" => entry(read(event)?, sequence),
        "JournalEntryDeleted" => Ok(deletion(&read(event)?)),
        "AIInsightsGenerated" => insights(&read(event)?),
        _ => return Ok(None),
    };
    let (kind, user_id, subject_id, figures) = read.map_err(wrong)?;
    Ok(Some(Fact { event_id, occurred_at: Time(event.timestamp), sequence, kind, user_id, subject_id, figures }))
}

fn account(account: Account) -> Read {
    let Account { user_id, timezone } = account;
    (Kind::Account, user_id, user_id, Figures { timezone: Some(timezone), ..Figures::default() })
}

fn login(Login { user_id }: &Login) -> Read {
    (Kind::Login, *user_id, *user_id, Figures::default())
}

fn mood(mood: Mood) -> Result<Read, Wrong> {
    let written_at = Some(time("at", &mood.at)?);
    let figures = Figures { mood: Some(mood.mood), written_at, ..Figures::default() };
    Ok((Kind::Mood, mood.user_id, mood.mood_id, figures))
}

fn entry(entry: Entry, sequence: i64) -> Result<Read, Wrong> {
    // A restored entry and a renamed tag leave the text as it was analysed.
    let voids_analysis = match (entry.reason.as_deref(), entry.analysis.as_str()) {
        (None | Some("edited"), _) | (Some("reanalyze"), "requested") => true,
        (Some(_), _) => false,
    };
    let figures = Figures {
        entry_sequence: voids_analysis.then_some(sequence),
        mood: entry.mood,
        words: Some(i64::from(entry.word_count)),
        written_at: Some(time("createdAt", &entry.created_at)?),
        entry_date: Some(day("entryDate", &entry.entry_date)?),
        ..Figures::default()
    };
    Ok((Kind::Entry, entry.user_id, entry.journal_id, figures))
}

fn deletion(deletion: &Deletion) -> Read {
    (Kind::Deletion, deletion.user_id, deletion.journal_id, Figures::default())
}

fn insights(insights: &Insights) -> Result<Read, Wrong> {
    if let Some(sentiment) = insights.sentiment.filter(|sentiment| !(-1.0..=1.0).contains(sentiment)) {
        return Err(Wrong("sentiment", sentiment.to_string()));
    }
    let figures = Figures {
        entry_sequence: Some(i64::from(insights.entry_sequence)),
        sentiment: insights.sentiment,
        ..Figures::default()
    };
    Ok((Kind::Analysis, insights.user_id, insights.journal_id, figures))
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
