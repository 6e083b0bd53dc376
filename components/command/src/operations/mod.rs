//! The operations of the service. Each proves the caller, validates the input, and runs one transaction that writes the
//! rows and their events.

mod attachments;
pub mod books;
pub mod changes;
pub mod create;
pub mod ended_tags;
pub mod imports;
pub mod lifecycle;
pub mod moods;
pub mod prompts;
pub mod publish;
pub mod tags;
pub mod templates;
pub mod trash;
pub mod update;
pub mod versions;

use crate::announce::Events;
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::Stored;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::caller::Caller;
use mindflow_guest::journal::Mark;
use mindflow_guest::{clock, id};
use uuid::Uuid;

/// The role whose holders get insights and have no quota.
const PREMIUM: &str = "premium";

/// The start of every operation: the proven caller and the time.
pub struct Request<'a> {
    caller: Caller,
    user_id: Uuid,
    premium: bool,
    now_us: i64,
    events: Events<'a>,
}

impl<'a> Request<'a> {
    pub async fn begin(context: &'a CallContext) -> Result<Self, Error> {
        let caller = Caller::prove(context).await?;
        Ok(Self {
            user_id: caller.user_id,
            premium: caller.has_role(PREMIUM),
            now_us: clock::now_us(),
            events: Events { context, user_id: caller.user_id },
            caller,
        })
    }

    /// The entry as it was written.
    fn answer(&self, stored: Stored) -> wit::WrittenEntry {
        let analysis_requested = self.premium && !stored.entry.draft;
        // Tags may be new, and are events of their own then; those that are not have been shown for long.
        let tags = stored.entry.tags.iter().map(|tag| Mark::tag(tag.id, 1));
        let marks = tags.chain([mark(&stored)]).collect();
        wit::WrittenEntry { entry: stored.entry.into(), analysis_requested, marks }
    }
}

/// Of the entry's last event.
fn mark(stored: &Stored) -> Mark {
    let (id, sequence) = (stored.entry.id, stored.event_sequence);
    if stored.entry.draft { Mark::draft(id, sequence) } else { Mark::entry(id, sequence) }
}

/// An id from outside. A text that is not an id is answered like an id that does not exist.
fn known_id(text: &str, not_found: impl FnOnce() -> Error) -> Result<Uuid, Error> {
    id::parse(text).ok_or_else(not_found)
}
