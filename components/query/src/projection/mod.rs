//! What an event changes in the read database.
//!
//! Each event becomes one statement. Its rows carry the event's sequence, and it overwrites only rows of a
//! smaller one; deletion leaves a tombstone. What a statement writes follows from its event alone, never from
//! what is there, so the rows with the greatest sequence win in whatever order, and however often, events come.

mod account;
mod analysis;
mod entry;
mod payload;

use crate::statement::Statement;
use mindflow_guest::events::Event;
use serde::Serialize;
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
    #[error("payload of {event_type}: `{field}` is {value:?}")]
    Value { event_type: String, field: &'static str, value: String },
    #[error("sequence {0} is more than the database counts")]
    Sequence(u64),
}

/// What to do for one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Whose views change.
    pub user_id: Uuid,
    /// Answers one row with the boolean `shown`: readers now see what this event said, and nothing newer.
    pub statement: Statement,
    /// What to tell the user's listeners.
    pub notice: Option<Notice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    Created,
    Updated,
    Deleted,
    Analyzed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    pub kind: Kind,
    pub entry_id: Uuid,
}

/// None: an event that is nothing to this service.
///
/// # Errors
/// The event is not what its type promises, and never will be.
pub fn plan(event: &Event) -> Result<Option<Plan>, BadEvent> {
    let sequence = i64::try_from(event.sequence).map_err(|_| BadEvent::Sequence(event.sequence))?;
    let plan = match event.event_type.as_str() {
        "UserRegistered" | "UserUpdated" => account::user(payload::read(event)?, sequence),
        "TagCreated" | "TagRenamed" => account::tag(payload::read(event)?, sequence),
        "MoodRecorded" => account::mood(payload::read(event)?, sequence),
        "JournalEntryCreated" => entry::written(payload::read(event)?, sequence, Kind::Created),
        "JournalEntryUpdated" => entry::written(payload::read(event)?, sequence, Kind::Updated),
        "JournalEntryDeleted" => entry::deleted(payload::read(event)?, sequence),
        "AIInsightsGenerated" => analysis::ready(payload::read(event)?, sequence),
        "AIAnalysisFailed" => analysis::failed(payload::read(event)?, sequence),
        _ => return Ok(None),
    };
    plan.map(Some).map_err(|wrong| wrong.of(event))
}

#[cfg(test)]
pub mod tests;
