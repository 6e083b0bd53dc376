//! Whether a JPEG without its end marker has all of its rows. Browsers show such a file, and cameras and broken downloads make
//! some. A decoder fills in what is missing, so the data are decoded twice, with something else behind them each time. Only
//! if no bit of that was needed, both pictures are the same.

use bytes::Bytes;
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, options::DecoderOptions},
};

const END: [u8; 2] = [0xFF, 0xD9];
/// A byte of ones in data, with its stuffed byte (T.81, F.1.2.3).
const ONES: [u8; 2] = [0xFF, 0];
/// No Huffman code begins with sixteen ones (T.81, annex C). But they may end one that was cut, and be bits that no code
/// announces.
const NO_CODE: [u8; 16] = [0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0];
const ZEROS: [u8; 16] = [0; 16];
/// A restart marker, so that intervals are missed as well.
const RESTART: [u8; 2] = [0xFF, 0xD0];

/// The JPEG, whose end marker was added, if it decodes without a bit from behind its data. `half`: the last byte of the file was
/// `FF`, which was left out. It is the first half of a marker or, with the stuffed byte behind, the last of the data.
///
/// It takes the memory of decoding.
pub fn with_all_rows(jpeg: Bytes, half: bool) -> Option<Bytes> {
    let data = jpeg.strip_suffix(&END)?;
    if are_there(data) {
        return Some(jpeg);
    }
    let longer = half.then(|| [data, &ONES].concat()).filter(|longer| are_there(longer))?;
    Some([longer.as_slice(), &END].concat().into())
}

fn are_there(data: &[u8]) -> bool {
    let picture = decoded(data, &NO_CODE);
    picture.is_some() && picture == decoded(data, &ZEROS)
}

/// A hash of the pixels, since two pictures may not fit into the memory. `None` where the data are not taken.
fn decoded(data: &[u8], behind: &[u8]) -> Option<u64> {
    let tried = [data, behind, &RESTART, behind, &END].concat();
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let pixels = JpegDecoder::new_with_options(ZCursor::new(tried.as_slice()), options).decode().ok()?;
    let mut hasher = DefaultHasher::new();
    pixels.hash(&mut hasher);
    Some(hasher.finish())
}

/// Which coefficients of a picture's components its scans have brought, as their headers say (T.81 §B.2.2 and §B.2.3).
#[derive(Debug, Default)]
pub(super) struct Scans {
    /// By the component's id: a bit for each of the 64 coefficients that is there to its last bit.
    components: BTreeMap<u8, u64>,
}

impl Scans {
    /// Takes note of a segment: the frame's header names the components, a scan's header what it brings.
    pub(super) fn note(&mut self, marker: u8, contents: &[u8]) {
        match (marker, contents) {
            (0xC0..=0xC2, [_, _, _, _, _, _, components @ ..]) => {
                self.components = components.chunks_exact(3).filter_map(|of| of.first()).map(|id| (*id, 0)).collect();
            }
            (0xDA, [_, components @ .., from, to, precision]) if from <= to && *to < 64 && precision & 0x0F == 0 => {
                let brought = (u64::MAX >> (63 - to)) & (u64::MAX << from);
                for id in components.chunks_exact(2).filter_map(|of| of.first()) {
                    if let Some(there) = self.components.get_mut(id) {
                        *there |= brought;
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn are_all_there(&self) -> bool {
        !self.components.is_empty() && self.components.values().all(|there| *there == u64::MAX)
    }
}
