//! Entries with their moods, tags and attachments.

use super::DATABASE;
use crate::entry::Stored;
use crate::quota::Month;
use crate::statements;
use crate::validation::Mutation;
use mindflow_events::{Entry, MoodRecorded, Tag};
use mindflow_guest::params;
use mindflow_guest::sql::{self, Abort, Date, Identity, Json, Row, RowError, Time, Tx, violated_constraint};
use mindflow_guest::{call::Error, failure};
use uuid::Uuid;

/// How far [`create`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    Written,
    /// The client mutation id has created an entry before.
    Repeated,
    /// The month's quota is used up.
    BeyondQuota,
    /// There is an entry with this id, of this user or another, or there was.
    IdTaken,
}

/// Writes a new entry without its tags. After any result but `Written` the transaction has nothing to keep.
pub async fn create(
    tx: &Tx,
    entry: &Entry,
    mutation: Option<&Mutation>,
    month: Month,
    limit: Option<u32>,
) -> Result<Created, Abort> {
    insert(tx, entry, mutation, month, limit, entry.draft).await
}

/// The same, without a place in a month's quota.
pub async fn import(tx: &Tx, entry: &Entry, month: Month) -> Result<Created, Abort> {
    insert(tx, entry, None, month, None, true).await
}

async fn insert(
    tx: &Tx,
    entry: &Entry,
    mutation: Option<&Mutation>,
    month: Month,
    limit: Option<u32>,
    is_uncounted: bool,
) -> Result<Created, Abort> {
    let params = params![
        entry.id,
        entry.user_id,
        Json::columns(entry),
        entry.mood,
        entry.attachment_ids.clone(),
        mutation.map(|mutation| mutation.id.as_str()),
        Date(month.first()),
        limit,
        mutation.map(|mutation| mutation.fingerprint.clone()),
        is_uncounted,
    ];
    let rows = match tx.query(statements::CREATE_ENTRY, params).await {
        Err(error)
            if violated_constraint(&error).is_some_and(|name| statements::ENTRY_ID_CONSTRAINTS.contains(&name)) =>
        {
            return Ok(Created::IdTaken);
        }
        answered => answered?,
    };
    let row = rows.first().ok_or_else(|| failure::internal("creating an entry answered no row"))?;
    Ok(if !row.get::<bool>("fresh")? {
        Created::Repeated
    } else if !row.get::<bool>("within_quota")? {
        Created::BeyondQuota
    } else {
        Created::Written
    })
}

/// How many entries the user has created in the month.
pub async fn used(tx: &Tx, user_id: Uuid, month: Month) -> Result<u64, Abort> {
    let rows = tx.query(statements::ENTRIES_USED, params![user_id, Date(month.first())]).await?;
    Ok(rows.first().map(|row| row.get("used")).transpose()?.unwrap_or_default())
}

/// The entry that the user's mutation id created, and the fingerprint of what was asked then, if it was kept.
pub async fn find_mutation(
    tx: &Tx,
    user_id: Uuid,
    client_mutation_id: &str,
) -> Result<Option<(Uuid, Option<Vec<u8>>)>, Abort> {
    let rows = tx.query(statements::FIND_MUTATION, params![user_id, client_mutation_id]).await?;
    let found = rows.first().map(|row| Ok::<_, RowError>((row.get("entry_id")?, row.get("fingerprint")?)));
    Ok(found.transpose()?)
}

/// The user's entry as it is now, deleted or not.
pub async fn read(tx: &Tx, id: Uuid, user_id: Uuid) -> Result<Option<Stored>, Abort> {
    let rows = tx.query(statements::READ_ENTRY, params![id, user_id]).await?;
    Ok(rows.first().map(stored).transpose()?)
}

/// The files of the user's entry, deleted or not; none of an entry that is not there.
pub async fn attachments(id: Uuid, user_id: Uuid, identity: Identity) -> Result<Vec<Uuid>, Error> {
    let rows = sql::query(DATABASE, identity, statements::ATTACHMENTS_OF_ENTRY, params![id, user_id]).await?;
    Ok(rows.map(|row| row.get("media_id"))?)
}

/// The same, with the entry locked: no other transaction changes it before the commit.
pub async fn read_for_change(tx: &Tx, id: Uuid, user_id: Uuid) -> Result<Option<Stored>, Abort> {
    let locked = tx.query(statements::LOCK_ENTRY, params![id, user_id]).await?;
    if locked.is_empty() {
        return Ok(None);
    }
    read(tx, id, user_id).await
}

/// Writes a locked entry, `stored` until now, as it is from now on: a deleted one is live again. New tags are linked to it already.
pub async fn change(tx: &Tx, stored: &Stored, changed: Entry, now_us: i64) -> Result<Stored, Abort> {
    let old = &stored.entry;
    let updated_at = stored.time_of_change(now_us);
    let tag_ids = || changed.tags.iter().map(|tag| tag.id).collect::<Vec<_>>();
    let params = params![
        old.id,
        old.user_id,
        Json::columns(&changed),
        updated_at,
        changed.mood != old.mood,
        changed.mood,
        (changed.tags != old.tags).then(tag_ids),
        (changed.attachment_ids != old.attachment_ids).then(|| changed.attachment_ids.clone()),
    ];
    let rows = tx.query(statements::CHANGE_ENTRY, params).await?;
    let row = rows.first().ok_or_else(vanished)?;
    let entry = Entry { updated_at, version: row.get("version")?, ..changed };
    Ok(Stored { entry, event_sequence: row.get("event_sequence")?, deleted_at: stored.deleted_at })
}

/// The version and event sequence of the deleted entry; `None` when the user has no live entry of this id and version.
pub async fn delete(
    tx: &Tx,
    id: Uuid,
    user_id: Uuid,
    expected_version: Option<u32>,
    now_us: i64,
) -> Result<Option<(u32, u64)>, Abort> {
    let rows = tx.query(statements::DELETE_ENTRY, params![id, user_id, Time(now_us), expected_version]).await?;
    Ok(rows.first().map(|row| Ok::<_, RowError>((row.get("version")?, row.get("event_sequence")?))).transpose()?)
}

/// Of a live entry.
pub async fn version(tx: &Tx, id: Uuid, user_id: Uuid) -> Result<Option<u32>, Abort> {
    let rows = tx.query(statements::VERSION_OF_ENTRY, params![id, user_id]).await?;
    Ok(rows.first().map(|row| row.get("version")).transpose()?)
}

/// Makes a locked entry live, with its content unchanged, and counts the event for it.
pub async fn revive(tx: &Tx, stored: Stored) -> Result<Stored, Abort> {
    let Entry { id, user_id, .. } = stored.entry;
    let rows = tx.query(statements::REVIVE_ENTRY, params![id, user_id]).await?;
    let event_sequence = rows.first().ok_or_else(vanished)?.get("event_sequence")?;
    Ok(Stored { event_sequence, deleted_at: None, ..stored })
}

/// Ends a locked entry for good, with all that hangs on it; its id is not used again.
pub async fn purge(tx: &Tx, id: Uuid, user_id: Uuid) -> Result<(), Abort> {
    tx.query(statements::ERASE, params![user_id, id]).await?;
    Ok(())
}

/// Writes the marks of a locked entry. Its content stays.
pub async fn mark(tx: &Tx, stored: &Stored, marked: Entry) -> Result<Stored, Abort> {
    let params = params![marked.id, marked.user_id, marked.pinned, marked.favourite, marked.book_id];
    let rows = tx.query(statements::MARK_ENTRY, params).await?;
    let event_sequence = rows.first().ok_or_else(vanished)?.get("event_sequence")?;
    Ok(Stored { entry: marked, event_sequence, deleted_at: stored.deleted_at })
}

/// Makes a locked draft an entry; `None` when the month's quota is used up.
pub async fn publish(
    tx: &Tx,
    stored: Stored,
    month: Month,
    limit: Option<u32>,
    now_us: i64,
) -> Result<Option<Stored>, Abort> {
    let Entry { id, user_id, .. } = stored.entry;
    let params = params![id, user_id, Date(month.first()), limit, Time(now_us)];
    let rows = tx.query(statements::PUBLISH_ENTRY, params).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let updated_at = row.get("updated_at")?;
    let entry = Entry { draft: false, published_at: Some(Time(now_us)), updated_at, ..stored.entry };
    Ok(Some(Stored { entry, event_sequence: row.get("event_sequence")?, deleted_at: None }))
}

/// Whether the user has a draft of this id, which may be empty.
pub async fn is_draft(id: Uuid, user_id: Uuid, identity: Identity) -> Result<bool, Error> {
    let rows = sql::query(DATABASE, identity, statements::DRAFT_OF_USER, params![id, user_id]).await?;
    Ok(!rows.is_empty())
}

/// Takes a recorded mood back; false when there is none, or it was taken back before.
pub async fn take_back_mood(tx: &Tx, id: Uuid, user_id: Uuid, now_us: i64) -> Result<bool, Abort> {
    let rows = tx.query(statements::TAKE_BACK_MOOD, params![id, user_id, Time(now_us)]).await?;
    Ok(!rows.is_empty())
}

pub async fn record_mood(tx: &Tx, recorded: &MoodRecorded) -> Result<(), Abort> {
    let MoodRecorded { mood_id, user_id, mood, note, at, date } = recorded;
    tx.execute(statements::RECORD_MOOD, params![mood_id, user_id, *mood, note.as_deref(), *at, *date]).await?;
    Ok(())
}

fn vanished() -> Error {
    failure::internal("an entry that this transaction holds is not there")
}

pub fn stored(row: Row<'_>) -> Result<Stored, RowError> {
    Ok(Stored { entry: entry(&row)?, event_sequence: row.get("event_sequence")?, deleted_at: row.get("deleted_at")? })
}

/// With its tags, whose ids and names are columns of the row.
pub fn entry(row: &Row<'_>) -> Result<Entry, RowError> {
    let names: Vec<String> = row.get("tag_names")?;
    let ids: Vec<Uuid> = row.get("tag_ids")?;
    let tags = ids.into_iter().zip(names).map(|(id, name)| Tag { id, name }).collect();
    Ok(Entry { tags, ..row.read()? })
}
