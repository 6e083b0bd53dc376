//! Parts of a document with what was found marked, as HTML that is safe to show.
//!
//! A back end puts characters around what it found that no document has (they are of Unicode's private use, and
//! taken out of documents before they are kept). Then everything is escaped, and only then marks become tags: no
//! text of a user's can be taken for one.

/// Before what was found.
pub const OPEN: char = '\u{E000}';
/// After it.
pub const CLOSE: char = '\u{E001}';
/// Between two parts.
pub const BETWEEN: char = '\u{E002}';

/// Most parts of one document in an answer: its title and three of its text.
const PARTS_MAX: usize = 4;

/// The text with spaces where it has characters of ours, or NUL, which no database keeps.
pub fn without_marks(text: &str) -> String {
    text.replace([OPEN, CLOSE, BETWEEN, '\0'], " ")
}

/// The marked parts among these, as HTML.
pub fn parts<'a>(marked: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let parts = marked.into_iter().flat_map(|text| text.split(BETWEEN));
    parts.filter(|part| part.contains(OPEN)).take(PARTS_MAX).map(html).collect()
}

fn html(part: &str) -> String {
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
        assert_eq!(
            parts([text.as_str()]),
            ["&lt;script&gt;<mark>alert</mark>(&#39;x &amp; &quot;y&quot;&#39;)&lt;/script&gt;"]
        );
    }

    #[test]
    fn a_part_without_anything_found_is_left_out() {
        let text = format!("nothing{BETWEEN}a {OPEN}hit{CLOSE} here{BETWEEN}nothing");
        assert_eq!(parts(["a title", &text]), ["a <mark>hit</mark> here"]);
    }

    #[test]
    fn tags_are_always_balanced() {
        assert_eq!(parts([format!("{CLOSE}a {OPEN}b {OPEN}c").as_str()]), ["a <mark>b c</mark>"]);
    }

    #[test]
    fn a_document_has_no_marks_of_its_own() {
        assert_eq!(without_marks("a\u{E000}b\u{E001}c\u{E002}d\0e"), "a b c d e");
    }
}
