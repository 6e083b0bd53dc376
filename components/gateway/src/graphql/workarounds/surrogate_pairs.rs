//! Characters beyond `\uFFFF` that an encoder wrote as two escapes, such as `"\ud83d\ude00"` for 😀.
//!
//! GraphQL allows the pair in a string (September 2025 edition, §2.4.7 String Value); the library's parser takes each
//! half for a character, and refuses it. Here the two become their character. A half without its other stays, and the
//! parser refuses it, as the specification requires.

use std::ops::Range;

/// The first half of a pair, and the second, as UTF-16 has them.
const FIRST: Range<u16> = 0xD800..0xDC00;
const SECOND: Range<u16> = 0xDC00..0xE000;

const ESCAPE_BYTES: usize = r"\uXXXX".len();

/// The document with its pairs joined; as it is when it has none, which takes one search through it.
pub fn join(document: String) -> String {
    let has_pairs = document.match_indices(r"\u").any(|(at, _)| document.get(at..).and_then(pair).is_some());
    if has_pairs { joined(&document) } else { document }
}

fn joined(document: &str) -> String {
    let mut joined = String::with_capacity(document.len());
    let mut rest = document;
    while !rest.is_empty() {
        let (part, after) = rest.split_at_checked(part_bytes(rest)).unwrap_or((rest, ""));
        if part.starts_with('"') && !part.starts_with(r#"""""#) {
            join_string(part, &mut joined);
        } else {
            joined.push_str(part);
        }
        rest = after;
    }
    joined
}

/// How far the comment, block string, string or anything else goes that `rest` begins with: at least one byte.
pub fn part_bytes(rest: &str) -> usize {
    let end = if rest.starts_with('#') {
        rest.find(['\n', '\r'])
    } else if rest.starts_with(r#"""""#) {
        block_bytes(rest)
    } else if rest.starts_with('"') {
        string_bytes(rest)
    } else {
        rest.find(['"', '#'])
    };
    end.unwrap_or(rest.len())
}

/// A block string knows one escape, that of its own end.
fn block_bytes(rest: &str) -> Option<usize> {
    const QUOTES: &str = r#"""""#;
    let mut from = QUOTES.len();
    loop {
        let at = from + rest.get(from..)?.find(QUOTES)?;
        from = at + QUOTES.len();
        if !rest.get(..at)?.ends_with('\\') {
            return Some(from);
        }
    }
}

/// A string ends with its line at the latest; the parser then says what is wrong with it.
fn string_bytes(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            '\n' | '\r' => return Some(at),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn join_string(string: &str, joined: &mut String) {
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        joined.push_str(before);
        let taken = match pair(escape) {
            Some(character) => {
                joined.push(character);
                2 * ESCAPE_BYTES
            }
            // The backslash and what it escapes, which may be a backslash.
            None => {
                let bytes = escape.chars().take(2).map(char::len_utf8).sum();
                joined.push_str(escape.get(..bytes).unwrap_or(escape));
                bytes
            }
        };
        rest = escape.get(taken..).unwrap_or_default();
    }
    joined.push_str(rest);
}

/// The character whose two escapes `text` begins with.
fn pair(text: &str) -> Option<char> {
    let first = unit(text).filter(|unit| FIRST.contains(unit))?;
    let second = unit(text.get(ESCAPE_BYTES..)?).filter(|unit| SECOND.contains(unit))?;
    char::decode_utf16([first, second]).next()?.ok()
}

fn unit(text: &str) -> Option<u16> {
    let digits = text.get(..ESCAPE_BYTES)?.strip_prefix(r"\u")?;
    // Without this, a sign would pass for a digit.
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;

    fn join(document: &str) -> String {
        super::join(document.to_owned())
    }

    #[test]
    fn a_pair_becomes_its_character_whatever_the_case_of_its_digits() {
        assert_eq!(join(r#"{ a(t: "x\ud83d\ude00y") }"#), r#"{ a(t: "x😀y") }"#);
        assert_eq!(join(r#"{ a(t: "\uD83D\uDE00\n\ud83D\uDe01\u00e9") }"#), r#"{ a(t: "😀\n😁\u00e9") }"#);
    }

    #[test]
    fn the_parser_takes_a_joined_pair_and_refuses_a_half() {
        let pair = r#"{ a(t: "\ud83d\ude00") }"#;
        assert!(parse_query(pair).is_err(), "the parser has learnt it: this module may go");
        assert!(parse_query(join(pair)).is_ok());
        for half in [r#""\ud83d""#, r#""\ude00""#, r#""\ude00\ud83d""#, r#""\ud83d\u0041""#, r#""\ud83d \ude00""#] {
            let document = format!("{{ a(t: {half}) }}");
            assert_eq!(join(&document), document);
            assert!(parse_query(join(&document)).is_err(), "{half}");
        }
    }

    #[test]
    fn a_document_without_pairs_stays_as_it_is() {
        for document in ["", "{ a }", r#"{ a(t: "\u00e9 \\ 😀") }"#, r#"{ a(t: "\u+83d\ud8"#] {
            assert_eq!(join(document), document);
            assert_eq!(joined(document), document);
        }
    }

    #[test]
    fn comments_block_strings_and_escaped_backslashes_keep_what_they_say() {
        for same in [
            "{ a # \"\\ud83d\\ude00\"\n }",
            r#"{ a(t: """ \ud83d\ude00 "\ud83d\ude00" """) }"#,
            r#"{ a(t: """ \""" "\ud83d\ude00" """) }"#,
            r#"{ a(t: "\\ud83d\\ude00") b(t: "\\") c(t: "\"\\ud83d\ude00") }"#,
            "{ a(t: \"open\n \\ud83d\\ude00 }",
        ] {
            assert_eq!(join(same), same);
        }
    }

    #[test]
    fn what_only_looks_like_a_string_or_a_comment_does_not_hide_a_pair() {
        assert_eq!(
            join("{ a(t: \"# \\\" \\ud83d\\ude00\") # \"\n b(t: \"\") c(t: \"\"\"\"\"\", u: \"\\ud83d\\ude00\") }"),
            "{ a(t: \"# \\\" 😀\") # \"\n b(t: \"\") c(t: \"\"\"\"\"\", u: \"😀\") }"
        );
    }

    #[test]
    fn an_unfinished_document_comes_back_whole() {
        for document in
            [r#"{ a(t: "\ud83d\ude00"#, r#"{ a(t: """\ud83d\ude00"#, r#"{ a(t: "\ud83d\ude00\"#, "#\\ud83d\\ude00"]
        {
            let joined = join(document);
            assert!(joined == document || joined.contains('😀'), "{document} {joined}");
        }
    }
}
