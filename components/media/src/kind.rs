//! What a file may be: its size, and its type by its first bytes. Its name and the client's content type are ignored.

use mindflow_guest::web::failure::{Failure, Kind};

/// Of one file, as docs/media.md says.
pub const FILE_BYTES_MAX: u64 = 10 << 20;
/// What the signatures of all kinds need, and more.
pub const HEAD_BYTES: usize = 64;
/// The images that can be shown.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

/// What can be uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upload {
    Image,
    Sound(Sound),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    Ogg,
    Mp3,
    M4a,
}

impl Upload {
    /// In the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Sound(_) => "audio",
        }
    }
}

impl Sound {
    /// As browsers know it.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Ogg => "audio/ogg",
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
        }
    }
}

/// # Errors
/// 415 for all but the images that can be shown and the sounds that can be played.
pub fn of(head: &[u8]) -> Result<Upload, Failure> {
    let found = infer::get(head).map(|kind| kind.mime_type());
    match found {
        Some(image) if IMAGES.contains(&image) => Ok(Upload::Image),
        Some("audio/ogg" | "audio/opus") => Ok(Upload::Sound(Sound::Ogg)),
        Some("audio/mpeg") => Ok(Upload::Sound(Sound::Mp3)),
        Some("audio/m4a") => Ok(Upload::Sound(Sound::M4a)),
        other => {
            let found = other.map_or_else(String::new, |found| format!(" This file is {found}."));
            let text = "Only JPEG, PNG, WebP and GIF images and Ogg, MP3 and M4A sounds can be uploaded.";
            Err(Failure::new(Kind::UnsupportedMediaType, format!("{text}{found}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_sounds_are_known_by_their_first_bytes() {
        for (head, upload) in [
            (&b"\xFF\xD8\xFF\xE0\x00\x10JFIF\0"[..], Upload::Image),
            (b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", Upload::Image),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Upload::Image),
            (b"GIF89a\x01\0\x01\0", Upload::Image),
            (b"OggS\0\x02\0\0\0\0\0\0\0\0", Upload::Sound(Sound::Ogg)),
            (b"ID3\x04\0\0\0\0\0\0", Upload::Sound(Sound::Mp3)),
            (b"\xFF\xFB\x90\x64", Upload::Sound(Sound::Mp3)),
            (b"\0\0\0\x1cftypM4A \0\0\0\0", Upload::Sound(Sound::M4a)),
        ] {
            assert_eq!(of(head), Ok(upload), "{head:?}");
        }
    }

    #[test]
    fn everything_else_is_415_whatever_it_is_called() {
        for head in [&b"Dear diary"[..], b"%PDF-1.7\n", b"<svg xmlns=", b"RIFF\x24\0\0\0WAVEfmt ", b"\xFF", b""] {
            assert_eq!(of(head).unwrap_err().kind, Kind::UnsupportedMediaType, "{head:?}");
        }
        assert!(of(b"%PDF-1.7\n").unwrap_err().public_text().ends_with("This file is application/pdf."));
    }
}
