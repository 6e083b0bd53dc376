//! Quotes of an entry: which of the passages that an analyser names are there word for word, and where. What cannot be found is
//! dropped: a model may invent a passage, or mend its spelling.

use mindflow_events::Quote;
use mindflow_guest::text;
use unicode_segmentation::UnicodeSegmentation;

/// As many as show what an insight is about.
pub const QUOTES_MAX: usize = 2;
/// Two or three sentences; more would be the entry once more.
pub const QUOTE_CHARS_MAX: usize = 300;
/// Of the passages that an insight names, so many are looked for. Each takes time with the length of the entry.
const PASSAGES_MAX: usize = 8;

/// An entry's content, to quote from.
pub struct Source<'a> {
    content: &'a str,
    /// Where words and what is between them begin, in bytes and in order, and where the content ends.
    bounds: Vec<usize>,
}

impl<'a> Source<'a> {
    /// `content`: as readers get it, in NFC.
    pub fn new(content: &'a str) -> Self {
        let bounds = content.split_word_bound_indices().map(|(at, _)| at).chain([content.len()]).collect();
        Self { content, bounds }
    }

    /// Those of the passages that are there, each at its first place.
    pub fn quotes<T: AsRef<str>>(&self, passages: &[T]) -> Vec<Quote> {
        let mut quotes: Vec<Quote> = Vec::new();
        for quote in passages.iter().take(PASSAGES_MAX).filter_map(|passage| self.find(passage.as_ref())) {
            if quotes.len() < QUOTES_MAX && !quotes.contains(&quote) {
                quotes.push(quote);
            }
        }
        quotes
    }

    fn find(&self, passage: &str) -> Option<Quote> {
        let passage = text::nfc(passage.trim());
        if text::is_blank(&passage) || passage.chars().nth(QUOTE_CHARS_MAX).is_some() {
            return None;
        }
        // Words are quoted whole.
        let mut places = self.content.match_indices(&*passage);
        let (at, found) =
            places.find(|(at, found)| self.is_bound(*at) && self.is_bound(at.saturating_add(found.len())))?;
        let start = utf16_units(self.content.get(..at)?)?;
        Some(Quote { text: found.to_owned(), start, end: start.checked_add(utf16_units(found)?)? })
    }

    fn is_bound(&self, at: usize) -> bool {
        self.bounds.binary_search(&at).is_ok()
    }
}

fn utf16_units(text: &str) -> Option<u32> {
    u32::try_from(text.encode_utf16().count()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quotes(content: &str, passages: &[&str]) -> Vec<Quote> {
        Source::new(content).quotes(passages)
    }

    fn quote(text: &str, start: u32, end: u32) -> Quote {
        Quote { text: text.into(), start, end }
    }

    /// As JavaScript's `slice`.
    fn slice(content: &str, quote: &Quote) -> String {
        let units: Vec<u16> = content.encode_utf16().collect();
        String::from_utf16(&units[quote.start as usize..quote.end as usize]).unwrap()
    }

    #[test]
    fn what_is_there_is_quoted_with_its_place_and_what_is_invented_is_dropped() {
        let content = "It rained. I stayed in.\nThen the sun came.";
        let found = quotes(content, &["I stayed in.", "I went out.", " the sun came\n"]);
        assert_eq!(found, [quote("I stayed in.", 11, 23), quote("the sun came", 29, 41)]);
    }

    #[test]
    fn places_are_counted_as_javascript_counts() {
        let content = "😀 Ünter den Linden 🌳🌳 lief ich.";
        let found = quotes(content, &["lief ich", "🌳🌳"]);
        assert_eq!(found, [quote("lief ich", 25, 33), quote("🌳🌳", 20, 24)]);
        for quote in found {
            assert_eq!(slice(content, &quote), quote.text);
        }
    }

    #[test]
    fn another_encoding_of_the_same_letters_is_found_and_another_spelling_is_not() {
        assert_eq!(quotes("Am Caf\u{e9} vorbei.", &["Cafe\u{301}"]), [quote("Caf\u{e9}", 3, 7)]);
        for passage in ["it Rained", "It  rained", "It rained!", "lt rained"] {
            assert_eq!(quotes("It rained.", &[passage]), [], "{passage}");
        }
    }

    #[test]
    fn words_are_quoted_whole() {
        assert_eq!(quotes("Heartfelt art.", &["art"]), [quote("art", 10, 13)]);
        assert_eq!(quotes("I walked.", &["walk"]), []);
        // Without spaces, each sign is a word.
        assert_eq!(quotes("今日は雨だった。", &["雨"]).len(), 1);
    }

    #[test]
    fn the_same_passage_is_quoted_once_and_of_many_the_first_two() {
        assert_eq!(quotes("Rain, rain.", &["Rain", "Rain", " Rain"]).len(), 1);
        assert_eq!(quotes("a b c d", &["c", "x", "b", "a"]), [quote("c", 4, 5), quote("b", 2, 3)]);
    }

    #[test]
    fn nothing_and_too_much_are_no_quotes() {
        let long = "x ".repeat(200);
        for passage in ["", " \n", "\u{200b}", long.trim()] {
            assert_eq!(quotes(&format!("{long} \u{200b}"), &[passage]), [], "{passage:?}");
        }
        let longest = "x ".repeat(150);
        assert_eq!(quotes(&long, &[longest.trim()]).len(), 1);
    }

    #[test]
    fn hundreds_of_passages_of_the_longest_entry_take_no_time_to_speak_of() {
        let content = "ab ".repeat(33_000);
        assert_eq!(Source::new(&content).quotes(&vec!["b"; 10_000]), []);
    }

    proptest! {
        #[test]
        fn a_quote_is_what_stands_at_its_place(content in any::<String>(), passages in proptest::collection::vec(any::<String>(), 0..6), at in 0usize..40, chars in 1usize..40) {
            let content = text::into_nfc(content);
            let of_content: String = content.chars().skip(at).take(chars).collect();
            let passages: Vec<String> = passages.into_iter().chain([of_content]).collect();
            for quote in Source::new(&content).quotes(&passages) {
                prop_assert_eq!(slice(&content, &quote), quote.text);
            }
        }
    }
}
