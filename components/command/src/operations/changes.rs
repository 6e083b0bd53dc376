//! What has changed of the caller's things, for a device that was away. Served from here, and not by the read side: a change is in the list
//! when its transaction is over, and what is answered of it is at least as new. Views may be behind the list.

use super::Request;
use crate::bindings::exports::mindflow::command::{devices as wit, journal::MoodRecord};
use crate::progress::Progress;
use crate::quota;
use crate::store::changes::{self, Change, FORGOTTEN_PER_TRANSACTION, Kind, Recorded, Thing};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::clock;
use mindflow_guest::failure::invalid;
use mindflow_guest::journal::{Book, Mark, PAGE_MAX};
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::Time;
use uuid::Uuid;

/// The schedule that forgets old tombstones.
pub const SCHEDULE: &str = "forget-changes";

pub async fn since(context: &CallContext, cursor: Option<&str>, first: u32) -> Result<wit::ChangePage, Error> {
    let request = Request::begin(context).await?;
    if !(1..=PAGE_MAX).contains(&first) {
        return Err(invalid("first", Rule::range(1, PAGE_MAX), format!("Ask for 1 to {PAGE_MAX} changes.")));
    }
    let asked = cursor.map(|cursor| Progress::of(cursor, request.user_id)).transpose()?;
    let page = changes::page(request.user_id, request.caller.identity(), asked, first).await?;
    Ok(wit::ChangePage {
        changes: page.changes.into_iter().map(|change| shown(change, request.user_id)).collect(),
        cursor: page.progress.encode(),
        has_more: page.has_more,
    })
}

/// Tombstones that are older than the setting go. Devices that know nothing as new are asked to begin again.
pub async fn forget() -> Result<(), Error> {
    let kept_us = quota::changes_us().await.map_err(Error::Internal)?;
    let before = Time(clock::now_us().saturating_sub(kept_us));
    while changes::forget(before).await? >= FORGOTTEN_PER_TRANSACTION {}
    Ok(())
}

fn shown(Change { kind, id, thing }: Change, user_id: Uuid) -> wit::Change {
    let thing = match thing {
        Thing::Gone => wit::ChangedThing::Gone,
        Thing::Entry(entry) => wit::ChangedThing::Entry((*entry).into()),
        Thing::Book(name) => {
            let is_default = id == user_id;
            wit::ChangedThing::Book(Book { id: id.to_string(), name, is_default, entry_count: None })
        }
        Thing::Tag(tag) => wit::ChangedThing::Tag(tag.into()),
        Thing::Mood(Recorded { mood, note, at, date }) => wit::ChangedThing::Mood(MoodRecord {
            id: id.to_string(),
            mood: mood.into(),
            note,
            at: at.0,
            date: date.to_string(),
            mark: Mark::mood(id, 1),
        }),
        Thing::Template(template) => wit::ChangedThing::Template((*template).into()),
        Thing::Elsewhere => wit::ChangedThing::Elsewhere,
    };
    wit::Change { kind: kind.into(), id: id.to_string(), thing }
}

impl From<Kind> for wit::ChangedKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Entry => Self::Entry,
            Kind::Book => Self::Book,
            Kind::Tag => Self::Tag,
            Kind::Mood => Self::Mood,
            Kind::Template => Self::Template,
            Kind::Reminder => Self::Reminder,
            Kind::Media => Self::Media,
        }
    }
}
