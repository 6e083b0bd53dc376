//! What a word is: a run of letters and digits, with the marks that combine with them. Documents, queries and highlights are cut by
//! this one rule, so that `e-mail`, `don't` and `bob@example.org` are found, and marked, however a back end would cut them.
//!
//! Scripts that put no space between words (Chinese, Japanese, Thai and others) have a word for each letter: a run of them is found
//! as a phrase, also within a longer run. An emoji is a word as well. A character that stands for several, such as `½` or `㎏`, is cut
//! as these are, so it is found in either spelling; its words then stand at the same place.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{ExtendedPictographic, GeneralCategory, GeneralCategoryGroup, Script},
};
use mindflow_text as text;
use std::{borrow::Cow, collections::BTreeSet};

/// Most bytes of a text whose words are brought to their stems: all of 100,000 characters of Latin, Greek or Cyrillic script. Beyond,
/// words are found as they are written. A tsvector holds 1 MiB, and of each word its stem and its form are in it.
const STEMMED_BYTES_MAX: usize = 240 * 1024;
/// Most bytes of a document's different words, and of all its words. 100,000 characters of any script are less, unless they are
/// such that one stands for many.
const VOCABULARY_BYTES_MAX: usize = 480 * 1024;
const PLAIN_BYTES_MAX: usize = 1024 * 1024;
/// Longer ones are no words, and PostgreSQL keeps none over 2,046 bytes.
const WORD_BYTES_MAX: usize = 800;
/// Between the numbers of `½`.
const FRACTION_SLASH: char = '\u{2044}';
/// Between the parts of a document, so that no phrase is found across them.
const BETWEEN_PARTS: &str = "| ";

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// Where it is, in bytes.
    pub start: usize,
    pub end: usize,
    /// What it is compared by: letters, digits, marks and emoji alone.
    pub key: Cow<'a, str>,
}

/// A character as words are cut by it.
#[derive(Debug, Clone, Copy)]
struct Sign {
    /// Where what is written for it stands, in bytes.
    start: usize,
    end: usize,
    c: char,
    role: Role,
    /// It is one of several that one character stands for.
    spelt_out: bool,
    /// No word of what is before it goes on with it: `1½` is not `11/2`.
    apart: bool,
}

/// What a character does to a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Goes on with a word of letters, or begins one.
    Letter,
    /// Is a word, with the marks behind it.
    Alone,
    /// Belongs to what is before it.
    Mark,
    Emoji,
    /// Half of a flag.
    Flag,
    /// Joins two emoji.
    Joiner,
    Other,
}

/// The words, in order.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = text.char_indices().flat_map(|(at, c)| signs(at, c)).peekable();
    std::iter::from_fn(move || {
        loop {
            let first = rest.next()?;
            if matches!(first.role, Role::Other | Role::Mark | Role::Joiner) {
                continue;
            }
            let (start, mut last, mut flags) = (first.start, first, 1);
            let mut spelt = first.spelt_out.then(|| first.c.to_string());
            while let Some(next) = rest.next_if(|next| goes_on(first.role, last.role, flags, next)) {
                if next.spelt_out && spelt.is_none() {
                    spelt = text.get(start..next.start).map(str::to_owned);
                }
                if let Some(spelt) = &mut spelt {
                    spelt.push(next.c);
                }
                flags += usize::from(next.role == Role::Flag);
                last = next;
            }
            let end = last.end;
            // Far too long to be a word, in any encoding: its key would only take time.
            if end - start > WORD_BYTES_MAX * 4 {
                continue;
            }
            let key: Cow<'_, str> = match spelt {
                Some(spelt) => key(&spelt).into_owned().into(),
                None => text.get(start..end).map(key).unwrap_or_default(),
            };
            if !key.is_empty() && key.len() <= WORD_BYTES_MAX {
                return Some(Word { start, end, key });
            }
        }
    })
}

/// Whether a word that begins with `first`, and so far ends with `last`, goes on with `next`.
fn goes_on(first: Role, last: Role, flags: usize, next: &Sign) -> bool {
    !next.apart
        && match (first, next.role) {
            (_, Role::Mark) | (Role::Letter, Role::Letter | Role::Joiner) | (Role::Emoji, Role::Joiner) => true,
            (Role::Emoji, Role::Emoji) => last == Role::Joiner,
            (Role::Flag, Role::Flag) => last == Role::Flag && flags == 1,
            _ => false,
        }
}

/// The signs of one character: itself, or what it stands for where a word may end within it, or where it is a word only so.
fn signs(start: usize, c: char) -> impl Iterator<Item = Sign> {
    let (end, role) = (start + c.len_utf8(), role(c));
    let itself = Sign { start, end, c, role, spelt_out: false, apart: false };
    let many = if stands_for_itself(c, role) { Vec::new() } else { spelt_out(itself) };
    let alone = many.is_empty().then_some(itself);
    alone.into_iter().chain(many)
}

/// Without a look into the tables. Signs of trade marks are no letters of the name before them.
fn stands_for_itself(c: char, role: Role) -> bool {
    c < '\u{A0}'
        || matches!(c, 'À'..='ÿ' | 'А'..='я' | 'α'..='ω' | '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FC}' | '\u{4E00}'..='\u{9FFF}')
        || matches!(c, '\u{AC00}'..='\u{D7A3}' | '\u{2120}' | '\u{2122}')
        || !matches!(role, Role::Letter | Role::Alone | Role::Other)
}

/// None where a word has the character as it is: its key says what it stands for.
fn spelt_out(of: Sign) -> Vec<Sign> {
    let mut signs: Vec<Sign> =
        text::compatible(of.c).map(|c| Sign { c, role: role(c), spelt_out: true, ..of }).collect();
    let is_other = |sign: &Sign| sign.role == Role::Other;
    let cut = match of.role {
        Role::Other => !signs.iter().all(is_other),
        _ => signs.iter().any(is_other) || signs.iter().all(|sign| sign.role == Role::Mark),
    };
    if !cut {
        return Vec::new();
    }
    let is_fraction = signs.iter().any(|sign| sign.c == FRACTION_SLASH);
    if let Some(first) = signs.first_mut() {
        first.apart = is_fraction;
    }
    signs
}

/// The keys of a text's words.
pub(super) fn keys(text: &str) -> Vec<String> {
    words(text).map(|word| word.key.into_owned()).collect()
}

/// Whether a word is of a script, so that it may have a stem.
pub(super) fn is_written(key: &str) -> bool {
    key.contains(char::is_alphanumeric)
}

/// Some compatible forms have signs in them, and emoji a colour of skin. The dot on an `i` says nothing, but stays when `İ` gets small.
fn key(word: &str) -> Cow<'_, str> {
    let key = text::key(word);
    if key.is_ascii() {
        return key;
    }
    let key = if key.contains("i\u{307}") { key.replace("i\u{307}", "i").into() } else { key };
    if key.chars().all(is_kept) { key } else { key.chars().filter(|c| is_kept(*c)).collect::<String>().into() }
}

fn is_kept(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || !matches!(role(c), Role::Other | Role::Joiner) && !('\u{1F3FB}'..='\u{1F3FF}').contains(&c)
}

fn role(c: char) -> Role {
    match c {
        // Most of what is written, without a look into the tables.
        'a'..='z' | 'A'..='Z' | '0'..='9' => Role::Letter,
        '\0'..='\u{7F}' => Role::Other,
        'à'..='ö' | 'ø'..='ÿ' | 'À'..='Ö' | 'Ø'..='ß' | 'А'..='я' | 'α'..='ω' => Role::Letter,
        '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | '\u{4E00}'..='\u{9FFF}' => Role::Alone,
        '\u{1F300}'..='\u{1F3FA}' | '\u{1F400}'..='\u{1F64F}' => Role::Emoji,
        '\u{200D}' => Role::Joiner,
        // Soft hyphens, the joiners of letters and of words, the tags of flags, keycaps.
        '\u{AD}' | '\u{200C}' | '\u{2060}' | '\u{20E3}' | '\u{E0020}'..='\u{E007F}' | '\u{1F3FB}'..='\u{1F3FF}' => {
            Role::Mark
        }
        '\u{1F1E6}'..='\u{1F1FF}' => Role::Flag,
        // The mark of a long vowel is of no script of its own.
        '\u{30FC}' => Role::Alone,
        _ if GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c)) => Role::Mark,
        _ if c.is_alphanumeric() => match CodePointMapData::<Script>::new().get(c) {
            Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar => Role::Alone,
            _ => Role::Letter,
        },
        // From the watch on: what is before are signs, such as that of a trade mark.
        '\u{231A}'.. if CodePointSetData::new::<ExtendedPictographic>().contains(c) => Role::Emoji,
        _ => Role::Other,
    }
}

/// What an index keeps of a document's words.
#[derive(Debug, Default)]
pub struct Cut {
    /// The different words, with a space between.
    pub vocabulary: String,
    /// All words in order, each with a space before and behind it, and a sign behind each part: what phrases are looked for in.
    pub in_order: String,
    /// Of each part the words with a space between: what is brought to stems.
    pub stemmed: Vec<String>,
}

/// Cuts the parts of a document.
#[must_use]
pub fn cut(parts: &[&str]) -> Cut {
    let mut distinct: BTreeSet<Cow<'_, str>> = BTreeSet::new();
    let mut cut = Cut { in_order: " ".to_owned(), ..Cut::default() };
    let mut is_full = false;
    for part in parts {
        let mut stemmed = String::new();
        for Word { key, .. } in words(part) {
            is_full |= cut.in_order.len() + key.len() >= PLAIN_BYTES_MAX;
            if !is_full {
                cut.in_order.push_str(&key);
                cut.in_order.push(' ');
            }
            if stemmed.len() + key.len() < STEMMED_BYTES_MAX {
                append(&mut stemmed, &key);
            }
            distinct.insert(key);
        }
        cut.in_order.push_str(BETWEEN_PARTS);
        cut.stemmed.push(stemmed);
    }
    for word in distinct {
        if cut.vocabulary.len() + word.len() < VOCABULARY_BYTES_MAX {
            append(&mut cut.vocabulary, &word);
        }
    }
    cut
}

fn append(words: &mut String, word: &str) {
    if !words.is_empty() {
        words.push(' ');
    }
    words.push_str(word);
}

/// A phrase as it is in [`Cut::in_order`].
pub(super) fn in_row(words: &[String]) -> String {
    format!(" {} ", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        assert_eq!(
            keys("Don't e-mail bob@example.org: 3.5 Öl, AT&T 24/7!"),
            ["don", "t", "e", "mail", "bob", "example", "org", "3", "5", "öl", "at", "t", "24", "7"]
        );
        assert_eq!(cut(&["  a--b  "]).stemmed, ["a b"]);
    }

    #[test]
    fn marks_belong_to_their_letters_and_every_encoding_is_one_word() {
        assert_eq!(keys("हिन्दी में"), ["हिन्दी", "में"]);
        assert_eq!(keys("Zu\u{308}rich co\u{ad}op"), ["zürich", "coop"]);
        assert_eq!(keys("İstanbul ΟΔΟΣ οδος"), ["istanbul", "οδοσ", "οδοσ"]);
    }

    #[test]
    fn what_is_written_without_spaces_has_a_word_for_each_letter() {
        assert_eq!(keys("東京タワーへ"), ["東", "京", "タ", "ワ", "ー", "へ"]);
        assert_eq!(keys("ไปทะเล")[..2], ["ไ", "ป"]);
        assert_eq!(keys("서울에서"), ["서울에서"]);
    }

    #[test]
    fn an_emoji_is_a_word_however_it_is_coloured_or_joined() {
        assert_eq!(keys("so 🙂🙂 tired❤\u{fe0f}!"), ["so", "🙂", "🙂", "tired", "❤"]);
        assert_eq!(keys("👍🏽👍"), ["👍", "👍"]);
        assert_eq!(keys("👨\u{200d}👩\u{200d}👧 🇨🇭🇩🇪"), ["👨👩👧", "🇨🇭", "🇩🇪"]);
        assert!(keys("© ™ — → …").is_empty());
    }

    #[test]
    fn a_character_that_stands_for_several_is_cut_as_these_are() {
        for (one, other) in [
            ("½ cup", "1/2 cup"),
            ("¾", "3\u{2044}4"),
            ("5㎏", "5kg"),
            ("㎏ ㎡", "kg m2"),
            ("20℃", "20°C"),
            ("№ 7", "No 7"),
            ("㈱ ㌔", "(株) キロ"),
            ("⑴ ①", "(1) 1"),
            ("coŀlecció", "col·lecció"),
            ("ｶﾞﾂ", "ガツ"),
            ("ﬁne Ｗｏｒｋ", "fine work"),
            ("ﷺ", "صلى الله عليه وسلم"),
        ] {
            assert_eq!(keys(one), keys(other), "{one}");
            assert!(!keys(one).is_empty(), "{one}");
        }
        assert_eq!(keys("1½ eggs"), ["1", "1", "2", "eggs"], "and not eleven halves");
        assert_eq!(keys("A-12/3"), ["a", "12", "3"]);
        assert_eq!(keys("ท\u{e33}"), ["ท", "\u{e4d}\u{e32}"]);
        assert!(keys("… ¨ ´ ＋").is_empty());
    }

    #[test]
    fn what_one_character_stands_for_stands_where_it_does() {
        let text = "a ½㎏";
        let places: Vec<_> = words(text).map(|word| (&text[word.start..word.end], word.key.into_owned())).collect();
        assert_eq!(places, [("a", "a".to_owned()), ("½", "1".to_owned()), ("½㎏", "2kg".to_owned())]);
    }

    #[test]
    fn a_word_is_where_it_stands() {
        let text = "a ❤\u{fe0f}, b";
        let parts: Vec<&str> = words(text).map(|word| &text[word.start..word.end]).collect();
        assert_eq!(parts, ["a", "❤\u{fe0f}", "b"]);
    }

    #[test]
    fn a_vocabulary_has_each_word_once_and_a_row_has_all_in_order() {
        assert_eq!(cut(&["The sea", "the Sea, the sky"]).vocabulary, "sea sky the");
        let cut = cut(&["A b", "", "b c"]);
        assert_eq!(
            (cut.in_order.as_str(), cut.stemmed),
            (" a b | | b c | ", vec!["a b".into(), String::new(), "b c".into()])
        );
        assert!(cut.in_order.contains(&in_row(&["a".into(), "b".into()])));
        assert!(!cut.in_order.contains(&in_row(&["b".into(), "b".into()])));
    }

    #[test]
    fn what_is_too_long_to_be_a_word_is_none() {
        let text = format!("a {} b", "x".repeat(WORD_BYTES_MAX + 1));
        assert_eq!(keys(&text), ["a", "b"]);
    }
}
