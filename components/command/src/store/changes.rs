//! What has changed, and the things as they are now. The page is read first: what changes after that comes once more on a later one.

use super::DATABASE;
use super::entries;
use super::templates::{self, Template};
use crate::progress::{self, Kept, Progress};
use crate::statements;
use mindflow_events::{Date, Entry, Mood, Tag, Time};
use mindflow_guest::call::Error;
use mindflow_guest::params;
use mindflow_guest::sql::{self, Identity, Row, RowError, Rows};
use std::collections::HashMap;
use uuid::Uuid;

/// Of the contents of a page, together. An instance has 64 MiB, in which they are four times.
const PAGE_BYTES_MAX: i64 = 4 << 20;
/// Before a position that no counter reaches.
const NO_TOMBSTONES: i64 = i64::MAX;
/// Tombstones that go in one transaction.
pub const FORGOTTEN_PER_TRANSACTION: u64 = 1_000;

/// Kinds of things, as the database spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Entry,
    Book,
    Tag,
    Mood,
    Template,
    Reminder,
    Media,
}

/// A mood that was recorded without an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub mood: Mood,
    pub note: Option<String>,
    pub at: Time,
    pub date: Date,
}

/// What there is of a thing now.
#[derive(Debug, Clone, PartialEq)]
pub enum Thing {
    Gone,
    Entry(Box<Entry>),
    /// Its name.
    Book(String),
    Tag(Tag),
    Mood(Recorded),
    Template(Box<Template>),
    /// It is there, and another service has it.
    Elsewhere,
}

pub struct Change {
    pub kind: Kind,
    pub id: Uuid,
    pub thing: Thing,
}

pub struct Page {
    pub changes: Vec<Change>,
    pub progress: Progress,
    pub has_more: bool,
}

/// A line of the list of changes.
struct Listed {
    kind: Kind,
    id: Uuid,
    is_deleted: bool,
}

/// The next changes after the device's place, or all that there is.
///
/// # Errors
/// `invalid` when what followed the place is no longer known.
pub async fn page(user_id: Uuid, identity: Identity, asked: Option<Progress>, first: u32) -> Result<Page, Error> {
    let after = asked.map_or(0, |progress| progress.position);
    let needless = asked.map_or(Ok(NO_TOMBSTONES), |progress| i64::try_from(progress.began));
    let needless = needless.unwrap_or(NO_TOMBSTONES);
    let params = params![user_id, after, needless, first, PAGE_BYTES_MAX];
    let rows = sql::query(DATABASE, identity.clone(), statements::PAGE_OF_CHANGES, params).await?;
    let state = rows.first().ok_or_else(|| Error::Internal("the list of changes answers no row".into()))?;
    let kept = Kept { counter: state.get("counter")?, forgotten: state.get("forgotten")? };
    let found: u64 = state.get::<Option<u64>>("found")?.unwrap_or_default();
    let (mut listed, mut last) = (Vec::with_capacity(rows.len()), None);
    for row in rows.iter() {
        // Without a change there is one row, which says how far the user is.
        let Some(kind) = row.get::<Option<String>>("kind")? else { continue };
        let kind = Kind::of(&kind).ok_or_else(|| Error::Internal(format!("`{kind}` is no kind of a change")))?;
        listed.push(Listed { kind, id: row.get("id")?, is_deleted: row.get("deleted")? });
        last = Some(row.get("position")?);
    }
    let has_more = found > listed.len() as u64;
    let progress = progress::after(asked, user_id, kept, last.filter(|_| has_more))?;
    let changes = things(user_id, identity, listed).await?;
    Ok(Page { changes, progress, has_more })
}

/// What was changed, as it is now. What is no longer there is gone.
async fn things(user_id: Uuid, identity: Identity, listed: Vec<Listed>) -> Result<Vec<Change>, Error> {
    let ids = |kind: Kind| {
        let of_kind = listed.iter().filter(|change| change.kind == kind && !change.is_deleted);
        of_kind.map(|change| change.id).collect::<Vec<_>>()
    };
    let asked: Vec<_> = Kind::KEPT_HERE.into_iter().filter(|(kind, ..)| !ids(*kind).is_empty()).collect();
    let mut found = HashMap::new();
    if !asked.is_empty() {
        let reads = asked.iter().map(|(kind, text, _)| ((*text).to_owned(), params![user_id, ids(*kind)])).collect();
        let answers = sql::query_many(DATABASE, identity, reads).await?;
        for ((kind, _, read), rows) in asked.iter().zip(&answers) {
            for (id, thing) in each(rows, *read)? {
                found.insert((*kind, id), thing);
            }
        }
    }
    let changes = listed.into_iter().map(|Listed { kind, id, is_deleted }| {
        let thing = match kind {
            _ if is_deleted => Thing::Gone,
            Kind::Reminder | Kind::Media => Thing::Elsewhere,
            _ => found.remove(&(kind, id)).unwrap_or(Thing::Gone),
        };
        Change { kind, id, thing }
    });
    Ok(changes.collect())
}

type Read = fn(&Row<'_>) -> Result<Thing, RowError>;

fn each(rows: &Rows, read: Read) -> Result<Vec<(Uuid, Thing)>, RowError> {
    rows.iter().map(|row| Ok((row.get("id")?, read(&row)?))).collect()
}

/// Tombstones of all users that are older than that go; how many there were.
pub async fn forget(before: Time) -> Result<u64, Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let rows = tx.query(statements::FORGET_CHANGES, params![before, FORGOTTEN_PER_TRANSACTION]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.get("forgotten"))?)
    })
    .await
}

// === impl Kind ===

impl Kind {
    /// Those whose things this service has: how they are read, and what a row is.
    const KEPT_HERE: [(Self, &'static str, Read); 5] = [
        (Self::Entry, statements::ENTRIES_BY_ID, |row| Ok(Thing::Entry(Box::new(entries::entry(row)?)))),
        (Self::Book, statements::BOOKS_BY_ID, |row| Ok(Thing::Book(row.get("name")?))),
        (Self::Tag, statements::TAGS_BY_ID, |row| Ok(Thing::Tag(Tag { id: row.get("id")?, name: row.get("name")? }))),
        (Self::Mood, statements::MOODS_BY_ID, |row| {
            let (mood, note, at) = (row.get("mood")?, row.get("note")?, row.get("at")?);
            Ok(Thing::Mood(Recorded { mood, note, at, date: row.get("date")? }))
        }),
        (Self::Template, statements::TEMPLATES_BY_ID, |row| Ok(Thing::Template(Box::new(templates::template(row)?)))),
    ];

    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "entry" => Self::Entry,
            "book" => Self::Book,
            "tag" => Self::Tag,
            "mood" => Self::Mood,
            "template" => Self::Template,
            "reminder" => Self::Reminder,
            "media" => Self::Media,
            _ => return None,
        })
    }
}
