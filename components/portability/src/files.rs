//! The containers: the parts of exports, uploads, and the media service's files, which are read for exports and brought for imports.

use crate::ranges::{Piece, pieces};
use crate::store::UploadedPiece;
use mindflow_formats::{Source, Unreadable};
use mindflow_guest::{
    blob::{self, Download, Info, Range, Upload},
    call::Error,
};
use uuid::Uuid;

/// As the manifest names them.
const OWN: &str = "portability";
const MEDIA: &str = "media";
/// Keys that are deleted in one call.
const DELETED_PER_CALL: usize = 1_000;

pub const DISPLAY: &str = "display";
pub const ORIGINAL: &str = "original";

fn part(job: Uuid, number: u32) -> String {
    format!("exports/{job}/{number:06}")
}

/// The records of the archive's directory that belong to a part's files.
fn directory(job: Uuid, number: u32) -> String {
    format!("exports/{job}/{number:06}.directory")
}

fn uploaded(upload: Uuid, piece: Uuid) -> String {
    format!("uploads/{upload}/{piece}")
}

/// Where the media service looks for what it is to take in.
fn brought(id: Uuid) -> String {
    format!("uploads/{id}")
}

pub async fn put_part(job: Uuid, number: u32, bytes_max: u64) -> Result<Upload, Error> {
    Ok(blob::put(OWN.to_owned(), part(job, number), bytes_max).await?)
}

pub async fn get_part(job: Uuid, number: u32, range: Option<Range>) -> Result<Download, Error> {
    Ok(blob::get(OWN.to_owned(), part(job, number), range).await?.1)
}

pub async fn put_directory(job: Uuid, number: u32, bytes: Vec<u8>) -> Result<(), Error> {
    let upload = blob::put(OWN.to_owned(), directory(job, number), bytes.len() as u64).await?;
    for piece in bytes.chunks(64 << 10) {
        upload.write(piece.to_vec()).await?;
    }
    upload.finish().await?;
    Ok(())
}

pub async fn get_directory(job: Uuid, number: u32) -> Result<Download, Error> {
    Ok(blob::get(OWN.to_owned(), directory(job, number), None).await?.1)
}

/// Removes an export.
pub async fn forget_export(job: Uuid, parts: u32) -> Result<(), Error> {
    let keys: Vec<String> = (0..=parts).flat_map(|number| [part(job, number), directory(job, number)]).collect();
    for keys in keys.chunks(DELETED_PER_CALL) {
        blob::delete(OWN.to_owned(), keys.to_vec()).await?;
    }
    Ok(())
}

pub async fn put_piece(upload: Uuid, piece: Uuid, bytes_max: u64) -> Result<Upload, Error> {
    Ok(blob::put(OWN.to_owned(), uploaded(upload, piece), bytes_max).await?)
}

pub async fn forget_pieces(upload: Uuid, pieces: &[UploadedPiece]) -> Result<(), Error> {
    let keys: Vec<String> = pieces.iter().map(|piece| uploaded(upload, piece.id)).collect();
    for keys in keys.chunks(DELETED_PER_CALL) {
        blob::delete(OWN.to_owned(), keys.to_vec()).await?;
    }
    Ok(())
}

/// A file of the media service; `None` when it has no such form.
pub async fn get_media(id: Uuid, form: &str) -> Result<Option<(Info, Download)>, Error> {
    match blob::get(MEDIA.to_owned(), format!("{id}/{form}"), None).await {
        Err(blob::Error::NotFound) => Ok(None),
        other => Ok(Some(other?)),
    }
}

/// A file that the media service is to take in.
pub async fn put_media(id: Uuid, bytes_max: u64) -> Result<Upload, Error> {
    Ok(blob::put(MEDIA.to_owned(), brought(id), bytes_max).await?)
}

pub async fn forget_media(id: Uuid) -> Result<(), Error> {
    Ok(blob::delete(MEDIA.to_owned(), vec![brought(id)]).await?)
}

/// A whole file, of at most so many bytes.
pub async fn whole(download: Download, bytes_max: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(piece) = download.next().await? {
        if bytes.len() + piece.len() > bytes_max {
            return Err(Error::Internal("a file is larger than it can be".to_owned()));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

pub async fn check() -> Result<(), String> {
    blob::list(OWN.to_owned(), String::new(), None, 1).await.map(drop).map_err(|error| format!("files: {error:?}"))
}

/// An upload, read from any place.
pub struct Uploaded {
    id: Uuid,
    pieces: Vec<UploadedPiece>,
    /// Their numbers and bytes.
    places: Vec<(u32, u64)>,
    bytes: u64,
}

impl Uploaded {
    pub fn new(id: Uuid, pieces: Vec<UploadedPiece>) -> Self {
        let places = pieces.iter().zip(0..).map(|(piece, number)| (number, piece.bytes)).collect();
        Self { id, bytes: pieces.iter().map(|piece| piece.bytes).sum(), pieces, places }
    }

    async fn part(&self, part: &Piece) -> Result<Vec<u8>, blob::Error> {
        let piece = usize::try_from(part.part).ok().and_then(|number| self.pieces.get(number));
        let piece = piece.ok_or(blob::Error::NotFound)?;
        let range = Some(Range { start: part.start, end: part.end });
        let (_, download) = blob::get(OWN.to_owned(), uploaded(self.id, piece.id), range).await?;
        let mut read = Vec::new();
        while let Some(bytes) = download.next().await? {
            read.extend_from_slice(&bytes);
        }
        Ok(read)
    }
}

impl Source for Uploaded {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    async fn read(&self, offset: u64, bytes: usize) -> Result<Vec<u8>, Unreadable> {
        let end = offset.saturating_add(bytes as u64).min(self.bytes);
        let mut read = Vec::new();
        for part in pieces(&self.places, offset, end) {
            let bytes = self.part(&part).await;
            read.extend(bytes.map_err(|error| Unreadable(format!("the upload cannot be read now: {error:?}")))?);
        }
        Ok(read)
    }
}
