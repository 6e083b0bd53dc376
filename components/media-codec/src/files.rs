//! The container: an upload in, its renditions out.

use crate::bindings::exports::mindflow::media_codec::images::Rendition;
use crate::picture::Picture;
use mindflow_guest::{blob, call::Error};
use sha2::{Digest, Sha256};

/// As the manifest names it.
const CONTAINER: &str = "media";
/// What the service takes of one upload.
const UPLOAD_BYTES_MAX: usize = 10 << 20;
/// Stripping only takes away, and 1,600 by 1,600 pixels of four bytes are less than this in any encoding.
const RENDITION_BYTES_MAX: u64 = 12 << 20;
/// A call into the host copies what it is given, so that a few large ones beat many small ones.
const WRITE_BYTES: usize = 256 << 10;

/// An upload, whole.
pub async fn read(id: &str) -> Result<Vec<u8>, Error> {
    let (info, download) = match blob::get(CONTAINER.to_owned(), format!("uploads/{id}"), None).await {
        Err(blob::Error::NotFound) => return Err(Error::Internal(format!("there is no upload {id}"))),
        other => other?,
    };
    let bytes = usize::try_from(info.bytes).ok().filter(|bytes| *bytes <= UPLOAD_BYTES_MAX);
    let bytes = bytes.ok_or_else(|| Error::Internal(format!("an upload of {} bytes", info.bytes)))?;
    let mut whole = Vec::with_capacity(bytes);
    while let Some(piece) = download.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

pub async fn write(id: &str, picture: Picture) -> Result<Rendition, Error> {
    let Picture { name, content_type, width, height, contents } = picture;
    let upload = blob::put(CONTAINER.to_owned(), format!("{id}/{name}"), RENDITION_BYTES_MAX).await?;
    for piece in contents.chunks(WRITE_BYTES) {
        upload.write(piece.to_vec()).await?;
    }
    let bytes = upload.finish().await?;
    let sha256 = hex::encode(Sha256::digest(&contents));
    Ok(Rendition { name: name.to_owned(), content_type: content_type.to_owned(), bytes, width, height, sha256 })
}

pub async fn check() -> Result<(), String> {
    blob::list(CONTAINER.to_owned(), String::new(), None, 1)
        .await
        .map(drop)
        .map_err(|error| format!("files: {error:?}"))
}
