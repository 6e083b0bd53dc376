//! GIF (GIF89a specification): blocks, of which comments, plain texts and all applications' but the one that says
//! how often a film is repeated are left out.

use super::{Cut, Reader, StripError, Stripped};

const EXTENSION: u8 = 0x21;
const PICTURE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;
/// How long a picture is shown.
const CONTROL: u8 = 0xF9;
const APPLICATION: u8 = 0xFF;

/// A file may end without its trailer: behind a whole picture, or in the data of one, whose rows may all be there.
pub(super) fn strip(image: &[u8]) -> Result<Stripped, StripError> {
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
    let head = kept.len();
    let mut pictures = 0_usize;
    loop {
        let block = if pictures > 0 { reader.byte().unwrap_or(TRAILER) } else { reader.byte()? };
        match block {
            TRAILER => {
                kept.push(TRAILER);
                return Ok(Stripped { contents: kept, cut: None });
            }
            PICTURE => {
                let begin = kept.len();
                let descriptor = reader.take(9)?;
                kept.push(PICTURE);
                kept.extend_from_slice(descriptor);
                kept.extend_from_slice(reader.take(colours(descriptor.get(8)))?);
                kept.push(reader.byte()?);
                let data = reader.0;
                let Ok(blocks) = sub_blocks(&mut reader) else {
                    kept.extend_from_slice(&ended(data));
                    kept.push(TRAILER);
                    let last = [kept.get(..head), kept.get(begin..)].into_iter().flatten().collect::<Vec<_>>().concat();
                    return Ok(Stripped { contents: kept, cut: Some(Cut::Gif { last }) });
                };
                kept.extend_from_slice(blocks);
                pictures += 1;
            }
            EXTENSION => {
                let extension = reader.byte().and_then(|label| Ok((label, sub_blocks(&mut reader)?)));
                if extension.is_err() && pictures > 0 {
                    // What is missing is of no picture that there is.
                    kept.push(TRAILER);
                    return Ok(Stripped { contents: kept, cut: None });
                }
                let (label, blocks) = extension?;
                if label == CONTROL || (label == APPLICATION && blocks.starts_with(b"\x0bNETSCAPE2.0")) {
                    kept.extend_from_slice(&[EXTENSION, label]);
                    kept.extend_from_slice(blocks);
                }
            }
            _ => return Err(StripError::Damaged("it has an unknown block")),
        }
    }
}

/// What there is of blocks whose end was cut, with an end.
fn ended(mut data: &[u8]) -> Vec<u8> {
    let mut blocks = Vec::with_capacity(data.len() + 1);
    while let Some((length, rest)) = data.split_first() {
        let (block, rest) = rest.split_at_checked(usize::from(*length)).unwrap_or((rest, &[]));
        if let Ok(length @ 1..) = u8::try_from(block.len()) {
            blocks.push(length);
            blocks.extend_from_slice(block);
        }
        data = rest;
    }
    blocks.push(0);
    blocks
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
