//! Entries in the trash, and their end.

use super::DATABASE;
use super::entries::entry;
use crate::cursor::Cursor;
use crate::statements;
use mindflow_events::Entry;
use mindflow_guest::call::Error;
use mindflow_guest::params;
use mindflow_guest::sql::{self, Abort, Identity, Time, Tx};
use uuid::Uuid;

/// Of the contents of a page, together. An instance has 64 MiB, in which they are four times.
pub const PAGE_BYTES_MAX: i64 = 4 << 20;
/// Entries that are purged without a pause.
pub const PURGED_PER_BATCH: usize = 100;

/// An entry in the trash.
pub struct Deleted {
    pub entry: Entry,
    pub deleted_at: Time,
    /// From when its days in the trash are counted.
    pub since: Time,
}

/// A page, whether more follow, and how many there are altogether.
pub struct Page<T> {
    pub items: Vec<T>,
    pub has_next_page: bool,
    pub total: u32,
}

/// The latest first.
pub async fn page(
    user_id: Uuid,
    identity: Identity,
    after: Option<Cursor>,
    first: u32,
) -> Result<Page<Deleted>, Error> {
    let (at, id) = after.map(|Cursor { number, id }| (Time(number), id)).unzip();
    let asked = vec![
        (statements::COUNT_TRASH.to_owned(), params![user_id]),
        (statements::PAGE_OF_TRASH.to_owned(), params![user_id, at, id, first, PAGE_BYTES_MAX]),
    ];
    let [count, rows] = super::two(sql::query_many(DATABASE, identity, asked).await?)?;
    let items = rows.map(|row| {
        Ok(Deleted { entry: entry(&row)?, deleted_at: row.get("deleted_at")?, since: row.get("in_trash_since")? })
    })?;
    super::paged(items, &count, &rows)
}

/// Whether the locked entry came into the trash before then, and is still there.
pub async fn is_since_before(tx: &Tx, id: Uuid, user_id: Uuid, time: Time) -> Result<bool, Abort> {
    let rows = tx.query(statements::IN_TRASH_BEFORE, params![id, user_id, time]).await?;
    Ok(!rows.is_empty())
}

/// Entries of all users, with their users, that came into the trash before then; at most [`PURGED_PER_BATCH`].
pub async fn since_before(time: Time) -> Result<Vec<(Uuid, Uuid)>, Error> {
    let params = params![time, PURGED_PER_BATCH as u64];
    let rows = sql::query(DATABASE, Identity::Service, statements::LONG_IN_TRASH, params).await?;
    Ok(rows.map(|row| Ok((row.get("id")?, row.get("user_id")?)))?)
}
