//! Statements about files, under the row-level security of whoever asks.

use crate::DATABASE;
use crate::bindings::images;
use crate::caller::Caller;
use crate::route::Rendition;
use crate::shown::Shown;
use mindflow_guest::{
    call::Error,
    params,
    sql::{self, Time},
};
use uuid::Uuid;

const ADD_FILE: &str = "INSERT INTO media.files (id, user_id, file_name, created_at)
    VALUES ($1::uuid, $2::uuid, $3::text, $4::timestamptz)";
const ADD_RENDITION: &str = "INSERT INTO media.renditions
        (file_id, user_id, name, content_type, bytes, width, height, sha256)
    VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::bigint, $6::bigint, $7::bigint, $8::text)";
const FIND: &str = "SELECT file.file_name, file.created_at, rendition.content_type, rendition.bytes, rendition.sha256
    FROM media.files file JOIN media.renditions rendition ON rendition.file_id = file.id
    WHERE file.id = $1::uuid AND file.user_id = $2::uuid AND rendition.name = $3::text";

/// One file of an upload, as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub file_name: String,
    pub created_at_us: i64,
    pub content_type: String,
    pub bytes: u64,
    pub sha256: String,
}

pub async fn add(caller: &Caller, file: &Shown, renditions: &[images::Rendition], now_us: i64) -> Result<(), Error> {
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        tx.execute(ADD_FILE, params![file.id, caller.user_id, &file.file_name, Time(now_us)]).await?;
        for rendition in renditions {
            let images::Rendition { name, content_type, bytes, width, height, sha256 } = rendition;
            let row = params![file.id, caller.user_id, name, content_type, *bytes, *width, *height, sha256];
            tx.execute(ADD_RENDITION, row).await?;
        }
        Ok(())
    })
    .await
}

/// None: there is none, or it is somebody else's.
pub async fn find(caller: &Caller, id: Uuid, rendition: Rendition) -> Result<Option<Stored>, Error> {
    let rows = sql::query(DATABASE, caller.identity(), FIND, params![id, caller.user_id, rendition.name()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Stored {
        file_name: row.get("file_name")?,
        created_at_us: row.get::<Time>("created_at")?.0,
        content_type: row.get("content_type")?,
        bytes: row.get("bytes")?,
        sha256: row.get("sha256")?,
    }))
}
