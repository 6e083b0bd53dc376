//! What of a journal is exported, page by page, in the order of ids.

use crate::DATABASE;
use mindflow_formats::{Journal, MoodRecord, Record};
use mindflow_guest::call::Error;
use mindflow_guest::params;
use mindflow_guest::sql::{self, Abort, Identity, RowError, Tx};
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use uuid::Uuid;

/// An entry has up to 100,000 characters.
const ENTRIES_PER_PAGE: u64 = 25;
const MOODS_PER_PAGE: u64 = 500;
/// Each is written in a step of its own.
const MEDIA_PER_PAGE: u64 = 1;
/// More tags than a user may have.
const TAGS_MAX: u64 = 10_000;

const TOTALS: &str = "SELECT (SELECT count(*) FROM portability.entries WHERE user_id = $1::uuid) AS entries,
    (SELECT count(*) FROM portability.media WHERE user_id = $1::uuid) AS media";
/// `$3` the journal: null for the default one, where `$5` says that only one is meant.
const ENTRIES: &str = "SELECT id, record::text AS record FROM portability.entries
    WHERE user_id = $1::uuid AND ($2::uuid IS NULL OR id > $2::uuid)
        AND (NOT $5::boolean OR (CASE WHEN $3::uuid IS NULL THEN in_default ELSE book_id = $3::uuid END))
    ORDER BY id LIMIT $4::bigint";
const MOODS: &str = "SELECT id, record::text AS record FROM portability.moods
    WHERE user_id = $1::uuid AND ($2::uuid IS NULL OR id > $2::uuid) ORDER BY id LIMIT $3::bigint";
const MEDIA: &str = "SELECT id, content_type FROM portability.media
    WHERE user_id = $1::uuid AND ($2::uuid IS NULL OR id > $2::uuid) ORDER BY id LIMIT $3::bigint";
const BOOKS: &str = "SELECT id, name FROM portability.books WHERE user_id = $1::uuid ORDER BY id";
const TAGS: &str = "SELECT name FROM portability.tags WHERE user_id = $1::uuid ORDER BY name LIMIT $2::bigint";
const KEEP_NAMES: &str = "INSERT INTO portability.digests (job_id, user_id, file_id, name)
    SELECT $1::uuid, $2::uuid, given.id, given.name FROM unnest($3::uuid[], $4::text[]) AS given (id, name)
    ON CONFLICT (job_id, file_id) DO UPDATE SET name = EXCLUDED.name";
const NAMES: &str =
    "SELECT file_id, name FROM portability.digests WHERE job_id = $1::uuid AND file_id = ANY ($2::uuid[])";

/// A journal with its id, which the default one has none of here.
pub struct Book {
    pub id: Option<Uuid>,
    pub name: String,
}

/// A file of the media service.
pub struct Medium {
    pub id: Uuid,
    pub content_type: String,
}

/// How many entries and files there are.
pub async fn totals(user_id: Uuid) -> Result<(u64, u64), Error> {
    let rows = sql::query(DATABASE, Identity::Service, TOTALS, params![user_id]).await?;
    let Some(row) = rows.first() else { return Ok((0, 0)) };
    Ok((row.get("entries")?, row.get("media")?))
}

/// `of`: those of one journal.
pub async fn entries(user_id: Uuid, after: Option<Uuid>, of: Option<&Book>) -> Result<Vec<(Uuid, Record)>, Error> {
    let book = of.and_then(|book| book.id);
    let row = params![user_id, after, book, ENTRIES_PER_PAGE, of.is_some()];
    records(&sql::query(DATABASE, Identity::Service, ENTRIES, row).await?)
}

pub async fn moods(user_id: Uuid, after: Option<Uuid>) -> Result<Vec<(Uuid, MoodRecord)>, Error> {
    records(&sql::query(DATABASE, Identity::Service, MOODS, params![user_id, after, MOODS_PER_PAGE]).await?)
}

fn records<T: DeserializeOwned>(rows: &sql::Rows) -> Result<Vec<(Uuid, T)>, Error> {
    let mut records = Vec::new();
    for row in rows.iter() {
        let (id, record): (Uuid, String) = (row.get("id")?, row.get("record")?);
        let record =
            serde_json::from_str(&record).map_err(|error| Error::Internal(format!("{id} is no record: {error}")))?;
        records.push((id, record));
    }
    Ok(records)
}

pub async fn media(user_id: Uuid, after: Option<Uuid>) -> Result<Vec<Medium>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, MEDIA, params![user_id, after, MEDIA_PER_PAGE]).await?;
    Ok(rows.map(|row| Ok::<_, RowError>(Medium { id: row.get("id")?, content_type: row.get("content_type")? }))?)
}

/// The default one first.
pub async fn books(user_id: Uuid) -> Result<Vec<Book>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, BOOKS, params![user_id]).await?;
    let mut books = vec![Book { id: None, name: mindflow_events::DEFAULT_BOOK.to_owned() }];
    for row in rows.iter() {
        let (id, name): (Uuid, String) = (row.get("id")?, row.get("name")?);
        if id != user_id {
            books.push(Book { id: Some(id), name });
        } else if let Some(default) = books.first_mut() {
            default.name = name;
        }
    }
    Ok(books)
}

pub fn journals(books: &[Book]) -> Vec<Journal> {
    books.iter().map(|book| Journal { name: book.name.clone(), is_default: book.id.is_none() }).collect()
}

pub async fn tags(user_id: Uuid) -> Result<Vec<String>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, TAGS, params![user_id, TAGS_MAX]).await?;
    Ok(rows.map(|row| row.get("name"))?)
}

/// In the transaction of a part: what its media are called in the archive.
pub async fn keep_names(tx: &Tx, job: Uuid, user_id: Uuid, names: &[(Uuid, String)]) -> Result<(), Abort> {
    if names.is_empty() {
        return Ok(());
    }
    let (ids, names): (Vec<Uuid>, Vec<String>) = names.iter().cloned().unzip();
    tx.execute(KEEP_NAMES, params![job, user_id, ids, names]).await?;
    Ok(())
}

/// What some media are called in the archive.
pub async fn names(job: Uuid, ids: Vec<Uuid>) -> Result<HashMap<Uuid, String>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sql::query(DATABASE, Identity::Service, NAMES, params![job, ids]).await?;
    let pairs = rows.map(|row| Ok::<_, RowError>((row.get("file_id")?, row.get("name")?)))?;
    Ok(pairs.into_iter().collect())
}

pub fn media_ids(records: &[(Uuid, Record)]) -> Vec<Uuid> {
    let ids = records.iter().flat_map(|(_, record)| &record.media);
    ids.filter_map(|medium| mindflow_guest::id::parse(&medium.id)).collect()
}
