//! Parts of a document with what was found marked, as HTML that is safe to show.
//!
//! Around what was found are characters that no document has (they are of Unicode's private use, and taken out of documents before
//! they are kept). Then everything is escaped, and only then marks become tags: no text of a user's can be taken for one.

use super::words::keys;

/// Before what was found.
pub const OPEN: char = '\u{E000}';
/// After it.
pub const CLOSE: char = '\u{E001}';
/// Between two parts, where a server marks.
pub const BETWEEN: char = '\u{E002}';

/// The text with spaces where it has characters of ours, or NUL, which no database keeps.
pub fn without_marks(text: &str) -> String {
    text.replace([OPEN, CLOSE, BETWEEN, '\0'], " ")
}

/// What is marked in a text, as words of the index: forms of a query's words, as a server finds them.
pub fn marked(text: &str) -> impl Iterator<Item = String> {
    text.split(OPEN).skip(1).filter_map(|part| part.split_once(CLOSE)).flat_map(|(marked, _)| keys(marked))
}

pub(super) fn html(part: &str) -> String {
    let mut html = String::with_capacity(part.len() + 32);
    let mut open = false;
    for c in part.trim().chars() {
        match c {
            OPEN if !open => {
                open = true;
                html.push_str("<mark>");
            }
            CLOSE if open => {
                open = false;
                html.push_str("</mark>");
            }
            OPEN | CLOSE => {}
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    if open {
        html.push_str("</mark>");
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_found_is_a_tag() {
        let text = format!("<script>{OPEN}alert{CLOSE}('x & \"y\"')</script>");
        assert_eq!(html(&text), "&lt;script&gt;<mark>alert</mark>(&#39;x &amp; &quot;y&quot;&#39;)&lt;/script&gt;");
    }

    #[test]
    fn what_a_server_marked_is_known_by_its_words() {
        let text = format!("the {OPEN}Häuser{CLOSE} of {OPEN}e-mail{CLOSE} {OPEN}open");
        assert_eq!(marked(&text).collect::<Vec<_>>(), ["häuser", "e", "mail"]);
    }

    #[test]
    fn tags_are_always_balanced() {
        assert_eq!(html(&format!("{CLOSE}a {OPEN}b {OPEN}c")), "a <mark>b c</mark>");
    }

    #[test]
    fn a_document_has_no_marks_of_its_own() {
        assert_eq!(without_marks("a\u{E000}b\u{E001}c\u{E002}d\0e"), "a b c d e");
    }
}
