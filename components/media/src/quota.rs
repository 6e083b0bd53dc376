//! How much a user's files may take. Room is taken before a file is received and given back when nothing of it stays, so that what
//! is being uploaded counts, and concurrent uploads together stay within it.

use crate::DATABASE;
use mindflow_guest::{
    call::Error,
    config,
    failure::quota_exceeded,
    journal::Usage,
    params,
    sql::{self, Abort, Identity, Rows, Time, Tx},
};
use uuid::Uuid;

/// 2 GiB: some thousand photos of a telephone with their smaller sizes.
const BYTES_MAX: u64 = 2 << 30;
/// An upload has ended by then, however it did: the manifest gives its call three minutes.
const UPLOAD_US_MAX: i64 = 10 * 60 * 1_000_000;
const MIB: f64 = 1_048_576.0;

/// What follows has seen what those before it have taken.
const HOLD_ROOM: &str = "INSERT INTO media.room AS held (user_id) VALUES ($1::uuid)
    ON CONFLICT (user_id) DO UPDATE SET user_id = held.user_id";
/// `$1` user, `$2` when uploads began that may still be in progress.
macro_rules! used {
    () => {
        "SELECT ((SELECT coalesce(sum(bytes), 0) FROM media.renditions WHERE user_id = $1::uuid)
            + (SELECT coalesce(sum(bytes), 0) FROM media.uploads WHERE user_id = $1::uuid AND began_at > $2::timestamptz)
        )::bigint AS used"
    };
}
const USED: &str = used!();
/// `$3` upload, `$4` bytes, `$5` now, `$6` limit.
const TAKE_ROOM: &str = concat!(
    "WITH held AS MATERIALIZED (",
    used!(),
    "), taken AS (
        INSERT INTO media.uploads (id, user_id, bytes, began_at)
        SELECT $3::uuid, $1::uuid, $4::bigint, $5::timestamptz FROM held WHERE used + $4::bigint <= $6::bigint
        RETURNING id
    ) SELECT used, EXISTS (SELECT FROM taken) AS taken FROM held"
);
const GIVE_BACK: &str = "DELETE FROM media.uploads WHERE id = $1::uuid AND user_id = $2::uuid";
const FORGET_OLD: &str = "DELETE FROM media.uploads WHERE began_at <= $1::timestamptz";

/// The setting, for the health check as well.
pub async fn bytes_max() -> Result<u64, Error> {
    config::number("media_bytes_max", BYTES_MAX).await.map_err(Error::Internal)
}

/// What is used, and what may be.
pub async fn usage(user_id: Uuid, identity: Identity, now_us: i64) -> Result<Usage, Error> {
    let limit = bytes_max().await?;
    let rows = sql::query(DATABASE, identity, USED, params![user_id, began_after(now_us)]).await?;
    Ok(Usage { used: used_of(&rows)?, limit })
}

/// Takes room for an upload of at most so many bytes, until [`give_back`] or [`settle`], in place of what it has taken before: the smaller
/// sizes of a picture take more than was announced. An upload without room for it keeps none, so that others have it.
///
/// # Errors
/// There is not so much.
pub async fn take(user_id: Uuid, identity: &Identity, upload: Uuid, bytes: u64, now_us: i64) -> Result<(), Error> {
    let limit = bytes_max().await?;
    let full_at = sql::transaction(DATABASE, identity, async |tx| {
        tx.execute(HOLD_ROOM, params![user_id]).await?;
        tx.execute(GIVE_BACK, params![upload, user_id]).await?;
        let row = params![user_id, began_after(now_us), upload, bytes, Time(now_us), limit];
        let rows = tx.query(TAKE_ROOM, row).await?;
        let used = used_of(&rows)?;
        let is_taken = rows.first().map(|row| row.get("taken")).transpose()?.unwrap_or(false);
        Ok((!is_taken).then_some(used))
    })
    .await?;
    full_at.map_or(Ok(()), |used| Err(no_room(used, bytes, limit)))
}

/// Nothing of the upload is stored.
pub async fn give_back(user_id: Uuid, identity: &Identity, upload: Uuid) -> Result<(), Error> {
    sql::transaction(DATABASE, identity, async |tx| settle(tx, user_id, upload).await).await
}

/// In the transaction that records the bytes themselves: they are no longer counted as an upload's.
pub async fn settle(tx: &Tx, user_id: Uuid, upload: Uuid) -> Result<(), Abort> {
    tx.execute(GIVE_BACK, params![upload, user_id]).await?;
    Ok(())
}

/// Forgets uploads that a host left which was killed.
pub async fn forget_old(now_us: i64) -> Result<(), Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute(FORGET_OLD, params![began_after(now_us)]).await?;
        Ok(())
    })
    .await
}

fn began_after(now_us: i64) -> Time {
    Time(now_us.saturating_sub(UPLOAD_US_MAX))
}

fn used_of(rows: &Rows) -> Result<u64, Error> {
    let row = rows.first().ok_or_else(|| Error::Internal("the statement answers no row".to_owned()))?;
    Ok(row.get("used")?)
}

fn no_room(used: u64, bytes: u64, limit: u64) -> Error {
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / MIB);
    let message = format!(
        "Your files take {} of {}, with their smaller sizes, and there is no room for {} more: delete some first.",
        mib(used),
        mib(limit),
        mib(bytes)
    );
    quota_exceeded("mediaBytes", used, limit, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_upload_is_reported_with_what_is_used_and_what_helps() {
        let Error::QuotaExceeded(full) = no_room(3 << 20, 1_500_000, 4 << 20) else { panic!("a quota") };
        assert_eq!((full.quota.as_str(), full.used, full.limit), ("mediaBytes", 3 << 20, 4 << 20));
        let said = "Your files take 3.0 MiB of 4.0 MiB, with their smaller sizes, and there is no room for 1.4 MiB more: \
            delete some first.";
        assert_eq!(full.message, said);
    }
}
