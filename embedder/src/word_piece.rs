//! BERT's tokenizer: text → words without accents and capitals → the longest pieces of the vocabulary.
//!
//! It reads the `tokenizer.json` of Hugging Face's `tokenizers` and gives the same tokens as that library, which
//! brings every other kind of tokenizer and a regular expression engine.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

pub struct WordPiece {
    vocabulary: HashMap<String, u32>,
    /// A word that the vocabulary has no pieces for.
    unknown: u32,
    continuation: String,
    word_chars_max: usize,
    normalizer: Normalizer,
    /// `[CLS]` and its like: never taken apart, also when a text contains them.
    special: Vec<(String, u32)>,
}

/// `tokenizer.json`, as far as it matters here: padding, truncation and the tokens around a text do not.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    normalizer: Normalizer,
    model: Model,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(tag = "type")]
enum Normalizer {
    BertNormalizer { clean_text: bool, handle_chinese_chars: bool, strip_accents: Option<bool>, lowercase: bool },
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Model {
    WordPiece {
        vocab: HashMap<String, u32>,
        unk_token: String,
        continuing_subword_prefix: String,
        max_input_chars_per_word: usize,
    },
}

// === impl WordPiece ===

impl WordPiece {
    pub fn read(json: &[u8]) -> Result<Self> {
        let file: File = serde_json::from_slice(json)?;
        let Model::WordPiece { vocab, unk_token, continuing_subword_prefix, max_input_chars_per_word } = file.model;
        Ok(Self {
            unknown: *vocab.get(&unk_token).with_context(|| format!("the vocabulary has no {unk_token}"))?,
            vocabulary: vocab,
            continuation: continuing_subword_prefix,
            word_chars_max: max_input_chars_per_word,
            normalizer: file.normalizer,
            special: file.added_tokens.into_iter().map(|token| (token.content, token.id)).collect(),
        })
    }

    /// The number of a token of the vocabulary.
    pub fn id(&self, token: &str) -> Option<u32> {
        let special = self.special.iter().find(|(content, _)| content == token).map(|(_, id)| *id);
        special.or_else(|| self.vocabulary.get(token).copied())
    }

    /// A text's tokens, at most so many.
    pub fn tokens(&self, text: &str, max: usize) -> Vec<u32> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while !rest.is_empty() && tokens.len() < max {
            let next = self.special.iter().filter_map(|(content, id)| Some((rest.find(content)?, content, *id)));
            let (plain, special, after) =
                match next.min_by_key(|(start, content, _)| (*start, std::cmp::Reverse(content.len()))) {
                    Some((start, content, id)) => {
                        let (plain, after) = rest.split_at(start);
                        (plain, Some(id), after.strip_prefix(content.as_str()).unwrap_or_default())
                    }
                    None => (rest, None, ""),
                };
            for word in words(&self.normalizer.apply(plain)) {
                if tokens.len() >= max {
                    break;
                }
                self.pieces(word, &mut tokens);
            }
            tokens.extend(special);
            rest = after;
        }
        tokens.truncate(max);
        tokens
    }

    /// Appends the word's pieces, each the longest that the vocabulary has.
    fn pieces(&self, word: &str, tokens: &mut Vec<u32>) {
        let before = tokens.len();
        if word.chars().count() > self.word_chars_max {
            tokens.push(self.unknown);
            return;
        }
        let mut rest = word;
        while !rest.is_empty() {
            let prefix = if tokens.len() == before { "" } else { &self.continuation };
            let ends = rest.char_indices().map(|(start, char)| start + char.len_utf8()).rev();
            let longest = ends.filter_map(|end| rest.split_at_checked(end)).find_map(|(piece, after)| {
                let id = self.vocabulary.get(format!("{prefix}{piece}").as_str())?;
                Some((*id, after))
            });
            let Some((id, after)) = longest else {
                tokens.truncate(before);
                tokens.push(self.unknown);
                return;
            };
            tokens.push(id);
            rest = after;
        }
    }
}

/// Parts without white space; each punctuation mark is a word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().flat_map(|part| {
        part.split_inclusive(is_punctuation).flat_map(|word| {
            let mark = word.chars().next_back().filter(|char| is_punctuation(*char)).map_or(0, char::len_utf8);
            let (word, mark) = word.split_at_checked(word.len() - mark).unwrap_or((word, ""));
            [word, mark].into_iter().filter(|word| !word.is_empty())
        })
    })
}

// === impl Normalizer ===

impl Normalizer {
    fn apply(self, text: &str) -> String {
        let Self::BertNormalizer { clean_text, handle_chinese_chars, strip_accents, lowercase } = self;
        let mut text = text.to_owned();
        if clean_text {
            text = text
                .chars()
                .filter(|char| !is_noise(*char))
                .map(|char| if char.is_whitespace() { ' ' } else { char })
                .collect();
        }
        if handle_chinese_chars {
            let mut spaced = String::with_capacity(text.len());
            for char in text.chars() {
                if is_chinese(char) {
                    spaced.extend([' ', char, ' ']);
                } else {
                    spaced.push(char);
                }
            }
            text = spaced;
        }
        if strip_accents.unwrap_or(lowercase) {
            text = text.nfd().filter(|char| char.general_category() != GeneralCategory::NonspacingMark).collect();
        }
        if lowercase {
            // By character: without the exception for a sigma at a word's end.
            text = text.chars().flat_map(char::to_lowercase).collect();
        }
        text
    }
}

/// Removed: control, format and private characters.
fn is_noise(char: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse};
    match char {
        '\t' | '\n' | '\r' => false,
        '\u{fffd}' => true,
        _ => matches!(char.general_category(), Control | Format | PrivateUse),
    }
}

fn is_punctuation(char: char) -> bool {
    char.is_ascii_punctuation() || char.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// Of the Unicode blocks whose languages are written without spaces between words, as BERT has them.
fn is_chinese(char: char) -> bool {
    matches!(
        char,
        '\u{4E00}'..='\u{9FFF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{20000}'..='\u{2A6DF}'
            | '\u{2A700}'..='\u{2B73F}'
            | '\u{2B740}'..='\u{2B81F}'
            | '\u{2B920}'..='\u{2CEAF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{2F800}'..='\u{2FA1F}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each piece's number is its place here.
    const VOCABULARY: [&str; 14] =
        ["[UNK]", "[CLS]", "he", "hello", "##llo", "##l", "don", "'", "t", "東", "京", "cafe", "!", "σας"];

    fn tokenizer() -> WordPiece {
        let vocab: HashMap<_, _> = VOCABULARY.iter().zip(0_u32..).collect();
        let json = serde_json::json!({
            "added_tokens": [{ "id": 1, "content": "[CLS]" }],
            "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true },
            "model": { "type": "WordPiece", "vocab": vocab, "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 10 },
        });
        WordPiece::read(json.to_string().as_bytes()).unwrap()
    }

    fn tokens(text: &str) -> Vec<&'static str> {
        tokenizer().tokens(text, 100).into_iter().map(|id| VOCABULARY[id as usize]).collect()
    }

    #[test]
    fn a_word_becomes_its_longest_pieces() {
        assert_eq!(tokens("hello helloll"), ["hello", "hello", "##l", "##l"]);
        assert_eq!(tokens("helllo"), ["he", "##l", "##llo"]);
    }

    #[test]
    fn a_word_that_has_no_pieces_or_is_too_long_is_unknown() {
        assert_eq!(tokens("hex hello"), ["[UNK]", "hello"]);
        assert_eq!(tokens("hellolllll"), ["hello", "##l", "##l", "##l", "##l", "##l"]);
        assert_eq!(tokens("hellollllll"), ["[UNK]"]);
    }

    #[test]
    fn punctuation_and_chinese_characters_are_words() {
        assert_eq!(tokens("don't!!"), ["don", "'", "t", "!", "!"]);
        assert_eq!(tokens("東京hello"), ["東", "京", "hello"]);
        assert_eq!(tokens("«don»"), ["[UNK]", "don", "[UNK]"]);
    }

    #[test]
    fn capitals_accents_and_characters_that_are_not_seen_make_no_difference() {
        assert_eq!(tokens("CAFÉ cafe\u{301} ca\u{ad}fe\u{0}\u{200b}"), ["cafe", "cafe", "cafe"]);
        assert_eq!(tokens("hello\u{a0}\t\r\nhello"), ["hello", "hello"]);
        assert_eq!(tokens("ΣΑΣ"), ["[UNK]"], "σασ, and not σας");
    }

    #[test]
    fn special_tokens_in_a_text_are_kept_whole() {
        assert_eq!(tokens("hello[CLS]don[CLS"), ["hello", "[CLS]", "don", "[UNK]", "[UNK]"]);
        assert_eq!(tokenizer().id("[CLS]"), Some(1));
        assert_eq!(tokenizer().id("hello"), Some(3));
        assert_eq!(tokenizer().id("[MASK]"), None);
    }

    #[test]
    fn no_more_tokens_are_made_than_asked_for() {
        assert_eq!(tokenizer().tokens(&"hello ".repeat(50), 7).len(), 7);
        assert!(tokenizer().tokens("", 7).is_empty());
    }
}
