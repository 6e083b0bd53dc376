//! Statements about files, under the caller's row-level security.

use crate::DATABASE;
use crate::bindings::exports::mindflow::media::files::{File, Kind};
use crate::caller::Reader;
use crate::kind::Upload;
use crate::quota;
use crate::route;
use crate::services::images;
use crate::view::Addresses;
use mindflow_guest::{
    call::Error,
    caller, params,
    sql::{self, Identity, Row, RowError, Rows, Time},
};
use uuid::Uuid;

const ADD_FILE: &str = "INSERT INTO media.files (id, user_id, file_name, created_at, kind, duration_ms)
    VALUES ($1::uuid, $2::uuid, $3::text, $4::timestamptz, $5::text, $6::bigint)";
const ADD_RENDITION: &str = "INSERT INTO media.renditions
        (file_id, user_id, name, content_type, bytes, width, height, sha256)
    VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::text)";
const FIND: &str = "SELECT file.file_name, file.created_at, rendition.content_type, rendition.bytes, rendition.sha256
    FROM media.files file JOIN media.renditions rendition ON rendition.file_id = file.id
    WHERE file.id = $1::uuid AND rendition.name = $3::text AND ($2::uuid IS NULL OR file.user_id = $2::uuid)";
macro_rules! shown {
    ($which:literal) => {
        concat!(
            "SELECT file.id, file.file_name, file.kind, file.duration_ms, file.created_at,
                original.content_type, original.bytes, original.width, original.height
            FROM media.files file JOIN media.renditions original ON original.file_id = file.id AND original.name = 'original'
            WHERE ",
            $which
        )
    };
}
const SHOWN: &str = shown!("file.id = ANY ($1::uuid[]) AND file.user_id = $2::uuid");
/// `$1` user, `$2` kind or null, `$3` the file before the page or null, `$4` how many. Ids begin with the time that they were made.
const PAGE: &str = shown!(
    "file.user_id = $1::uuid AND ($2::text IS NULL OR file.kind = $2::text) AND ($3::uuid IS NULL OR file.id < $3::uuid)
    ORDER BY file.id DESC LIMIT $4::bigint"
);
/// `$1` user, `$2` kind or null.
const TOTALS: &str = "SELECT count(DISTINCT file.id) AS files, coalesce(sum(kept.bytes), 0)::bigint AS bytes
    FROM media.files file JOIN media.renditions kept ON kept.file_id = file.id
    WHERE file.user_id = $1::uuid AND ($2::text IS NULL OR file.kind = $2::text)";
/// Waits for a collector that has taken one of them, and then does not find it.
const HOLD: &str = "UPDATE media.files SET unattached_since = $3::timestamptz
    WHERE id = ANY ($1::uuid[]) AND user_id = $2::uuid
    RETURNING id";

const IMPORTER: &str = "SELECT user_id FROM portability.importing WHERE job_id = $1::uuid";

const NOTE_ATTACHED: &str = "UPDATE media.files SET unattached_since = NULL
    WHERE unattached_since IS NOT NULL AND id IN (SELECT file_id FROM media.attached)";
const NOTE_UNATTACHED: &str = "UPDATE media.files file SET unattached_since = $1::timestamptz
    WHERE unattached_since IS NULL AND NOT EXISTS (SELECT FROM media.attached WHERE file_id = file.id)";
/// Rows per transaction, so that it stays short.
pub const TAKEN_PER_TRANSACTION: usize = 100;
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

/// A file that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    pub id: Uuid,
    pub file_name: String,
    pub kind: Upload,
    pub duration_ms: Option<u64>,
    pub created_at_us: i64,
}

/// One of the files that it is kept as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    pub name: String,
    pub content_type: String,
    pub bytes: u64,
    /// Width and height of an image.
    pub size: Option<(u32, u32)>,
    pub sha256: String,
}

impl From<images::Rendition> for Rendition {
    fn from(made: images::Rendition) -> Self {
        let images::Rendition { name, content_type, bytes, width, height, sha256 } = made;
        Self { name, content_type, bytes, size: Some((width, height)), sha256 }
    }
}

/// Records a file in the place of its upload.
pub async fn add(user_id: Uuid, identity: &Identity, file: &NewFile, renditions: &[Rendition]) -> Result<(), Error> {
    let NewFile { id, file_name, kind, duration_ms, created_at_us } = file;
    sql::transaction(DATABASE, identity, async |tx| {
        let row = params![*id, user_id, file_name, Time(*created_at_us), kind.name(), *duration_ms];
        tx.execute(ADD_FILE, row).await?;
        for rendition in renditions {
            let Rendition { name, content_type, bytes, size, sha256 } = rendition;
            let (width, height) = size.unzip();
            let row = params![*id, user_id, name, content_type, *bytes, width, height, sha256];
            tx.execute(ADD_RENDITION, row).await?;
        }
        quota::settle(tx, user_id, file.id).await
    })
    .await
}

/// `None` when the file does not exist or is not for this reader.
pub async fn find(reader: &Reader, id: Uuid, rendition: route::Rendition) -> Result<Option<Stored>, Error> {
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
    Ok(rows.map(|row| file(&row, addresses))?)
}

/// Some of the caller's files, and of all of them how many there are and how many bytes they have.
pub struct Page {
    pub files: Vec<File>,
    pub total_count: u32,
    pub total_bytes: u64,
}

/// The latest first, behind the file `after` if there is one.
pub async fn page(
    caller: &caller::Caller,
    kind: Option<Kind>,
    after: Option<Uuid>,
    first: u32,
    addresses: &Addresses,
) -> Result<Page, Error> {
    let kind = kind.map(|kind| if kind == Kind::Audio { "audio" } else { "image" });
    let asked = vec![
        (PAGE.to_owned(), params![caller.user_id, kind, after, first]),
        (TOTALS.to_owned(), params![caller.user_id, kind]),
    ];
    let answers = sql::query_many(DATABASE, caller.identity(), asked).await?;
    let [files, totals] = answers.as_slice() else {
        return Err(Error::Internal("two statements have another number of answers".into()));
    };
    let totals = totals.first().ok_or_else(|| Error::Internal("the totals answer no row".into()))?;
    Ok(Page {
        files: files.map(|row| file(&row, addresses))?,
        total_count: totals.get("files")?,
        total_bytes: totals.get("bytes")?,
    })
}

fn file(row: &Row<'_>, addresses: &Addresses) -> Result<File, RowError> {
    let id: Uuid = row.get("id")?;
    let is_image = row.get::<String>("kind")? == Upload::Image.name();
    Ok(File {
        id: id.to_string(),
        file_name: row.get("file_name")?,
        content_type: row.get("content_type")?,
        bytes: row.get("bytes")?,
        kind: if is_image { Kind::Image } else { Kind::Audio },
        width: row.get("width")?,
        height: row.get("height")?,
        duration_ms: row.get("duration_ms")?,
        created_at: row.get::<Time>("created_at")?.0,
        url: addresses.original(id),
        thumbnail_url: is_image.then(|| addresses.thumbnail(id)),
    })
}

/// Those of the ids that are the caller's; they count as unattached from now on only.
pub async fn hold(caller: &caller::Caller, ids: Vec<Uuid>, now_us: i64) -> Result<Vec<Uuid>, Error> {
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        let held = tx.query(HOLD, params![ids.clone(), caller.user_id, Time(now_us)]).await?;
        Ok(ids_of(&held)?)
    })
    .await
}

/// The same, of the user whose import a job is.
pub async fn hold_as(user_id: Uuid, ids: Vec<Uuid>, now_us: i64) -> Result<Vec<Uuid>, Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let held = tx.query(HOLD, params![ids.clone(), user_id, Time(now_us)]).await?;
        Ok(ids_of(&held)?)
    })
    .await
}

/// The user whose import the job is, while it runs.
pub async fn importer(job: Uuid) -> Result<Option<Uuid>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, IMPORTER, params![job]).await?;
    Ok(rows.first().map(|row| row.get("user_id")).transpose()?)
}

/// Whether the user has the file.
pub async fn is_of(id: Uuid, user_id: Uuid) -> Result<bool, Error> {
    Ok(!sql::query(DATABASE, Identity::Service, OWN, params![id, user_id]).await?.is_empty())
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
        let taken = tx.query(TAKE_ORPHANS, params![Time(before_us), TAKEN_PER_TRANSACTION as u64]).await?;
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
    let asked = params![user_id, TAKEN_PER_TRANSACTION as u64];
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
