//! Entries and what hangs on them.

use crate::entry::{Change, Entry, Tag};
use crate::mood::Mood;
use crate::quota::Month;
use crate::{statements, validation::Draft};
use mindflow_guest::params;
use mindflow_guest::sql::{Abort, Date, Row, RowError, Time, Tx};
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
}

/// Everything of a new entry but its tags. After another answer than `Written` the transaction holds nothing to keep.
pub async fn create(
    tx: &Tx,
    id: Uuid,
    user_id: Uuid,
    draft: &Draft,
    month: Month,
    limit: Option<u32>,
    now_us: i64,
) -> Result<Created, Abort> {
    let params = params![
        id,
        user_id,
        &draft.title,
        &draft.content,
        Date(draft.entry_date),
        draft.word_count,
        Time(now_us),
        draft.mood.map(Mood::name),
        draft.attachment_ids.clone(),
        draft.client_mutation_id.as_ref(),
        Date(month.first()),
        limit,
    ];
    let rows = tx.query(statements::CREATE_ENTRY, params).await?;
    let row = rows.first().ok_or_else(|| failure::internal("creating an entry answered no row"))?;
    Ok(if !row.get::<bool>("fresh")? {
        Created::Repeated
    } else if !row.get::<bool>("within_quota")? {
        Created::BeyondQuota
    } else {
        Created::Written
    })
}

/// The entry that the user's mutation id created.
pub async fn find_mutation(tx: &Tx, user_id: Uuid, client_mutation_id: &str) -> Result<Option<Uuid>, Abort> {
    let rows = tx.query(statements::FIND_MUTATION, params![user_id, client_mutation_id]).await?;
    Ok(rows.first().map(|row| row.get("entry_id")).transpose()?)
}

/// The user's entry as it is now, deleted or not.
pub async fn read(tx: &Tx, id: Uuid, user_id: Uuid) -> Result<Option<Entry>, Abort> {
    let rows = tx.query(statements::READ_ENTRY, params![id, user_id]).await?;
    Ok(rows.first().map(entry).transpose()?)
}

/// The same, with the entry held for this transaction: nobody else changes it before the commit.
pub async fn read_for_change(tx: &Tx, id: Uuid, user_id: Uuid) -> Result<Option<Entry>, Abort> {
    let locked = tx.query(statements::LOCK_ENTRY, params![id, user_id]).await?;
    if locked.is_empty() {
        return Ok(None);
    }
    read(tx, id, user_id).await
}

/// Writes a change of a held entry and answers the entry as it then is. `tags`: all that it has from
/// now on, already linked to it; none when they stay.
pub async fn change(
    tx: &Tx,
    entry: Entry,
    change: Change,
    tags: Option<Vec<Tag>>,
    now_us: i64,
) -> Result<Entry, Abort> {
    let updated_at = entry.time_of_change(now_us);
    let params = params![
        entry.id,
        entry.user_id,
        change.title.as_ref(),
        change.content.as_ref(),
        change.content.as_deref().map(crate::entry::word_count),
        Time(updated_at),
        change.mood.is_some(),
        change.mood.flatten().map(Mood::name),
        tags.as_ref().map(|tags| tags.iter().map(|tag| tag.id).collect::<Vec<_>>()),
        change.attachment_ids.clone(),
    ];
    let rows = tx.query(statements::CHANGE_ENTRY, params).await?;
    let row = rows.first().ok_or_else(vanished)?;
    let (version, event_sequence) = (row.get("version")?, row.get("event_sequence")?);
    Ok(entry.changed(change, tags, updated_at, version, event_sequence))
}

/// The version and event sequence of the entry that was just deleted; none when no live entry of the
/// user's has this id and the expected version.
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

/// Makes a held entry live, its content as it was, and counts the event that says so.
pub async fn revive(tx: &Tx, entry: Entry) -> Result<Entry, Abort> {
    let rows = tx.query(statements::REVIVE_ENTRY, params![entry.id, entry.user_id]).await?;
    let event_sequence = rows.first().ok_or_else(vanished)?.get("event_sequence")?;
    Ok(Entry { event_sequence, deleted_at: None, ..entry })
}

pub async fn record_mood(
    tx: &Tx,
    id: Uuid,
    user_id: Uuid,
    mood: Mood,
    note: Option<&str>,
    at: i64,
) -> Result<(), Abort> {
    tx.execute(statements::RECORD_MOOD, params![id, user_id, mood.name(), note, Time(at)]).await?;
    Ok(())
}

fn vanished() -> Error {
    failure::internal("an entry that this transaction holds is not there")
}

fn entry(row: Row<'_>) -> Result<Entry, RowError> {
    let Time(created_at) = row.get("created_at")?;
    let Time(updated_at) = row.get("updated_at")?;
    let Date(entry_date) = row.get("entry_date")?;
    let names: Vec<String> = row.get("tag_names")?;
    let ids: Vec<Uuid> = row.get("tag_ids")?;
    Ok(Entry {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        title: row.get("title")?,
        content: row.get("content")?,
        mood: row.get::<Option<String>>("mood")?.and_then(|name| Mood::from_name(&name)),
        tags: ids.into_iter().zip(names).map(|(id, name)| Tag { id, name }).collect(),
        attachment_ids: row.get("attachment_ids")?,
        entry_date,
        word_count: row.get("word_count")?,
        version: row.get("version")?,
        event_sequence: row.get("event_sequence")?,
        created_at,
        updated_at,
        deleted_at: row.get::<Option<Time>>("deleted_at")?.map(|Time(us)| us),
    })
}
