//! The smallest EXIF that there can be: one directory with one entry, how the picture is to be turned.

use image::metadata::Orientation;

/// In the layout of TIFF 6.0 and Exif 2.3 §4.6.4, big-endian; `None` for a picture that is upright already.
pub(super) fn exif(orientation: Orientation) -> Option<Vec<u8>> {
    if orientation == Orientation::NoTransforms {
        return None;
    }
    let mut exif = b"MM\x00\x2a\x00\x00\x00\x08".to_vec();
    // One entry: tag 0x0112, type SHORT, one value, which stands at the front of its four bytes.
    exif.extend_from_slice(b"\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00");
    exif.push(orientation.to_exif());
    // The value's padding, and no further directory.
    exif.extend_from_slice(&[0; 6]);
    Some(exif)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_reads_the_orientation_that_was_written() {
        for code in 2..=8 {
            let turned = Orientation::from_exif(code).unwrap();
            assert_eq!(Orientation::from_exif_chunk(&exif(turned).unwrap()), Some(turned));
        }
        assert_eq!(exif(Orientation::NoTransforms), None);
    }
}
