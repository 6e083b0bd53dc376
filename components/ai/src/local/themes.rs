//! The themes of an entry: the words and pairs of words that recur in it.

use super::language::Language;
use crate::analysis::{THEME_CHARS_MAX, clean, clip};
use rust_stemmers::{Algorithm, Stemmer};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use unicode_segmentation::UnicodeSegmentation;

/// Fewer than a model may name: counting has no sense of what matters.
const THEMES_MAX: usize = 5;
/// Of words that occur once only so many are named: any of them is a guess. Of these, longer ones go first:
/// they say more.
const SINGLE_THEMES_MAX: usize = 3;
/// Longer strings of letters are no words.
const WORD_CHARS_MAX: usize = 40;
/// Shorter words are hardly ever subjects; where stop words are not known, a good deal longer ones are not.
const WORD_CHARS: (usize, usize) = (3, 5);
/// A word of the title counts as so many occurrences more.
const TITLE_WEIGHT: f64 = 1.5;

/// Words that are common in all diaries.
const FILLERS: &str = "\
    able actually ago almost already also always another anything around away back bad became best \
    better big bit came can't come could day days done else enough even ever every everything feel \
    feeling feels felt finally first found gave get give going gone good got great happened keep last \
    later let like little long look lot made make many maybe much need never next nothing one people \
    really said seem something spent still thing think though thought time today took want well went \
    whole would yesterday";

/// [`FILLERS`], made once an instance.
static FILLER_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| FILLERS.split(' ').collect());

/// A subject of the entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// As it is written most often, in lower case.
    pub text: String,
    /// How often it occurs in the content, in any of its forms.
    pub count: u32,
}

/// What is known of one word or pair in all its forms.
#[derive(Default)]
struct Candidate {
    forms: HashMap<String, u32>,
    count: u32,
    in_title: bool,
    first_at: usize,
}

impl Candidate {
    fn length_if_single(&self) -> usize {
        if self.count < 2 { self.forms.keys().map(|form| form.chars().count()).max().unwrap_or(0) } else { 0 }
    }
}

/// The most important first; at least one (the title) even when nothing recurs.
pub fn of(title: &str, sentences: &[&str], language: &Language) -> Vec<Theme> {
    let reader = Reader::new(language);
    let (mut words, mut pairs) = (HashMap::new(), HashMap::new());
    let mut at = 0;
    for sentence in sentences {
        let mut before: Option<(String, String)> = None;
        for word in sentence.unicode_words() {
            at += 1;
            let this = reader.subject(word);
            if let Some((key, form)) = &this {
                seen(&mut words, key, form, at, false);
                if let Some((key_before, form_before)) = before.filter(|(key_before, _)| key_before != key) {
                    seen(&mut pairs, &format!("{key_before} {key}"), &format!("{form_before} {form}"), at, false);
                }
            }
            before = this;
        }
    }
    for (key, form) in title.unicode_words().filter_map(|word| reader.subject(word)) {
        seen(&mut words, &key, &form, at, true);
    }
    let themes = choose(words, pairs);
    if themes.is_empty() { vec![Theme { text: clip(&clean(title), THEME_CHARS_MAX), count: 0 }] } else { themes }
}

fn seen(candidates: &mut HashMap<String, Candidate>, key: &str, form: &str, at: usize, in_title: bool) {
    let candidate =
        candidates.entry(key.to_owned()).or_insert_with(|| Candidate { first_at: at, ..Candidate::default() });
    *candidate.forms.entry(form.to_owned()).or_default() += 1;
    candidate.count += u32::from(!in_title);
    candidate.in_title |= in_title;
}

fn choose(mut words: HashMap<String, Candidate>, pairs: HashMap<String, Candidate>) -> Vec<Theme> {
    let mut ranked: Vec<(f64, Candidate)> = Vec::new();
    for (key, pair) in pairs {
        // A recurring pair is one subject and more specific than its parts, unless these occur without it.
        if pair.count < 2 {
            continue;
        }
        for part in key.split(' ') {
            if words.get(part).is_some_and(|word| word.count <= pair.count) {
                words.remove(part);
            }
        }
        ranked.push((f64::from(pair.count) * 2.0, pair));
    }
    ranked.extend(
        words.into_values().map(|word| (f64::from(word.count) + if word.in_title { TITLE_WEIGHT } else { 0.0 }, word)),
    );
    ranked.sort_by(|(score_a, a), (score_b, b)| {
        score_b
            .total_cmp(score_a)
            .then(b.length_if_single().cmp(&a.length_if_single()))
            .then(a.first_at.cmp(&b.first_at))
    });
    let mut singles = 0;
    ranked
        .into_iter()
        .filter(|(_, candidate)| {
            singles += usize::from(candidate.count < 2);
            candidate.count >= 2 || singles <= SINGLE_THEMES_MAX
        })
        .filter_map(|(_, candidate)| {
            let form =
                candidate.forms.into_iter().max_by(|(form_a, a), (form_b, b)| a.cmp(b).then(form_b.cmp(form_a)))?.0;
            Some(Theme { text: clip(&form, THEME_CHARS_MAX), count: candidate.count })
        })
        .take(THEMES_MAX)
        .collect()
}

/// Recognises subjects among other words, and the forms of one word.
struct Reader<'a> {
    language: &'a Language,
    stemmer: Option<Stemmer>,
    chars_min: usize,
}

impl<'a> Reader<'a> {
    fn new(language: &'a Language) -> Self {
        let stemmer = language.is_english().then(|| Stemmer::create(Algorithm::English));
        let chars_min = if language.knows_stop_words() { WORD_CHARS.0 } else { WORD_CHARS.1 };
        Self { language, stemmer, chars_min }
    }

    /// The word's key, the same for all its forms, and its form in lower case; `None` for a word that is not a subject.
    fn subject(&self, word: &str) -> Option<(String, String)> {
        let lower = word.to_lowercase().replace('’', "'");
        let form = lower.strip_suffix("'s").unwrap_or(&lower);
        let is_word = (self.chars_min..=WORD_CHARS_MAX).contains(&form.chars().count())
            && form.chars().all(|char| char.is_alphabetic() || matches!(char, '\'' | '\u{300}'..='\u{36F}'));
        let is_everywhere = self.language.is_stop_word(&lower)
            || self.language.is_stop_word(form)
            || (self.language.is_english() && FILLER_WORDS.contains(form))
            || (self.language.is_english() && form.contains('\''));
        if !is_word || is_everywhere {
            return None;
        }
        let key = self.stemmer.as_ref().map_or_else(|| form.to_owned(), |stemmer| stemmer.stem(form).into_owned());
        Some((key, form.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::sentences;
    use proptest::prelude::*;

    fn themes(title: &str, content: &str) -> Vec<(String, u32)> {
        let found = of(title, &sentences::split(content), &Language::of(title, content));
        found.into_iter().map(|theme| (theme.text, theme.count)).collect()
    }

    #[test]
    fn what_comes_back_is_a_theme_in_all_its_forms() {
        let themes = themes(
            "Today",
            "I ran by the river. Running clears my head. The river was high, so I run slowly along the river.",
        );
        assert_eq!(themes.first(), Some(&("river".to_owned(), 3)));
        assert!(themes.contains(&("run".to_owned(), 2)) || themes.contains(&("running".to_owned(), 2)), "{themes:?}");
    }

    #[test]
    fn a_pair_that_comes_back_is_one_theme() {
        let themes = themes("Monday", "The job interview is near. I dread the job interview.");
        assert_eq!(themes.first(), Some(&("job interview".to_owned(), 2)));
        assert!(!themes.iter().any(|(text, _)| text == "job" || text == "interview"));
    }

    #[test]
    fn the_title_lifts_its_words() {
        let themes = themes("Garden", "We planted tomatoes and later sat in the garden.");
        assert_eq!(themes.first().map(|theme| theme.0.as_str()), Some("garden"));
    }

    #[test]
    fn stop_words_fillers_and_numbers_are_no_themes() {
        let themes = themes(
            "Today",
            "It's been a good day and I really felt like it was the best day of 2026, 2026 and 10 10 10.",
        );
        assert!(themes.iter().all(|(text, _)| text == "today" || text == "Today"), "{themes:?}");
    }

    #[test]
    fn few_words_give_few_themes() {
        assert!(themes("Walk", "Bread, butter, honey, cheese, apples, pears, plums.").len() <= SINGLE_THEMES_MAX);
    }

    #[test]
    fn of_words_that_occur_once_the_longer_ones_are_named() {
        let themes = themes("Sunday", "Had tea with my grandmother, then a nap.");
        assert_eq!(themes.iter().map(|theme| theme.0.as_str()).collect::<Vec<_>>(), ["sunday", "grandmother", "tea"]);
    }

    #[test]
    fn other_languages_are_read_with_their_own_stop_words() {
        let german = "Heute war ich mit meiner Schwester im Wald. Der Wald war still, und meine Schwester hat lange erzählt. Wir wollen wieder in den Wald gehen.";
        let themes = themes("Spaziergang", german);
        assert_eq!(themes.first(), Some(&("wald".to_owned(), 3)));
        assert!(themes.iter().any(|(text, _)| text == "schwester"));
        assert!(!themes.iter().any(|(text, _)| ["war", "und", "meine", "ich"].contains(&text.as_str())), "{themes:?}");
    }

    #[test]
    fn where_no_theme_is_found_the_title_is_the_theme() {
        assert_eq!(themes("  日記\n 一 ", "。"), [("日記 一".to_owned(), 0)]);
        assert_eq!(themes("42", "7 8 9"), [("42".to_owned(), 0)]);
        assert_eq!(themes(&"1".repeat(200), "…").first().map(|theme| theme.0.chars().count()), Some(THEME_CHARS_MAX));
    }

    #[test]
    fn the_same_text_has_the_same_themes_every_time() {
        let content = "Rain and wind, wind and rain. Anna called, Ben called. Soup for lunch, bread for supper.";
        let first = themes("Home", content);
        for _ in 0..20 {
            assert_eq!(themes("Home", content), first);
        }
    }

    proptest! {
        #[test]
        fn any_entry_has_some_themes_within_bounds(title in "\\PC{0,20}[a-z0-9]", content in any::<String>()) {
            let themes = themes(&title, &content);
            prop_assert!((1..=THEMES_MAX).contains(&themes.len()));
            prop_assert!(themes.iter().all(|(text, _)| (1..=THEME_CHARS_MAX).contains(&text.chars().count())));
        }
    }
}
