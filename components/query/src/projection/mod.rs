//! What an event changes in the read database.
//!
//! Each event becomes one statement. Its rows carry the event's sequence, and it overwrites only rows of a
//! smaller one; deletion leaves a tombstone. A statement writes values of its event alone, never of existing rows, so
//! the rows with the greatest sequence win for every order and number of deliveries.
//!
//! Texts of old events come into the form that they have had since (the crate `text`).

mod account;
mod analysis;
mod entry;

use crate::statement::Statement;
use mindflow_events::{Analysis, BadEvent, EntryWritten, Kind, Notice, NoticeKind, Payload, Reason};
use mindflow_guest::{event, events::Event, sql::Json, text};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

/// The events that change something here.
const PROJECTED: [Kind; 16] = [
    Kind::UserRegistered,
    Kind::UserUpdated,
    Kind::JournalEntryCreated,
    Kind::JournalEntryUpdated,
    Kind::JournalEntryDeleted,
    Kind::JournalDraftSaved,
    Kind::JournalCreated,
    Kind::JournalRenamed,
    Kind::JournalDeleted,
    Kind::MoodRecorded,
    Kind::MoodTakenBack,
    Kind::TagCreated,
    Kind::TagRenamed,
    Kind::TagDeleted,
    Kind::AIInsightsGenerated,
    Kind::AIAnalysisFailed,
];

/// What to do for one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Whose views change.
    pub user_id: Uuid,
    /// Answers one row with the boolean `shown`: readers now see what this event said, and nothing newer.
    pub statement: Statement,
    /// The notice for the user's subscribers.
    pub notice: Option<Notice>,
    /// A tag whose new name the entries that carry it now show, so that subscribers get notices of them as well.
    pub renamed_tag: Option<Uuid>,
}

/// `None` for events that change nothing here.
///
/// # Errors
/// The payload does not have the shape of its event.
pub fn plan(event: &Event) -> Result<Option<Plan>, BadEvent> {
    let sequence = event::sequence(event)?;
    let Some(payload) = event::payload(event, &PROJECTED)? else { return Ok(None) };
    let plan = match payload {
        Payload::UserRegistered(user) | Payload::UserUpdated(user) => account::user(user, sequence),
        Payload::TagCreated(tag) => account::tag(tag.tag_id, tag.user_id, tag.name, sequence),
        Payload::TagRenamed(tag) => {
            Plan { renamed_tag: Some(tag.tag_id), ..account::tag(tag.tag_id, tag.user_id, tag.name, sequence) }
        }
        Payload::TagDeleted(tag) => account::tag_deleted(&tag, sequence),
        Payload::MoodRecorded(mood) => account::mood(mood, sequence),
        Payload::MoodTakenBack(mood) => account::mood_taken_back(&mood, sequence),
        Payload::JournalCreated(book) | Payload::JournalRenamed(book) => account::book(book, false, sequence),
        Payload::JournalDeleted(book) => account::book(book, true, sequence),
        Payload::JournalDraftSaved(entry) => entry::written(&known(event, entry)?, sequence, NoticeKind::Draft),
        Payload::JournalEntryCreated(entry) => entry::written(&known(event, entry)?, sequence, NoticeKind::Created),
        Payload::JournalEntryUpdated(entry) => {
            // To who reads, a restored entry is one more.
            let restored = entry.reason == Some(Reason::Restored);
            let kind = if restored { NoticeKind::Created } else { NoticeKind::Updated };
            entry::written(&known(event, entry)?, sequence, kind)
        }
        Payload::JournalEntryDeleted(entry) => entry::deleted(&entry, sequence),
        Payload::AIInsightsGenerated(insights) => analysis::ready(insights, sequence),
        Payload::AIAnalysisFailed(failed) => analysis::failed(&failed, sequence),
        Payload::AccountDeletionCancelled(_)
        | Payload::AccountDeletionRequested(_)
        | Payload::AccountErased(_)
        | Payload::AccountMailRequested(_)
        | Payload::CredentialsChanged(_)
        | Payload::ErasureCompleted(_)
        | Payload::JournalEntryPurged(_)
        | Payload::KeysDestroyed(_)
        | Payload::UserLoggedIn(_)
        | Payload::MailRequested(_)
        | Payload::NotificationRequested(_)
        | Payload::PushRequested(_)
        | Payload::WebhookRequested(_) => return Ok(None),
    };
    Ok(Some(plan))
}

/// Readers are shown whether an analysis will come, so the word for it must be known.
fn known(event: &Event, mut written: EntryWritten) -> Result<EntryWritten, BadEvent> {
    if written.analysis != Analysis::Other {
        written.entry.title = text::into_nfc(written.entry.title);
        written.entry.content = text::into_nfc(written.entry.content);
        return Ok(written);
    }
    let (event_type, version) = (event.event_type.clone(), event.version.clone());
    Err(BadEvent::Shape { event_type, version, reason: "`analysis` is a word of a later version".into() })
}

/// What the database keeps as `jsonb`.
fn json(value: &impl Serialize) -> Json {
    Json(json!(value).to_string())
}

#[cfg(test)]
pub mod tests;
