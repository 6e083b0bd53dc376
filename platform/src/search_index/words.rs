//! What a word is: a run of letters and digits. Documents and queries are cut by the same rule, so that
//! `e-mail`, `don't` and `bob@example.org` are found however a back end would cut them.

use std::collections::BTreeSet;

/// Most bytes of a text whose words are found. 100,000 characters of Latin script are less; of other scripts it
/// is the first 80,000 or so. A tsvector holds 1 MiB, and each word is in it twice, with its places.
const INDEXED_BYTES_MAX: usize = 240 * 1024;
/// Longer ones are no words, and PostgreSQL keeps none over 2,046 bytes.
const WORD_BYTES_MAX: usize = 800;

/// The words, in order.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let end = text.floor_char_boundary(INDEXED_BYTES_MAX);
    let text = text.get(..end).unwrap_or(text);
    text.split(|c: char| !is_part(c)).filter(|word| !word.is_empty() && word.len() <= WORD_BYTES_MAX)
}

/// Letters, digits, and the marks that combine with them.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36F}')
}

/// Nothing but words, with a space between.
pub(super) fn plain(text: &str) -> String {
    words(text).fold(String::with_capacity(text.len()), |mut plain, word| {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
        plain
    })
}

/// The different words in lower case, with a space between.
pub(super) fn vocabulary<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let distinct: BTreeSet<String> = texts.into_iter().flat_map(words).map(str::to_lowercase).collect();
    distinct.into_iter().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(
            words("Don't e-mail bob@example.org: 3.5 Öl!").collect::<Vec<_>>(),
            ["Don", "t", "e", "mail", "bob", "example", "org", "3", "5", "Öl"]
        );
        assert_eq!(plain("  a--b  "), "a b");
    }

    #[test]
    fn a_vocabulary_has_each_word_once() {
        assert_eq!(vocabulary(["The sea", "the Sea, the sky"]), "sea sky the");
    }

    #[test]
    fn what_is_too_long_to_be_a_word_is_none() {
        let text = format!("a {} b", "x".repeat(WORD_BYTES_MAX + 1));
        assert_eq!(plain(&text), "a b");
    }
}
