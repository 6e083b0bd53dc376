//! Removes the metadata of an image: EXIF (with its GPS position), XMP, IPTC, comments, previews, and everything behind
//! the image's end. The image data are kept bit for bit; of the metadata only the orientation stays.

mod gif;
mod jpeg;
mod orientation;
mod png;
mod rows;
mod webp;

pub use rows::with_all_rows;

use bytes::Bytes;
use image::{ImageFormat, metadata::Orientation};

/// Of a profile of colours, unpacked: as libpng takes at most. Usual ones have less than a thousandth of it.
pub const PROFILE_BYTES_MAX: usize = 8_000_000;

/// Why the parts of an image could not be separated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StripError {
    /// It ends before its end.
    #[error("the image is truncated")]
    Truncated,
    #[error("the image is damaged: {0}")]
    Damaged(&'static str),
    #[error("the image's profile of colours has more than {PROFILE_BYTES_MAX} bytes")]
    Profile,
    #[error("images of this kind are not known here")]
    Unknown,
}

/// An image without its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stripped {
    pub contents: Vec<u8>,
    pub cut: Option<Cut>,
}

/// A file ended in the data of a picture or behind them, and has its end now. Rows may be missing: its decoder finds out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// [`with_all_rows`] finds out. `half`: its last byte was `FF`.
    Jpeg { half: bool },
    /// The picture that was cut, as a GIF of its own.
    Gif { last: Vec<u8> },
}

/// The image without its metadata, to be turned as before.
///
/// # Errors
/// It is truncated or damaged, or of none of the four kinds.
pub fn strip(format: ImageFormat, image: Bytes, orientation: Orientation) -> Result<Stripped, StripError> {
    let contents = match format {
        ImageFormat::Jpeg => return jpeg::strip(&image, orientation),
        ImageFormat::Png => png::strip(image, orientation),
        ImageFormat::WebP => webp::strip(image, orientation),
        ImageFormat::Gif => return gif::strip(&image),
        _ => Err(StripError::Unknown),
    }?;
    Ok(Stripped { contents, cut: None })
}

/// How the image is to be turned, as its metadata say. Of them nothing else is read, and nothing is unpacked.
pub fn turned(format: ImageFormat, image: &Bytes) -> Orientation {
    let turned = match format {
        ImageFormat::Jpeg => jpeg::turned(image),
        ImageFormat::Png => png::turned(image.clone()),
        ImageFormat::WebP => webp::turned(image.clone()),
        _ => None,
    };
    turned.unwrap_or(Orientation::NoTransforms)
}

/// Reads from the front of a slice.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], StripError> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(StripError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, StripError> {
        let (byte, rest) = self.0.split_first().ok_or(StripError::Truncated)?;
        self.0 = rest;
        Ok(*byte)
    }
}

#[cfg(test)]
mod tests;

/// The orientation in the image's metadata, if there is one.
#[cfg(test)]
pub fn exif_of(image: &[u8]) -> Option<Orientation> {
    use image::{ImageDecoder, ImageReader};
    let reader = ImageReader::new(std::io::Cursor::new(image)).with_guessed_format().unwrap();
    reader.into_decoder().unwrap().exif_metadata().unwrap().and_then(|exif| Orientation::from_exif_chunk(&exif))
}
