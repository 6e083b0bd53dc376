//! What a file may be: its size, and its type by its first bytes. Its name and the client's content type are ignored.

use mindflow_guest::web::failure::{Failure, Kind};

/// Of one file, as docs/media.md says.
pub const FILE_BYTES_MAX: u64 = 10 << 20;
/// What the signatures of all kinds need, and more.
pub const HEAD_BYTES: usize = 64;
/// The media types that can be uploaded.
const ALLOWED: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

/// # Errors
/// 415 for all but the images that can be shown.
pub fn check(head: &[u8]) -> Result<(), Failure> {
    let found = infer::get(head).map(|kind| kind.mime_type());
    if found.is_some_and(|found| ALLOWED.contains(&found)) {
        return Ok(());
    }
    let found = found.map_or_else(String::new, |found| format!(" This file is {found}."));
    Err(Failure::new(
        Kind::UnsupportedMediaType,
        format!("Only JPEG, PNG, WebP and GIF images can be uploaded.{found}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_kinds_of_images_are_known_by_their_first_bytes() {
        for head in [
            &b"\xFF\xD8\xFF\xE0\x00\x10JFIF\0"[..],
            b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
            b"RIFF\x24\0\0\0WEBPVP8 ",
            b"GIF89a\x01\0\x01\0",
        ] {
            assert_eq!(check(head), Ok(()), "{head:?}");
        }
    }

    #[test]
    fn everything_else_is_415_whatever_it_is_called() {
        for head in [&b"Dear diary"[..], b"%PDF-1.7\n", b"<svg xmlns=", b"RIFF\x24\0\0\0WAVEfmt ", b"\xFF", b""] {
            assert_eq!(check(head).unwrap_err().kind, Kind::UnsupportedMediaType, "{head:?}");
        }
        assert!(check(b"%PDF-1.7\n").unwrap_err().public_text().ends_with("This file is application/pdf."));
    }
}
