//! WebP (its container specification): chunks of a RIFF, of which those that are needed to show the picture are kept.

use super::{PROFILE_BYTES_MAX, Reader, StripError, orientation};
use bytes::Bytes;
use image::metadata::Orientation;
use img_parts::{
    Error,
    riff::{RiffChunk, RiffContent},
    webp::{CHUNK_ANMF, CHUNK_EXIF, CHUNK_ICCP, CHUNK_VP8, CHUNK_VP8X, WebP},
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
    check(chunks)?;
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

/// How the picture is to be turned.
pub(super) fn turned(image: Bytes) -> Option<Orientation> {
    let webp = WebP::from_bytes(image).ok()?;
    webp.chunk_by_id(CHUNK_EXIF)?.content().data().and_then(|data| Orientation::from_exif_chunk(data))
}

/// The decoder takes memory for the sizes that a lossy picture says itself, before it compares them with those that the file
/// says, which were checked.
fn check(chunks: &[RiffChunk]) -> Result<(), StripError> {
    let canvas = chunks.iter().find(|chunk| chunk.id() == CHUNK_VP8X).and_then(data).map(canvas).transpose()?;
    for chunk in chunks {
        let Some(data) = data(chunk) else { continue };
        match chunk.id() {
            CHUNK_ICCP if data.len() > PROFILE_BYTES_MAX => return Err(StripError::Profile),
            CHUNK_VP8 => same(canvas, lossy(data)?)?,
            CHUNK_ANMF => frame(data)?,
            _ => {}
        }
    }
    Ok(())
}

fn data(chunk: &RiffChunk) -> Option<&[u8]> {
    chunk.content().data().map(|data| &data[..])
}

type Size = (u32, u32);

fn same(said: Option<Size>, is: Size) -> Result<(), StripError> {
    match said {
        Some(said) if said != is => Err(StripError::Damaged("its picture has another size than it says")),
        _ => Ok(()),
    }
}

/// Flags, then the width and height less one.
fn canvas(extended: &[u8]) -> Result<Size, StripError> {
    let mut reader = Reader(extended);
    reader.take(4)?;
    Ok((three(&mut reader)? + 1, three(&mut reader)? + 1))
}

/// A frame of a film: its place, its size less one, time and flags, and then chunks.
fn frame(frame: &[u8]) -> Result<(), StripError> {
    let mut reader = Reader(frame);
    reader.take(6)?;
    let size = (three(&mut reader)? + 1, three(&mut reader)? + 1);
    reader.take(4)?;
    while let Ok(id) = reader.take(4) {
        let length = reader.take(4)?;
        let length = length.iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        let chunk = reader.take(length)?;
        if id == CHUNK_VP8 {
            same(Some(size), lossy(chunk)?)?;
        }
        let _padding = if length % 2 == 1 { reader.byte().ok() } else { None };
    }
    Ok(())
}

/// The size in the header of a lossy picture (RFC 6386 §9.1).
fn lossy(picture: &[u8]) -> Result<Size, StripError> {
    let mut reader = Reader(picture);
    reader.take(6)?;
    let mut side = || reader.take(2).map(|side| side.iter().rev().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)));
    Ok((side()? & 0x3FFF, side()? & 0x3FFF))
}

fn three(reader: &mut Reader<'_>) -> Result<u32, StripError> {
    Ok(reader.take(3)?.iter().rev().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
}
