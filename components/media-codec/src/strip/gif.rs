//! GIF (GIF89a specification): blocks, of which comments, plain texts and all applications' but the one that says
//! how often a film is repeated are left out.

use super::{Reader, StripError};

const EXTENSION: u8 = 0x21;
const PICTURE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;
/// How long a picture is shown.
const CONTROL: u8 = 0xF9;
const APPLICATION: u8 = 0xFF;

pub(super) fn strip(image: &[u8]) -> Result<Vec<u8>, StripError> {
    let mut reader = Reader(image);
    let mut kept = Vec::with_capacity(image.len());
    let signature = reader.take(6)?;
    if !matches!(signature, b"GIF87a" | b"GIF89a") {
        return Err(StripError::Damaged("it does not begin as a GIF"));
    }
    kept.extend_from_slice(signature);
    let screen = reader.take(7)?;
    kept.extend_from_slice(screen);
    kept.extend_from_slice(reader.take(colours(screen.get(4)))?);
    let mut pictures = 0_usize;
    loop {
        // Behind a whole picture the trailer may be missing.
        let block = if pictures > 0 { reader.byte().unwrap_or(TRAILER) } else { reader.byte()? };
        match block {
            TRAILER => {
                kept.push(TRAILER);
                return Ok(kept);
            }
            PICTURE => {
                let descriptor = reader.take(9)?;
                kept.push(PICTURE);
                kept.extend_from_slice(descriptor);
                kept.extend_from_slice(reader.take(colours(descriptor.get(8)))?);
                kept.push(reader.byte()?);
                kept.extend_from_slice(sub_blocks(&mut reader)?);
                pictures += 1;
            }
            EXTENSION => {
                let label = reader.byte()?;
                let blocks = sub_blocks(&mut reader)?;
                if label == CONTROL || (label == APPLICATION && blocks.starts_with(b"\x0bNETSCAPE2.0")) {
                    kept.extend_from_slice(&[EXTENSION, label]);
                    kept.extend_from_slice(blocks);
                }
            }
            _ => return Err(StripError::Damaged("it has an unknown block")),
        }
    }
}

/// The bytes of a table of colours, by the flags before it.
fn colours(flags: Option<&u8>) -> usize {
    match flags {
        Some(flags) if flags & 0x80 != 0 => 3 << ((flags & 7) + 1),
        _ => 0,
    }
}

/// Up to and with the empty one that ends them.
fn sub_blocks<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], StripError> {
    let all = reader.0;
    let mut bytes = 0;
    loop {
        let length = usize::from(reader.byte()?);
        reader.take(length)?;
        bytes += length + 1;
        if length == 0 {
            return all.get(..bytes).ok_or(StripError::Truncated);
        }
    }
}
