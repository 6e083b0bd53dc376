//! The fact that an event leaves behind: one row, which follows from the event alone. Of a mood that was taken back it is the note that
//! it counts for nothing.

use mindflow_events::{self as events, BadEvent, Date, EntryWritten, Mood, Payload, Time};
use mindflow_guest::{event, events::Event};
use uuid::Uuid;

/// What happened, as `analytics.facts.kind` spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Account,
    Login,
    Entry,
    Deletion,
    Mood,
    /// Leaves no fact: it takes one out of the figures.
    MoodTakenBack,
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
            Self::MoodTakenBack => "mood_taken_back",
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

/// The figures of a fact; which ones depends on its kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    pub entry_sequence: Option<i64>,
    pub mood: Option<Mood>,
    pub words: Option<i64>,
    pub sentiment: Option<f64>,
    pub written_at: Option<Time>,
    /// The entry's, or the day on which the mood was recorded.
    pub entry_date: Option<Date>,
    pub timezone: Option<String>,
}

/// The events that leave a fact behind.
const OBSERVED: [events::Kind; 9] = [
    events::Kind::UserRegistered,
    events::Kind::UserUpdated,
    events::Kind::UserLoggedIn,
    events::Kind::JournalEntryCreated,
    events::Kind::JournalEntryUpdated,
    events::Kind::JournalEntryDeleted,
    events::Kind::MoodRecorded,
    events::Kind::MoodTakenBack,
    events::Kind::AIInsightsGenerated,
];

/// The event's fact; `None` for events that leave none.
///
/// # Errors
/// The payload does not have the shape of its event.
pub fn of(event: &Event) -> Result<Option<Fact>, BadEvent> {
    let (sequence, event_id) = (event::sequence(event)?, event::id(event)?);
    let Some(payload) = event::payload(event, &OBSERVED)? else { return Ok(None) };
    let figures = Figures::default();
    let (kind, user_id, subject_id, figures) = match payload {
        Payload::UserRegistered(account) | Payload::UserUpdated(account) => {
            let figures = Figures { timezone: Some(account.timezone), ..figures };
            (Kind::Account, account.user_id, account.user_id, figures)
        }
        Payload::UserLoggedIn(login) => (Kind::Login, login.user_id, login.user_id, figures),
        Payload::MoodRecorded(recorded) => {
            let (mood, written_at) = (Some(recorded.mood), Some(recorded.at));
            let figures = Figures { mood, written_at, entry_date: recorded.date, ..figures };
            (Kind::Mood, recorded.user_id, recorded.mood_id, figures)
        }
        Payload::MoodTakenBack(taken) => (Kind::MoodTakenBack, taken.user_id, taken.mood_id, figures),
        Payload::JournalEntryCreated(written) | Payload::JournalEntryUpdated(written) => {
            (Kind::Entry, written.entry.user_id, written.entry.id, entry(&written, sequence))
        }
        Payload::JournalEntryDeleted(deleted) => (Kind::Deletion, deleted.user_id, deleted.id, figures),
        Payload::AIInsightsGenerated(insights) => {
            let entry_sequence = i64::try_from(insights.entry_sequence).ok();
            let figures = Figures { entry_sequence, sentiment: insights.sentiment, ..figures };
            (Kind::Analysis, insights.user_id, insights.entry_id, figures)
        }
        _ => return Ok(None),
    };
    Ok(Some(Fact { event_id, occurred_at: Time(event.timestamp), sequence, kind, user_id, subject_id, figures }))
}

fn entry(written: &EntryWritten, sequence: i64) -> Figures {
    let entry = &written.entry;
    Figures {
        entry_sequence: written.voids_analysis().then_some(sequence),
        mood: entry.mood,
        words: Some(i64::from(entry.word_count)),
        written_at: Some(entry.created_at),
        entry_date: Some(entry.entry_date),
        ..Figures::default()
    }
}
