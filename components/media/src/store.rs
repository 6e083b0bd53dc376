//! Statements about files, under the caller's row-level security.

use crate::DATABASE;
use crate::bindings::exports::mindflow::media::files::File;
use crate::caller::{Caller, Reader};
use crate::quota;
use crate::route::Rendition;
use crate::services::images;
use crate::view::{Addresses, FileView};
use mindflow_guest::{
    call::Error,
    caller, params,
    sql::{self, Identity, Row, RowError, Rows, Time},
};
use uuid::Uuid;

const ADD_FILE: &str = "INSERT INTO media.files (id, user_id, file_name, created_at)
    VALUES ($1::uuid, $2::uuid, $3::text, $4::timestamptz)";
const ADD_RENDITION: &str = "INSERT INTO media.renditions
        (file_id, user_id, name, content_type, bytes, width, height, sha256)
    VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::text)";
const FIND: &str = "SELECT file.file_name, file.created_at, rendition.content_type, rendition.bytes, rendition.sha256
    FROM media.files file JOIN media.renditions rendition ON rendition.file_id = file.id
    WHERE file.id = $1::uuid AND rendition.name = $3::text AND ($2::uuid IS NULL OR file.user_id = $2::uuid)";
const SHOWN: &str =
    "SELECT file.id, file.file_name, original.content_type, original.bytes, original.width, original.height
    FROM media.files file JOIN media.renditions original ON original.file_id = file.id AND original.name = 'original'
    WHERE file.id = ANY ($1::uuid[]) AND file.user_id = $2::uuid";
/// Waits for a collector that has taken one of them, and then does not find it.
const HOLD: &str = "UPDATE media.files SET unattached_since = $3::timestamptz
    WHERE id = ANY ($1::uuid[]) AND user_id = $2::uuid
    RETURNING id";

const NOTE_ATTACHED: &str = "UPDATE media.files SET unattached_since = NULL
    WHERE unattached_since IS NOT NULL AND id IN (SELECT file_id FROM media.attached)";
const NOTE_UNATTACHED: &str = "UPDATE media.files file SET unattached_since = $1::timestamptz
    WHERE unattached_since IS NULL AND NOT EXISTS (SELECT FROM media.attached WHERE file_id = file.id)";
/// Rows per transaction, so that it stays short.
pub const TAKEN_AT_ONCE: usize = 100;
/// One that is being held is left alone.
const TAKE_ORPHANS: &str = "DELETE FROM media.files WHERE id IN (
        SELECT id FROM media.files file
        WHERE unattached_since < $1::timestamptz
            AND NOT EXISTS (SELECT FROM media.attached WHERE file_id = file.id)
        ORDER BY unattached_since LIMIT $2::bigint FOR UPDATE SKIP LOCKED
    ) RETURNING id";
const OWN: &str = "SELECT id FROM media.files WHERE id = $1::uuid AND user_id = $2::uuid";
const SHOWN_BY_ENTRY: &str = "SELECT file_id FROM media.shown WHERE file_id = $1::uuid LIMIT 1";
const REMOVE: &str = "DELETE FROM media.files WHERE id = $1::uuid AND user_id = $2::uuid";
const SOME_OF_USER: &str = "SELECT id FROM media.files WHERE user_id = $1::uuid
    UNION SELECT id FROM media.uploads WHERE user_id = $1::uuid LIMIT $2::bigint";
const UNATTACHED: &str = "SELECT id FROM media.files file WHERE user_id = $1::uuid AND id = ANY ($2::uuid[])
    AND NOT EXISTS (SELECT FROM media.attached WHERE file_id = file.id)";
const ERASE: &str = "WITH uploads AS (DELETE FROM media.uploads WHERE user_id = $1::uuid AND id = ANY ($2::uuid[]))
    DELETE FROM media.files WHERE user_id = $1::uuid AND id = ANY ($2::uuid[])";
const KNOWN: &str = "SELECT id FROM media.files WHERE id = ANY ($1::uuid[])";

/// One file of an upload, as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub file_name: String,
    pub created_at_us: i64,
    pub content_type: String,
    pub bytes: u64,
    pub sha256: String,
}

/// Records a file in the place of its upload.
pub async fn add(caller: &Caller, file: &FileView, renditions: &[images::Rendition], now_us: i64) -> Result<(), Error> {
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        tx.execute(ADD_FILE, params![file.id, caller.user_id, &file.file_name, Time(now_us)]).await?;
        for rendition in renditions {
            let images::Rendition { name, content_type, bytes, width, height, sha256 } = rendition;
            let row = params![file.id, caller.user_id, name, content_type, *bytes, *width, *height, sha256];
            tx.execute(ADD_RENDITION, row).await?;
        }
        quota::settle(tx, caller.user_id, file.id).await
    })
    .await
}

/// `None` when the file does not exist or is not for this reader.
pub async fn find(reader: &Reader, id: Uuid, rendition: Rendition) -> Result<Option<Stored>, Error> {
    let rows = sql::query(DATABASE, reader.identity(), FIND, params![id, reader.user_id(), rendition.name()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Stored {
        file_name: row.get("file_name")?,
        created_at_us: row.get::<Time>("created_at")?.0,
        content_type: row.get("content_type")?,
        bytes: row.get("bytes")?,
        sha256: row.get("sha256")?,
    }))
}

/// The caller's files among the ids, in no order.
pub async fn shown(caller: &caller::Caller, ids: Vec<Uuid>, addresses: &Addresses) -> Result<Vec<File>, Error> {
    let rows = sql::query(DATABASE, caller.identity(), SHOWN, params![ids, caller.user_id]).await?;
    let file = |row: Row<'_>| -> Result<File, RowError> {
        let id: Uuid = row.get("id")?;
        Ok(File {
            id: id.to_string(),
            file_name: row.get("file_name")?,
            content_type: row.get("content_type")?,
            bytes: row.get("bytes")?,
            width: row.get("width")?,
            height: row.get("height")?,
            url: addresses.original(id),
            thumbnail_url: addresses.thumbnail(id),
        })
    };
    Ok(rows.map(file)?)
}

/// Those of the ids that are the caller's; they count as unattached from now on only.
pub async fn hold(caller: &caller::Caller, ids: Vec<Uuid>, now_us: i64) -> Result<Vec<Uuid>, Error> {
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        let held = tx.query(HOLD, params![ids.clone(), caller.user_id, Time(now_us)]).await?;
        Ok(ids_of(&held)?)
    })
    .await
}

/// What became of a file that its owner wants removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    Done,
    /// An entry has it that is not deleted.
    InUse,
    /// The caller has no such file.
    Missing,
}

/// Deletes the row of one of the caller's files.
pub async fn remove(id: Uuid, user_id: Uuid, identity: &Identity) -> Result<Removal, Error> {
    let own = params![id, user_id];
    if sql::query(DATABASE, identity.clone(), OWN, own.clone()).await?.is_empty() {
        return Ok(Removal::Missing);
    }
    if !sql::query(DATABASE, Identity::Service, SHOWN_BY_ENTRY, params![id]).await?.is_empty() {
        return Ok(Removal::InUse);
    }
    let removed = sql::transaction(DATABASE, identity, async |tx| Ok(tx.execute(REMOVE, own.clone()).await?)).await?;
    Ok(if removed > 0 { Removal::Done } else { Removal::Missing })
}

/// Since when a file has been without an entry is what was seen first.
pub async fn note_attachments(now_us: i64) -> Result<(), Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute(NOTE_ATTACHED, Vec::new()).await?;
        tx.execute(NOTE_UNATTACHED, params![Time(now_us)]).await?;
        Ok(())
    })
    .await
}

/// Deletes the rows of some files that have been without an entry since before then.
pub async fn take_orphans(before_us: i64) -> Result<Vec<Uuid>, Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let taken = tx.query(TAKE_ORPHANS, params![Time(before_us), TAKEN_AT_ONCE as u64]).await?;
        Ok(ids_of(&taken)?)
    })
    .await
}

/// Those of the ids that have a row.
pub async fn known(ids: Vec<Uuid>) -> Result<Vec<Uuid>, Error> {
    Ok(ids_of(&sql::query(DATABASE, Identity::Service, KNOWN, params![ids]).await?)?)
}

/// Some of the user's files, also those that are being uploaded.
pub async fn some_of_user(user_id: Uuid) -> Result<Vec<Uuid>, Error> {
    let asked = params![user_id, TAKEN_AT_ONCE as u64];
    Ok(ids_of(&sql::query(DATABASE, Identity::Service, SOME_OF_USER, asked).await?)?)
}

/// Those of the user's files that no entry has.
pub async fn unattached(user_id: Uuid, ids: Vec<Uuid>) -> Result<Vec<Uuid>, Error> {
    Ok(ids_of(&sql::query(DATABASE, Identity::Service, UNATTACHED, params![user_id, ids]).await?)?)
}

/// Deletes the rows of these files. Answers how many there were.
pub async fn erase(user_id: Uuid, ids: Vec<Uuid>) -> Result<u64, Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        Ok(tx.execute(ERASE, params![user_id, ids.clone()]).await?)
    })
    .await
}

fn ids_of(rows: &Rows) -> Result<Vec<Uuid>, RowError> {
    rows.map(|row| row.get("id"))
}
