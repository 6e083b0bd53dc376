//! The renditions of an upload. Its header is checked before anything is decoded, and its metadata are taken out before a
//! decoder sees it: they may unpack to any size. Then it is decoded whole, so that a damaged image is refused now rather than
//! when it is displayed.

use crate::smaller;
use crate::strip::{self, Cut, PROFILE_BYTES_MAX, StripError, Stripped, strip};
use bytes::Bytes;
use image::{
    ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader,
    Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    metadata::Orientation,
};
use mindflow_guest::rules::{Rule, Unit};
use std::io::Cursor;

/// With 9 bytes a pixel, which a progressive JPEG takes while it is decoded (11 with four colours), this is what fits
/// into the memory that the manifest gives one call.
pub const MEGAPIXELS_MAX: u64 = 40;
/// Decoded: 40 megapixels of four bytes. Pictures of 16 bits a colour can have half of them.
const DECODED_BYTES_MAX: u64 = 160_000_000;
/// The longer side, in pixels.
pub const DISPLAY_MAX: u32 = 1_600;
pub const THUMB_MAX: u32 = 256;
/// Of 100: small, and hard to distinguish from the original at these sizes.
const JPEG_QUALITY: u8 = 82;
/// A profile of colours that is larger does not belong into a preview.
const PREVIEW_PROFILE_BYTES_MAX: usize = 64 << 10;

/// Why an upload cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("This is not a JPEG, PNG, WebP or GIF image")]
    Unknown,
    #[error("The image is truncated")]
    Truncated,
    #[error("The image is damaged: {0}")]
    Damaged(String),
    #[error("The image has {width} × {height} pixels, which is more than {MEGAPIXELS_MAX} megapixels")]
    TooManyPixels { width: u64, height: u64 },
    #[error("The image takes too much memory to be shown: use fewer pixels or 8 bits a colour")]
    TooMuchMemory,
    #[error("The image's profile of colours unpacks to more than {PROFILE_BYTES_MAX} bytes")]
    Profile,
    #[error("The image is of a kind that cannot be shown: {0}")]
    Unsupported(String),
}

impl Refusal {
    /// As clients know it.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Unknown | Self::Unsupported(_) => Rule::Unsupported,
            Self::Truncated | Self::Damaged(_) => Rule::Damaged,
            Self::TooManyPixels { width, height } => Rule::TooLong {
                max: MEGAPIXELS_MAX * 1_000_000,
                actual: Some(width.saturating_mul(*height)),
                unit: Unit::Pixels,
            },
            Self::TooMuchMemory | Self::Profile => Rule::unmeasured(),
        }
    }
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub name: &'static str,
    pub content_type: &'static str,
    /// As it is to be shown.
    pub width: u32,
    pub height: u32,
    pub contents: Vec<u8>,
}

/// The image without its metadata, and its smaller sizes.
///
/// # Errors
/// What is wrong with it, as its owner may read it.
pub fn prepare(upload: Vec<u8>) -> Result<Vec<Picture>, Refusal> {
    let upload = Bytes::from(upload);
    let format = image::guess_format(&upload).map_err(|_| Refusal::Unknown)?;
    let content_type = content_type(format).ok_or(Refusal::Unknown)?;
    // A decoder may find in its own way that there are too many pixels, and not say how many.
    if let Ok(said) = imagesize::blob_size(&upload) {
        pixels(said.width as u64, said.height as u64)?;
    }
    let orientation = strip::turned(format, &upload);
    let Stripped { contents, cut } = strip(format, upload, orientation)?;
    let mut contents = Bytes::from(contents);
    let mut decoder = open(format, contents.clone())?;
    match cut {
        None => {}
        Some(Cut::Jpeg { half }) => {
            contents = strip::with_all_rows(contents, half).ok_or(Refusal::Truncated)?;
            decoder = open(format, contents.clone())?;
        }
        Some(Cut::Gif { last }) => all_rows_of_gif(last.into())?,
    }
    let profile = profile(&mut decoder);
    let decoded = DynamicImage::from_decoder(decoder)?;
    let (width, height) = turned(decoded.width(), decoded.height(), orientation);
    let original = Picture { name: "original", content_type, width, height, contents: contents.into() };
    // Turned when it is small: that takes another picture's memory.
    let mut display = smaller::within(decoded, DISPLAY_MAX);
    display.apply_orientation(orientation);
    let thumb = smaller::within(display.clone(), THUMB_MAX);
    let lossless = format == ImageFormat::Gif || display.color().has_alpha();
    Ok(vec![
        original,
        encode("display", display, lossless, profile.as_deref())?,
        encode("thumb", thumb, lossless, profile.as_deref())?,
    ])
}

/// Its header is read, and nothing more, unless it is one of an image that can be shown.
fn open(format: ImageFormat, image: Bytes) -> Result<impl ImageDecoder, Refusal> {
    let mut reader = ImageReader::with_format(Cursor::new(image), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    reader.limits(limits);
    let decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    pixels(width.into(), height.into())?;
    if decoder.total_bytes() > DECODED_BYTES_MAX {
        return Err(Refusal::TooMuchMemory);
    }
    Ok(decoder)
}

/// Its decoder takes no picture with fewer pixels than it says.
fn all_rows_of_gif(picture: Bytes) -> Result<(), Refusal> {
    let decoder = open(ImageFormat::Gif, picture)?;
    match DynamicImage::from_decoder(decoder).map_err(Refusal::from) {
        Ok(_) => Ok(()),
        Err(Refusal::Damaged(_)) => Err(Refusal::Truncated),
        Err(other) => Err(other),
    }
}

fn pixels(width: u64, height: u64) -> Result<(), Refusal> {
    if width.saturating_mul(height) <= MEGAPIXELS_MAX * 1_000_000 {
        return Ok(());
    }
    Err(Refusal::TooManyPixels { width, height })
}

fn content_type(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Jpeg => Some("image/jpeg"),
        ImageFormat::Png => Some("image/png"),
        ImageFormat::WebP => Some("image/webp"),
        ImageFormat::Gif => Some("image/gif"),
        _ => None,
    }
}

/// The profile of colours, where the smaller sizes can have it too.
fn profile(decoder: &mut impl ImageDecoder) -> Option<Vec<u8>> {
    let profile = decoder.icc_profile().ok().flatten().filter(|profile| profile.len() <= PREVIEW_PROFILE_BYTES_MAX)?;
    fits(&profile, decoder.original_color_type(), decoder.color_type()).then_some(profile)
}

/// Whether the profile speaks of the colours that the decoded image has (ICC.1, §7.2.6).
fn fits(profile: &[u8], original: ExtendedColorType, decoded: ColorType) -> bool {
    let colours: &[u8] = if decoded.has_color() { b"RGB " } else { b"GRAY" };
    !matches!(original, ExtendedColorType::Cmyk8) && profile.get(16..20) == Some(colours)
}

/// The sizes after turning.
fn turned(width: u32, height: u32, orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH => {
            (height, width)
        }
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (width, height),
    }
}

fn encode(name: &'static str, image: DynamicImage, lossless: bool, profile: Option<&[u8]>) -> Result<Picture, Refusal> {
    let (width, height) = (image.width(), image.height());
    let mut contents = Vec::new();
    let content_type = if lossless {
        let image = if image.color().has_color() {
            DynamicImage::ImageRgba8(image.into_rgba8())
        } else {
            DynamicImage::ImageLumaA8(image.into_luma_alpha8())
        };
        write(PngEncoder::new(&mut contents), &image, profile)?;
        "image/png"
    } else {
        let image = if image.color().has_color() {
            DynamicImage::ImageRgb8(image.into_rgb8())
        } else {
            DynamicImage::ImageLuma8(image.into_luma8())
        };
        write(JpegEncoder::new_with_quality(&mut contents, JPEG_QUALITY), &image, profile)?;
        "image/jpeg"
    };
    Ok(Picture { name, content_type, width, height, contents })
}

fn write(mut encoder: impl ImageEncoder, image: &DynamicImage, profile: Option<&[u8]>) -> Result<(), Refusal> {
    if let Some(profile) = profile {
        // Without it the colours are a little off, which is better than no picture.
        let _ = encoder.set_icc_profile(profile.to_vec());
    }
    Ok(image.write_with_encoder(encoder)?)
}

// === impl Refusal ===

impl From<StripError> for Refusal {
    fn from(error: StripError) -> Self {
        match error {
            StripError::Truncated => Self::Truncated,
            StripError::Damaged(how) => Self::Damaged(how.to_owned()),
            StripError::Profile => Self::Profile,
            StripError::Unknown => Self::Unknown,
        }
    }
}

impl From<ImageError> for Refusal {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Self::Truncated,
            ImageError::Limits(_) => Self::TooMuchMemory,
            ImageError::Unsupported(error) => Self::Unsupported(error.to_string()),
            other => Self::Damaged(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
