//! The name under which a file is displayed and saved. The platform never uses it as a path.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What file systems take.
const BYTES_MAX: usize = 255;
const NAMELESS: &str = "file";
/// `attr-char` of RFC 8187.
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Without its path, without characters that control anything, and not too long; its ending stays.
pub fn plain(name: Option<&str>) -> String {
    let last = name.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !controls(*c)).collect();
    let shown = shown.trim().trim_matches('.').trim();
    if shown.is_empty() {
        return NAMELESS.to_owned();
    }
    let (stem, ending) = match shown.rsplit_once('.') {
        Some((stem, ending)) if ending.len() < 16 => (stem, &shown[stem.len()..]),
        _ => (shown, ""),
    };
    let stem = &stem[..stem.floor_char_boundary(BYTES_MAX - ending.len())];
    format!("{stem}{ending}")
}

/// Also those that turn the direction of what follows, by which `gpj.exe` can look like `exe.jpg`.
fn controls(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// For `Content-Disposition` (RFC 6266).
pub fn disposition(name: &str) -> String {
    format!("inline; filename*=UTF-8''{}", utf8_percent_encode(name, ATTRIBUTE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_path_and_nothing_that_controls() {
        for (given, plain_name) in [
            (Some("photo.jpg"), "photo.jpg"),
            (Some("../../etc/passwd"), "passwd"),
            (Some("C:\\Users\\ann\\My photo.png"), "My photo.png"),
            (Some("a\r\nSet-Cookie: x.jpg"), "aSet-Cookie: x.jpg"),
            (Some("Grüße aus \u{202E}gpj.exe"), "Grüße aus gpj.exe"),
            (Some("  .hidden. "), "hidden"),
            (Some(".."), "file"),
            (Some("dir/"), "file"),
            (Some(""), "file"),
            (None, "file"),
        ] {
            assert_eq!(plain(given), plain_name, "{given:?}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_keeps_its_ending() {
        let long = plain(Some(&format!("{}.jpeg", "ü".repeat(300))));
        assert!(long.len() <= BYTES_MAX && long.ends_with("ü.jpeg"), "{long}");
        assert_eq!(plain(Some(&"x".repeat(300))).len(), BYTES_MAX);
    }

    #[test]
    fn a_header_carries_any_name() {
        assert_eq!(disposition("Grüße \"x\".jpg"), "inline; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%22x%22.jpg");
    }
}
