//! JPEG (ITU-T T.81, annex B): segments, and behind a start of scan its entropy-coded data.

use super::{Cut, PROFILE_BYTES_MAX, Reader, StripError, Stripped, orientation, rows::Scans};
use image::metadata::Orientation;

const START: u8 = 0xD8;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;
/// JFIF, a profile of colours, Adobe's kind of colours: without them a picture looks different.
const JFIF: u8 = 0xE0;
const JFIF_HEADER_BYTES: usize = 14;
const PROFILE: u8 = 0xE2;
const ADOBE: u8 = 0xEE;
const PROFILE_NAME: &[u8] = b"ICC_PROFILE\0";
const EXIF: u8 = 0xE1;
const EXIF_NAME: &[u8] = b"Exif\0\0";

pub(super) fn strip(image: &[u8], turned: Orientation) -> Result<Stripped, StripError> {
    let mut reader = Reader(image);
    if reader.take(2)? != [0xFF, START] {
        return Err(StripError::Damaged("it does not begin as a JPEG"));
    }
    let mut kept = Vec::with_capacity(image.len());
    kept.extend_from_slice(&[0xFF, START]);
    let mut exif = orientation::exif(turned);
    let mut scanned = false;
    let mut scans = Scans::default();
    let mut profile_bytes = 0;
    loop {
        let marker = marker(&mut reader)?;
        match marker {
            // What stands behind it is another file: a film, a second picture.
            END if scanned => {
                kept.extend_from_slice(&[0xFF, END]);
                return Ok(Stripped { contents: kept, cut: None });
            }
            END => return Err(StripError::Damaged("it has no picture")),
            // Markers without a length that have no place between segments.
            0x00 | 0x01 | START | 0xD0..=0xD7 => return Err(StripError::Damaged("it has a marker out of place")),
            _ => {}
        }
        let contents = contents(&mut reader)?;
        if marker == PROFILE && keeps(PROFILE, contents) {
            profile_bytes += contents.len();
            if profile_bytes > PROFILE_BYTES_MAX {
                return Err(StripError::Profile);
            }
        }
        // Exif comes before the picture's tables, behind JFIF, which must be first.
        if marker != JFIF
            && let Some(exif) = exif.take()
        {
            segment(&mut kept, EXIF, &[EXIF_NAME, &exif].concat());
        }
        match (marker, contents.split_first_chunk::<JFIF_HEADER_BYTES>()) {
            // Behind its header is a preview, whose size its last two bytes say.
            (JFIF, Some((header, preview))) if !preview.is_empty() && keeps(JFIF, contents) => {
                segment(&mut kept, JFIF, &[&header[..JFIF_HEADER_BYTES - 2], &[0, 0]].concat());
            }
            _ if keeps(marker, contents) => segment(&mut kept, marker, contents),
            _ => {}
        }
        scans.note(marker, contents);
        if marker == SCAN {
            scanned = true;
            let (data, ended) = scan(&mut reader)?;
            kept.extend_from_slice(data);
            if !ended {
                // The file ends without its end marker.
                if !scans.are_all_there() {
                    return Err(StripError::Truncated);
                }
                kept.extend_from_slice(&[0xFF, END]);
                let half = reader.0.first() == Some(&0xFF);
                return Ok(Stripped { contents: kept, cut: Some(Cut::Jpeg { half }) });
            }
        }
    }
}

/// How the picture is to be turned, as the segments before its first scan say.
pub(super) fn turned(image: &[u8]) -> Option<Orientation> {
    let mut reader = Reader(image);
    reader.take(2).ok()?;
    loop {
        match marker(&mut reader).ok()? {
            0x00 | 0x01 | START | 0xD0..=0xD7 | END | SCAN => return None,
            marker => {
                let contents = contents(&mut reader).ok()?;
                if marker == EXIF
                    && let Some(exif) = contents.strip_prefix(EXIF_NAME)
                {
                    return Orientation::from_exif_chunk(exif);
                }
            }
        }
    }
}

/// Of the segment whose marker was just read.
fn contents<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], StripError> {
    let length = reader.take(2)?;
    let bytes = length.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
    reader.take(bytes.checked_sub(2).ok_or(StripError::Damaged("a segment has no length"))?)
}

fn keeps(marker: u8, contents: &[u8]) -> bool {
    match marker {
        // Not its second form, `JFXX`, which is a preview.
        JFIF => contents.starts_with(b"JFIF\0"),
        PROFILE => contents.starts_with(PROFILE_NAME),
        ADOBE => contents.starts_with(b"Adobe"),
        // All other segments of applications, and comments.
        0xE1..=0xEF | 0xFE => false,
        _ => true,
    }
}

fn segment(kept: &mut Vec<u8>, marker: u8, contents: &[u8]) {
    kept.extend_from_slice(&[0xFF, marker]);
    // It came from a segment, or is an Exif of 32 bytes: it fits.
    kept.extend_from_slice(&u16::try_from(contents.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
    kept.extend_from_slice(contents);
}

/// The marker of the next segment; fill bytes before it are skipped.
fn marker(reader: &mut Reader<'_>) -> Result<u8, StripError> {
    if reader.byte()? != 0xFF {
        return Err(StripError::Damaged("a segment does not begin with its marker"));
    }
    loop {
        match reader.byte()? {
            0xFF => {}
            marker => return Ok(marker),
        }
    }
}

/// Entropy-coded data, up to the next marker that is neither a stuffed byte nor a restart, and whether there is one. Without one
/// they go up to the end of the file, less an `FF` there, which is left to read: half of a marker, or of a stuffed byte, that was cut.
fn scan<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], bool), StripError> {
    let data = reader.0;
    let end =
        data.windows(2).position(|pair| matches!(pair, [0xFF, second] if !matches!(second, 0x00 | 0xD0..=0xD7 | 0xFF)));
    let bytes = end.unwrap_or_else(|| data.len() - data.iter().rev().take_while(|byte| **byte == 0xFF).count());
    Ok((reader.take(bytes)?, end.is_some()))
}
