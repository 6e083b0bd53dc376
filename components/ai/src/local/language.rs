//! The language of an entry: the lexicon is English only, and "die" is not a sad word in German.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use unicode_segmentation::UnicodeSegmentation;
use whatlang::{Lang, Script};

/// The beginning says what the language is; the rest would only take time.
const SAMPLE_CHARS_MAX: usize = 4_000;
/// Of the words of English prose about half are on the list; of a Dutch or German one's, a twentieth.
const ENGLISH_SHARE_MIN: f64 = 0.25;

type Words = HashSet<&'static str>;

pub struct Language {
    lang: Lang,
    stop_words: Rc<Words>,
}

impl Language {
    /// English in doubt: entries are often too short to be sure.
    pub fn of(title: &str, content: &str) -> Self {
        let sample: String = format!("{title}\n{content}").chars().take(SAMPLE_CHARS_MAX).collect();
        Self::known(detect(&sample))
    }

    fn known(lang: Lang) -> Self {
        Self { lang, stop_words: stop_words(lang) }
    }

    pub fn is_english(&self) -> bool {
        self.lang == Lang::Eng
    }

    /// In English, such as `German`.
    pub fn name(&self) -> &'static str {
        self.lang.eng_name()
    }

    /// Whether the word, in lower case, is one of those that every text is full of.
    pub fn is_stop_word(&self, word: &str) -> bool {
        self.stop_words.contains(word)
    }

    /// Whether there is a list of such words at all; without one, short words are taken for them.
    pub fn knows_stop_words(&self) -> bool {
        !self.stop_words.is_empty()
    }
}

fn detect(sample: &str) -> Lang {
    // Most entries are English. To count its frequent words takes a fraction of the time of a comparison with all languages.
    if whatlang::detect_script(sample) == Some(Script::Latin) && reads_as_english(sample) {
        return Lang::Eng;
    }
    match whatlang::detect(sample) {
        Some(info) if info.script() != Script::Latin || info.is_reliable() => info.lang(),
        _ => Lang::Eng,
    }
}

fn reads_as_english(sample: &str) -> bool {
    let english = stop_words(Lang::Eng);
    let (mut words, mut known) = (0_u32, 0_u32);
    for word in sample.unicode_words() {
        words += 1;
        known += u32::from(english.contains(word.to_lowercase().as_str()));
    }
    words > 0 && f64::from(known) / f64::from(words) >= ENGLISH_SHARE_MIN
}

/// Each list is made once an instance.
fn stop_words(lang: Lang) -> Rc<Words> {
    thread_local! {
        static LISTS: RefCell<HashMap<&'static str, Rc<Words>>> = RefCell::default();
    }
    let Some(code) = iso_639_1(lang) else { return Rc::default() };
    let list = || Rc::new(stop_words::lookup(code).unwrap_or_default().iter().copied().collect());
    LISTS.with_borrow_mut(|lists| lists.entry(code).or_insert_with(list).clone())
}

/// The languages that there are lists for.
fn iso_639_1(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Ben => "bn",
        Lang::Cat => "ca",
        Lang::Cmn => "zh",
        Lang::Dan => "da",
        Lang::Nld => "nl",
        Lang::Eng => "en",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Heb => "he",
        Lang::Hun => "hu",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Nep => "ne",
        Lang::Nob => "no",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Slv => "sl",
        Lang::Spa => "es",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tur => "tr",
        Lang::Uzb => "uz",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lang(text: &str) -> Lang {
        Language::of("", text).lang
    }

    #[test]
    fn english_is_english_even_when_it_is_short() {
        for text in [
            "",
            "42",
            "Good day.",
            "Happy!",
            "I walked in the park with Anna and felt calm.",
            "Tired. Work was a mess and my boss shouted at me again.",
        ] {
            assert_eq!(lang(text), Lang::Eng, "{text:?}");
        }
    }

    #[test]
    fn other_languages_are_recognised_once_there_is_enough_text() {
        let german = "Heute war ein langer Tag. Ich bin mit meiner Schwester durch den Wald gegangen, und die Sonne hat geschienen, obwohl es morgens noch geregnet hatte.";
        let french = "Aujourd'hui, je suis allée au marché avec ma mère, et nous avons acheté des pommes pour la tarte que nous voulions faire depuis longtemps.";
        assert_eq!(lang(german), Lang::Deu);
        assert_eq!(lang(french), Lang::Fra);
        assert_eq!(lang("Сегодня был хороший день, мы гуляли в парке."), Lang::Rus);
        assert_eq!(lang("今日はとても良い天気でした。"), Lang::Jpn);
    }

    #[test]
    fn the_listed_languages_all_have_stop_words() {
        for lang in Lang::all() {
            if let Some(code) = iso_639_1(*lang) {
                assert!(stop_words::lookup(code).is_some_and(|words| !words.is_empty()), "{code}");
            }
        }
    }

    #[test]
    fn subjects_of_a_journal_are_no_stop_words() {
        let english = Language::known(Lang::Eng);
        assert!(["the", "and", "myself", "don't"].iter().all(|word| english.is_stop_word(word)));
        assert!(["work", "family", "home", "sleep"].iter().all(|word| !english.is_stop_word(word)));
    }
}
