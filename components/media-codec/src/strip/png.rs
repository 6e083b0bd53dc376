//! PNG: chunks, of which those that are needed to show the picture are kept.

use super::{PROFILE_BYTES_MAX, StripError, orientation};
use bytes::Bytes;
use flate2::read::ZlibDecoder;
use image::metadata::Orientation;
use img_parts::{Error, ImageEXIF, png::Png};
use std::io::{self, Read};

const PROFILE: &[u8; 4] = b"iCCP";
const EXIF: [u8; 4] = *b"eXIf";
/// Of a profile's name (PNG §11.3.2.3).
const NAME_BYTES_MAX: usize = 79;

/// The signature of a file, behind which its chunks are.
const SIGNATURE_BYTES: usize = 8;
/// Of a chunk besides its contents: their length, its kind and a checksum.
const FRAME_BYTES: usize = 12;
/// The last chunk. It says nothing else, so browsers show a picture without it.
const END: &[u8] = b"\0\0\0\0IEND\xAE\x42\x60\x82";

/// Of the ancillary chunks: colours, transparency, the size of a pixel, and what moves.
const KEPT: [&[u8; 4]; 15] = [
    b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs", b"sPLT",
    b"acTL", b"fcTL", b"fdAT",
];

pub(super) fn strip(image: Bytes, turned: Orientation) -> Result<Vec<u8>, StripError> {
    let mut png = Png::from_bytes(ended(image)).map_err(|error| match error {
        Error::Truncated => StripError::Truncated,
        _ => StripError::Damaged("its chunks are not those of a PNG"),
    })?;
    if png.chunks().last().is_none_or(|chunk| chunk.kind() != *b"IEND") {
        return Err(StripError::Truncated);
    }
    let mut profiles = 0;
    let mut too_large = false;
    png.chunks_mut().retain(|chunk| {
        let kind = chunk.kind();
        if kind == *PROFILE {
            // There is one at most; a second would be unpacked too.
            profiles += 1;
            return profiles == 1
                && unpacked(chunk.contents()).is_ok_and(|bytes| {
                    too_large = bytes > PROFILE_BYTES_MAX as u64;
                    !too_large
                });
        }
        // A critical chunk has a capital letter in front (PNG §5.4).
        kind.first().is_some_and(u8::is_ascii_uppercase) || KEPT.contains(&&kind)
    });
    if too_large {
        return Err(StripError::Profile);
    }
    png.set_exif(orientation::exif(turned).map(Into::into));
    Ok(png.encoder().bytes().to_vec())
}

/// How the picture is to be turned.
pub(super) fn turned(image: Bytes) -> Option<Orientation> {
    let png = Png::from_bytes(ended(image)).ok()?;
    png.chunk_by_type(EXIF).and_then(|chunk| Orientation::from_exif_chunk(chunk.contents()))
}

/// The image with its end, where that alone is missing, or some of it. Whether all rows are there is seen when it is decoded.
fn ended(image: Bytes) -> Bytes {
    let mut rest = image.get(SIGNATURE_BYTES..).unwrap_or_default();
    loop {
        let length = rest.first_chunk().map(|length| u32::from_be_bytes(*length));
        let length = length.and_then(|length| usize::try_from(length).ok());
        let Some(behind) = length.and_then(|length| rest.get(length.checked_add(FRAME_BYTES)?..)) else { break };
        if rest.starts_with(END) {
            return image;
        }
        rest = behind;
    }
    match END.strip_prefix(rest) {
        Some(missing) => [image.as_ref(), missing].concat().into(),
        None => image,
    }
}

/// How many bytes the profile unpacks to, as far as one more than it may have.
///
/// # Errors
/// It is damaged: decoders ignore it.
fn unpacked(chunk: &[u8]) -> io::Result<u64> {
    let named = chunk.iter().take(NAME_BYTES_MAX + 1).position(|byte| *byte == 0);
    // Behind the name is the method, of which there is one.
    let packed = named.and_then(|end| chunk.get(end + 1..)?.strip_prefix(&[0]));
    let packed = packed.ok_or(io::ErrorKind::InvalidData)?;
    io::copy(&mut ZlibDecoder::new(packed).take(PROFILE_BYTES_MAX as u64 + 1), &mut io::sink())
}
