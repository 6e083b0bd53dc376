//! Which language an entry is in, so that its words are found in every form.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};
use unicode_segmentation::UnicodeSegmentation;
use whatlang::{Lang, Script};

/// The beginning says what the language is; the rest would only take time.
const SAMPLE_CHARS_MAX: usize = 4_000;
/// Of the words of prose about half are among the most frequent ones; in a text of another language, a twentieth.
const FREQUENT_SHARE_MIN: f64 = 0.25;

/// ISO 639-1 and whatlang's own name of the languages that have a stemmer.
const STEMMED: [(&str, Lang); 20] = [
    ("ar", Lang::Ara),
    ("da", Lang::Dan),
    ("de", Lang::Deu),
    ("el", Lang::Ell),
    ("en", Lang::Eng),
    ("es", Lang::Spa),
    ("fi", Lang::Fin),
    ("fr", Lang::Fra),
    ("hi", Lang::Hin),
    ("hu", Lang::Hun),
    ("hy", Lang::Hye),
    ("id", Lang::Ind),
    ("it", Lang::Ita),
    ("nl", Lang::Nld),
    ("no", Lang::Nob),
    ("pt", Lang::Por),
    ("ro", Lang::Ron),
    ("ru", Lang::Rus),
    ("sv", Lang::Swe),
    ("tr", Lang::Tur),
];

/// Languages whose short texts are recognised by their frequent words, since whatlang is unsure about them.
const LISTED: [&str; 10] = ["en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "ru"];

/// ISO 639-1; `None` in doubt, or when the language has no stemmer.
pub fn detect(text: &str) -> Option<&'static str> {
    let sample: String = text.chars().take(SAMPLE_CHARS_MAX).collect();
    let lower = sample.to_lowercase();
    let words: Vec<&str> = lower.unicode_words().collect();
    // Most entries are English. To count its frequent words takes a fraction of the time of a comparison with all languages.
    if whatlang::detect_script(&sample)? == Script::Latin && share(&words, "en").is_some() {
        return Some("en");
    }
    let found = whatlang::detect(&sample)?;
    let guess = STEMMED.iter().find(|(_, lang)| *lang == found.lang()).map(|(code, _)| *code);
    if found.is_reliable() { guess } else { by_frequent_words(&words, guess) }
}

/// A guess that the words bear out, else the language that they speak for most: related ones share many.
fn by_frequent_words(words: &[&str], guess: Option<&'static str>) -> Option<&'static str> {
    if let Some(code) = guess.filter(|code| share(words, code).is_some()) {
        return Some(code);
    }
    let shares = LISTED.iter().filter_map(|code| Some((*code, share(words, code)?)));
    shares.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(code, _)| code)
}

/// How many of the words are frequent ones of the language; `None` when these are too few for its prose.
fn share(words: &[&str], code: &str) -> Option<f64> {
    static LISTS: LazyLock<HashMap<&str, HashSet<&str>>> = LazyLock::new(|| {
        let list = |code| stop_words::lookup(code).unwrap_or_default().iter().copied().collect();
        LISTED.iter().map(|code| (*code, list(code))).collect()
    });
    let list = LISTS.get(code)?;
    let frequent = words.iter().filter(|word| list.contains(**word)).count();
    #[expect(clippy::cast_precision_loss, reason = "at most 4,000 words")]
    let share = frequent as f64 / words.len().max(1) as f64;
    Some(share).filter(|share| *share >= FREQUENT_SHARE_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_entries_is_recognised_short_ones_included() {
        for (text, code) in [
            ("We went for a walk by the river and it was good.", "en"),
            ("Die Häuser am Meer waren schön.", "de"),
            ("Nous avons mangé dans le jardin avec des amis.", "fr"),
            ("Сегодня я гулял у реки и думал о доме.", "ru"),
        ] {
            assert_eq!(detect(text), Some(code), "{text}");
        }
    }

    #[test]
    fn there_is_no_guess_where_there_is_doubt() {
        for text in ["", "12 34", "Pizza!", "東京に行きました。とても楽しかったです。"] {
            assert_eq!(detect(text), None, "{text}");
        }
    }
}
