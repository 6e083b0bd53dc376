//! WebP (its container specification): chunks of a RIFF, of which those that are needed to show the picture are kept.

use super::{StripError, orientation};
use bytes::Bytes;
use image::metadata::Orientation;
use img_parts::{
    Error,
    riff::{RiffChunk, RiffContent},
    webp::{CHUNK_EXIF, CHUNK_VP8X, WebP},
};

const KEPT: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// Flags of `VP8X`: which chunks of metadata there are.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;

pub(super) fn strip(image: Bytes, turned: Orientation) -> Result<Vec<u8>, StripError> {
    let mut webp = WebP::from_bytes(image).map_err(|error| match error {
        Error::Truncated => StripError::Truncated,
        _ => StripError::Damaged("its chunks are not those of a WebP"),
    })?;
    let chunks = webp.chunks_mut();
    chunks.retain(|chunk| KEPT.contains(&&chunk.id()));
    // A picture without this chunk had no metadata.
    if let Some(extended) = chunks.iter_mut().find(|chunk| chunk.id() == CHUNK_VP8X)
        && let RiffContent::Data(data) = extended.content_mut()
    {
        let exif = orientation::exif(turned);
        let mut header = data.to_vec();
        if let Some(flags) = header.first_mut() {
            *flags = *flags & !(HAS_EXIF | HAS_XMP) | if exif.is_some() { HAS_EXIF } else { 0 };
        }
        *data = header.into();
        if let Some(exif) = exif {
            chunks.push(RiffChunk::new(CHUNK_EXIF, RiffContent::Data(exif.into())));
        }
    }
    Ok(webp.encoder().bytes().to_vec())
}
