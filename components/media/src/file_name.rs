//! The name under which a file is displayed and saved. The platform never uses it as a path.

use http::{HeaderMap, header::CONTENT_DISPOSITION};
use mindflow_guest::text;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;

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

/// As the `Content-Disposition` of a part of a form names it: `filename*` (RFC 8187), which has any characters, or else
/// `filename` (RFC 6266 §4.3).
pub fn sent(part: &HeaderMap) -> Option<String> {
    let header = String::from_utf8_lossy(part.get(CONTENT_DISPOSITION)?.as_bytes());
    let find =
        |wanted: &str| parameters(&header).find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
    find("filename*").and_then(|value| extended(&value)).or_else(|| find("filename").map(Cow::into_owned))
}

/// `UTF-8'de'Gr%C3%BC%C3%9Fe.jpg`, or the same in ISO-8859-1, whose bytes are the first characters of Unicode.
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Cow<'_, [u8]> = percent_decode_str(text).into();
    match charset.to_ascii_uppercase().as_str() {
        "UTF-8" => String::from_utf8(bytes.into_owned()).ok(),
        "ISO-8859-1" => Some(bytes.iter().copied().map(char::from).collect()),
        _ => None,
    }
}

/// The parameters of a header, by their names. In a quoted text only `\"` is an escape: a path of Windows has others.
fn parameters(header: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = header.split_once(';').map(|(_, rest)| rest);
    std::iter::from_fn(move || {
        let (name, value) = rest?.split_once('=')?;
        let value = value.trim_start();
        let (value, left) = match value.strip_prefix('"') {
            Some(quoted) => {
                let mut is_escaped = false;
                let end = quoted.find(|c| {
                    let ends = c == '"' && !is_escaped;
                    is_escaped = c == '\\' && !is_escaped;
                    ends
                })?;
                let (text, left) = quoted.split_at_checked(end)?;
                (Cow::Owned(text.replace("\\\"", "\"")), left)
            }
            None => {
                let end = value.find(';').unwrap_or(value.len());
                let (text, left) = value.split_at_checked(end)?;
                (Cow::Borrowed(text.trim_end()), left)
            }
        };
        rest = left.split_once(';').map(|(_, rest)| rest);
        Some((name.trim(), value))
    })
}

/// Without its path, without characters that control anything, and not too long; its ending stays. Other than that it is a label as
/// titles are: without what turns the direction of what follows, by which `gpj.exe` can look like `exe.jpg`, and never blank.
pub fn plain(name: Option<&str>) -> String {
    let last = name.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !c.is_control()).collect();
    let shown = text::label(text::label(&shown).trim_matches('.'));
    let (stem, ending) = match shown.rsplit_once('.') {
        Some((stem, ending)) if ending.len() < 16 => (stem, &shown[stem.len()..]),
        _ => (shown.as_str(), ""),
    };
    let stem = if text::is_blank(stem) { NAMELESS } else { stem };
    let stem = &stem[..stem.floor_char_boundary(BYTES_MAX - ending.len())];
    format!("{stem}{ending}")
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
            (Some("\u{200B}\u{3164}שלום\u{200F}.jpg"), "שלום\u{200F}.jpg"),
            (Some("\u{AD}.png"), "file.png"),
            (Some("\u{2066}\u{200B}"), "file"),
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
    fn a_name_is_sent_in_either_parameter_and_the_one_with_any_characters_rules() {
        let sent = |value: &'static str| {
            let part =
                HeaderMap::from_iter([(CONTENT_DISPOSITION, http::HeaderValue::from_bytes(value.as_bytes()).unwrap())]);
            sent(&part)
        };
        for (value, name) in [
            (r#"form-data; name="file"; filename="a.jpg""#, Some("a.jpg")),
            ("form-data; name=file; filename=a.jpg", Some("a.jpg")),
            (
                r#"form-data; name="file"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.jpg; filename="Gruesse.jpg""#,
                Some("Grüße.jpg"),
            ),
            (
                r#"form-data; name="file"; filename="Gruesse.jpg"; FileName*=utf-8'de'Gr%C3%BC%C3%9Fe.jpg"#,
                Some("Grüße.jpg"),
            ),
            ("form-data; name=\"file\"; filename*=iso-8859-1''Gr%FC%DFe.jpg", Some("Grüße.jpg")),
            (r#"form-data; filename="a.jpg"; filename*=UTF-8''%FF"#, Some("a.jpg")),
            (r#"form-data; filename="a.jpg"; filename*=koi8-r''x"#, Some("a.jpg")),
            (r#"form-data; filename="a \"b\"; filename=c.jpg"; name="file""#, Some(r#"a "b"; filename=c.jpg"#)),
            (r#"form-data; filename="C:\pictures\a.jpg"; name="file""#, Some(r"C:\pictures\a.jpg")),
            (r#"form-data; filename="Grüße.jpg""#, Some("Grüße.jpg")),
            (r#"form-data; name="filename=x""#, None),
            ("form-data; filename", None),
            (r#"form-data; filename="a"#, None),
        ] {
            assert_eq!(sent(value).as_deref(), name, "{value}");
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
