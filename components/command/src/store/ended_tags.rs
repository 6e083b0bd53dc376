//! Tags that go, by their statements.

use super::entries;
use crate::entry::Stored;
use crate::statements;
use mindflow_events::Tag;
use mindflow_guest::params;
use mindflow_guest::sql::{Abort, Time, Tx};
use uuid::Uuid;

/// Entries that one transaction takes tags off, and the bytes of their contents, which are in the instance's memory three times.
const ENTRIES_PER_TRANSACTION: u64 = 200;
const BYTES_PER_TRANSACTION: u64 = 4 << 20;

/// Those of the tags that there are.
pub async fn known(tx: &Tx, user_id: Uuid, ids: &[Uuid]) -> Result<usize, Abort> {
    Ok(tx.query(statements::TAGS_BY_ID, params![user_id, ids.to_vec()]).await?.len())
}

/// The tag, which stays as it is until the transaction ends.
pub async fn hold(tx: &Tx, user_id: Uuid, id: Uuid) -> Result<Option<Tag>, Abort> {
    let rows = tx.query(statements::HOLD_TAG, params![user_id, id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Tag { id: row.get("id")?, name: row.get("name")? }))
}

/// Locks some of the entries that have one of the tags; answers their ids.
pub async fn tagged(tx: &Tx, user_id: Uuid, tags: &[Uuid]) -> Result<Vec<Uuid>, Abort> {
    let params = params![user_id, tags.to_vec(), ENTRIES_PER_TRANSACTION, BYTES_PER_TRANSACTION];
    let rows = tx.query(statements::HOLD_TAGGED, params).await?;
    Ok(rows.map(|row| row.get("id"))?)
}

/// Takes the tags off the locked entries, and gives them another one if there is one. Answers those that are not deleted, as they are now.
pub async fn retag(
    tx: &Tx,
    user_id: Uuid,
    ids: Vec<Uuid>,
    tags: &[Uuid],
    into: Option<Uuid>,
) -> Result<Vec<Stored>, Abort> {
    tx.execute(statements::RETAG_ENTRIES, params![user_id, ids.clone(), tags.to_vec(), into]).await?;
    let rows = tx.query(statements::ENTRIES_BY_ID, params![user_id, ids]).await?;
    Ok(rows.map(entries::stored)?)
}

/// Ends the tags; each one's id and the sequence of its event. `None` while an entry has one of them.
pub async fn end(
    tx: &Tx,
    user_id: Uuid,
    tags: &[Uuid],
    into: Option<Uuid>,
    now_us: i64,
) -> Result<Option<Vec<(Uuid, u64)>>, Abort> {
    tx.query(statements::LOCK_TAGS, params![user_id, tags.to_vec()]).await?;
    let rows = tx.query(statements::END_TAGS, params![user_id, tags.to_vec(), into, Time(now_us)]).await?;
    let ended = rows.map(|row| Ok((row.get("id")?, row.get("event_sequence")?)))?;
    Ok((!ended.is_empty()).then_some(ended))
}
