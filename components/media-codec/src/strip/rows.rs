//! Whether a JPEG without its end marker has all of its rows. Browsers show such a file, and cameras and broken downloads make
//! some. A decoder fills in what is missing, so the data are decoded with something behind them that no decoder accepts.

use std::collections::BTreeMap;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, options::DecoderOptions},
};

const END: [u8; 2] = [0xFF, 0xD9];
/// Ones alone, with the stuffed byte behind each: no Huffman code begins with sixteen ones (T.81, annex C).
const NO_CODE: [u8; 16] = [0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0, 0xFF, 0];
/// A restart marker, so that intervals are missed as well.
const RESTART: [u8; 2] = [0xFF, 0xD0];

/// Whether a JPEG, whose end marker was added, decodes without a bit from behind its data. It takes the memory of decoding.
pub fn all_rows_are_there(jpeg: &[u8]) -> bool {
    let Some(data) = jpeg.strip_suffix(&END) else { return false };
    let tried = [data, &NO_CODE, &RESTART, &NO_CODE, &END].concat();
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(usize::MAX).set_max_height(usize::MAX);
    JpegDecoder::new_with_options(ZCursor::new(tried.as_slice()), options).decode().is_ok()
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
