//! The container: uploads in one folder until the codec has read them, renditions in a folder of their file's id.

use crate::route::Rendition;
use mindflow_guest::{
    blob::{self, Download, Info, Range, Upload},
    call::Error,
};
use uuid::Uuid;

/// As the manifest names it.
const CONTAINER: &str = "media";
/// The largest piece.
const LISTED_PER_CALL: u32 = 1_000;
/// Where the codec finds what came; gone as soon as it has read it.
pub const UPLOADS: &str = "uploads";

pub async fn put(id: Uuid, bytes_max: u64) -> Result<Upload, Error> {
    Ok(blob::put(CONTAINER.to_owned(), upload(id), bytes_max).await?)
}

/// What was uploaded, to be kept as it came: written once more under its name, in pieces that `seen` gets. Answers how many bytes there are.
pub async fn keep_upload(id: Uuid, bytes_max: u64, mut seen: impl FnMut(&[u8])) -> Result<u64, Error> {
    let (_, download) = blob::get(CONTAINER.to_owned(), upload(id), None).await?;
    let original = blob::put(CONTAINER.to_owned(), key(id, Rendition::Original.name()), bytes_max).await?;
    while let Some(piece) = download.next().await? {
        seen(&piece);
        original.write(piece).await?;
    }
    Ok(original.finish().await?)
}

/// # Errors
/// The store is unavailable. A missing file whose row exists is a fault of the platform.
pub async fn get(id: Uuid, rendition: Rendition, range: Option<Range>) -> Result<(Info, Download), Error> {
    match blob::get(CONTAINER.to_owned(), key(id, rendition.name()), range).await {
        Err(blob::Error::NotFound) => Err(Error::Internal(format!("{} has no {}", id, rendition.name()))),
        other => Ok(other?),
    }
}

/// The first bytes of what came.
pub async fn head(id: Uuid, bytes: u64) -> Result<Vec<u8>, Error> {
    let range = Some(Range { start: 0, end: bytes });
    let (_, download) = blob::get(CONTAINER.to_owned(), upload(id), range).await?;
    let mut head = Vec::new();
    while let Some(piece) = download.next().await? {
        head.extend_from_slice(&piece);
    }
    Ok(head)
}

/// Removes what the codec has read.
pub async fn forget_upload(id: Uuid) -> Result<(), Error> {
    Ok(blob::delete(CONTAINER.to_owned(), vec![upload(id)]).await?)
}

/// Removes everything of a file.
pub async fn forget(id: Uuid) -> Result<(), Error> {
    let renditions = Rendition::ALL.iter().map(|rendition| key(id, rendition.name()));
    Ok(blob::delete(CONTAINER.to_owned(), renditions.chain([upload(id)]).collect()).await?)
}

/// A page of what there is, in the order of keys.
pub async fn list(after: Option<String>) -> Result<Vec<Info>, Error> {
    Ok(blob::list(CONTAINER.to_owned(), String::new(), after, LISTED_PER_CALL).await?)
}

pub async fn remove(keys: Vec<String>) -> Result<(), Error> {
    Ok(blob::delete(CONTAINER.to_owned(), keys).await?)
}

fn upload(id: Uuid) -> String {
    format!("{UPLOADS}/{id}")
}

fn key(id: Uuid, name: &str) -> String {
    format!("{id}/{name}")
}

pub async fn check() -> Result<(), String> {
    blob::list(CONTAINER.to_owned(), String::new(), None, 1)
        .await
        .map(drop)
        .map_err(|error| format!("files: {error:?}"))
}
