//! The sentences of a text, in order.

use unicode_segmentation::UnicodeSegmentation;

/// Longer paragraphs are cut before they are searched for sentences: looking for the end of one costs time
/// with its length, squared in the worst case.
const PIECE_CHARS_MAX: usize = 1_000;

/// Without blanks around, none empty, none longer than a piece.
pub fn split(text: &str) -> Vec<&str> {
    text.lines()
        .flat_map(pieces)
        .flat_map(UnicodeSegmentation::unicode_sentences)
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty())
        .collect()
}

/// The line in pieces of bounded length, cut at a blank where there is one.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let hard = rest.char_indices().nth(PIECE_CHARS_MAX).map_or(rest.len(), |(at, _)| at);
        let head = rest.get(..hard).unwrap_or(rest);
        let cut = if hard == rest.len() { hard } else { head.rfind(' ').map_or(hard, |at| at + 1) };
        let (piece, tail) = rest.split_at_checked(cut).unwrap_or((rest, ""));
        rest = tail;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sentences_end_at_their_marks_and_at_line_ends() {
        let text = "It rained. I stayed in!\n\nWas it 3.5 degrees?  Maybe…\nNo end";
        assert_eq!(split(text), ["It rained.", "I stayed in!", "Was it 3.5 degrees?", "Maybe…", "No end"]);
    }

    #[test]
    fn nothing_has_no_sentences() {
        assert!(split("").is_empty());
        assert!(split(" \n\t\n ").is_empty());
    }

    #[test]
    fn a_text_without_any_end_is_cut_at_blanks() {
        let text = "word ".repeat(1_000);
        let sentences = split(&text);
        assert!(sentences.len() >= 5);
        assert!(
            sentences.iter().all(|sentence| sentence.chars().count() <= PIECE_CHARS_MAX
                && sentence.split(' ').all(|word| word == "word"))
        );
    }

    #[test]
    fn the_worst_of_texts_are_split_in_time() {
        for text in [". ".repeat(50_000), "a".repeat(100_000), ".1".repeat(50_000), "。".repeat(100_000)] {
            assert!(split(&text).iter().all(|sentence| sentence.chars().count() <= PIECE_CHARS_MAX));
        }
    }

    proptest! {
        #[test]
        fn no_visible_word_is_lost(text in "[a-z .!?\n]{0,300}") {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let kept: Vec<String> = split(&text).into_iter().flat_map(words).collect();
            let letters = |words: Vec<String>| words.concat().chars().filter(char::is_ascii_lowercase).collect::<String>();
            prop_assert_eq!(letters(kept), letters(words(&text)));
        }
    }
}
