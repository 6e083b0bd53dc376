//! PNG: chunks, of which those that are needed to show the picture are kept.

use super::{StripError, orientation};
use bytes::Bytes;
use image::metadata::Orientation;
use img_parts::{Error, ImageEXIF, png::Png};

/// Of the ancillary chunks: colours, transparency, the size of a pixel, and what moves.
const KEPT: [&[u8; 4]; 15] = [
    b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs", b"sPLT",
    b"acTL", b"fcTL", b"fdAT",
];

pub(super) fn strip(image: Bytes, turned: Orientation) -> Result<Vec<u8>, StripError> {
    let mut png = Png::from_bytes(image).map_err(|error| match error {
        Error::Truncated => StripError::Truncated,
        _ => StripError::Damaged("its chunks are not those of a PNG"),
    })?;
    if png.chunks().last().is_none_or(|chunk| chunk.kind() != *b"IEND") {
        return Err(StripError::Truncated);
    }
    // A critical chunk has a capital letter in front (PNG §5.4).
    png.chunks_mut().retain(|chunk| {
        let kind = chunk.kind();
        kind.first().is_some_and(u8::is_ascii_uppercase) || KEPT.contains(&&kind)
    });
    png.set_exif(orientation::exif(turned).map(Into::into));
    Ok(png.encoder().bytes().to_vec())
}
