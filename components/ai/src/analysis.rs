//! An analysis of an entry, and the rules that it keeps, whether a model or the local analyser makes it.
//!
//! A model's answer is untrusted input: JSON Schema as the API takes it has no ranges and no lengths, so they are
//! checked here, and nothing that could garble a screen or a log passes.

use crate::quotes::Source;
use mindflow_events::Quote;
use serde::Deserialize;

/// More would be a summary of everything instead of the few subjects that matter.
pub const THEMES_MAX: usize = 8;
/// A theme is a label, shown as a chip.
pub const THEME_CHARS_MAX: usize = 60;
/// As many as a reader takes in under an entry.
pub const INSIGHTS_MAX: usize = 6;
/// Two or three sentences.
pub const INSIGHT_CHARS_MAX: usize = 500;
/// Of a model's name; those of the API stay far below.
pub const MODEL_CHARS_MAX: usize = 100;
/// In place of a model's name: nothing was read. The schema's descriptions name it.
pub const NO_MODEL: &str = "none";

/// What an insight is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Pattern,
    Encouragement,
    Suggestion,
    Observation,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Pattern, Self::Encouragement, Self::Suggestion, Self::Observation];

    /// The words that the model may choose from.
    pub fn words() -> [&'static str; 4] {
        Self::ALL.map(Self::word)
    }

    /// As events spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pattern => "pattern",
            Self::Encouragement => "encouragement",
            Self::Suggestion => "suggestion",
            Self::Observation => "observation",
        }
    }

    /// An unknown word is an observation: the text is what counts.
    fn of(word: &str) -> Self {
        let word = word.trim();
        Self::ALL.into_iter().find(|kind| kind.word().eq_ignore_ascii_case(word)).unwrap_or(Self::Observation)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insight {
    pub kind: Kind,
    pub text: String,
    /// Of the entry's content, word for word.
    pub quotes: Vec<Quote>,
}

/// An analysis that keeps the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// -1 (all negative) to 1 (all positive); `None` when the analyser does not support this language, or had nothing to read.
    pub sentiment: Option<f64>,
    pub themes: Vec<String>,
    pub insights: Vec<Insight>,
    /// What made it, such as `claude-haiku-5-5` or `local:vader-3.3.2`; [`NO_MODEL`] of an entry without text.
    pub model: String,
}

impl Analysis {
    /// Of an entry without text: there is nothing to say about it, and no model was asked.
    pub fn of_nothing() -> Self {
        Self { sentiment: None, themes: Vec::new(), insights: Vec::new(), model: NO_MODEL.to_owned() }
    }
}

/// A model's answer, in the requested shape.
#[derive(Debug, Clone, Deserialize)]
pub struct Draft {
    pub sentiment: f64,
    pub themes: Vec<String>,
    pub insights: Vec<DraftInsight>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct DraftInsight {
    pub kind: String,
    pub text: String,
    /// Passages that may be in the entry.
    #[serde(default)]
    pub quotes: Vec<String>,
}

/// The rule that a draft broke.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DraftError {
    #[error("sentiment {0} is not within -1 to 1")]
    Sentiment(f64),
    #[error("{0} themes instead of 1 to {THEMES_MAX}")]
    ThemeCount(usize),
    #[error("a theme of {0} characters; at most {THEME_CHARS_MAX}")]
    ThemeLength(usize),
    #[error("{0} insights instead of 1 to {INSIGHTS_MAX}")]
    InsightCount(usize),
    #[error("an insight of {0} characters instead of 1 to {INSIGHT_CHARS_MAX}")]
    InsightLength(usize),
}

impl Draft {
    /// The analysis, when the draft keeps the rules. Of its quotes those stay that are in the entry's `content`.
    ///
    /// # Errors
    /// The first rule that it broke. Nothing else is cut or clamped: the model is asked again.
    pub fn check(self, model: &str, content: &str) -> Result<Analysis, DraftError> {
        if !(-1.0..=1.0).contains(&self.sentiment) {
            return Err(DraftError::Sentiment(self.sentiment));
        }
        Ok(Analysis {
            sentiment: Some(self.sentiment),
            themes: themes(&self.themes)?,
            insights: insights(&self.insights, &Source::new(content))?,
            model: clip(&clean(model), MODEL_CHARS_MAX),
        })
    }
}

fn themes(drafts: &[String]) -> Result<Vec<String>, DraftError> {
    let mut themes: Vec<String> = Vec::new();
    for draft in drafts {
        let theme = clean(draft);
        let chars = theme.chars().count();
        if chars > THEME_CHARS_MAX {
            return Err(DraftError::ThemeLength(chars));
        }
        let known = themes.iter().any(|held| held.to_lowercase() == theme.to_lowercase());
        if chars > 0 && !known {
            themes.push(theme);
        }
    }
    if (1..=THEMES_MAX).contains(&themes.len()) { Ok(themes) } else { Err(DraftError::ThemeCount(themes.len())) }
}

fn insights(drafts: &[DraftInsight], source: &Source<'_>) -> Result<Vec<Insight>, DraftError> {
    if !(1..=INSIGHTS_MAX).contains(&drafts.len()) {
        return Err(DraftError::InsightCount(drafts.len()));
    }
    drafts
        .iter()
        .map(|draft| {
            let text = clean(&draft.text);
            let chars = text.chars().count();
            if !(1..=INSIGHT_CHARS_MAX).contains(&chars) {
                return Err(DraftError::InsightLength(chars));
            }
            Ok(Insight { kind: Kind::of(&draft.kind), text, quotes: source.quotes(&draft.quotes) })
        })
        .collect()
}

/// One line of visible text: no control characters, no invisible direction marks, single blanks.
pub fn clean(text: &str) -> String {
    let visible: String = text
        .chars()
        .filter_map(|char| match char {
            _ if char.is_whitespace() => Some(' '),
            _ if char.is_control() || is_invisible_mark(char) => None,
            _ => Some(char),
        })
        .collect();
    visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Marks that reorder what is shown, and the tag characters that hide text from readers but not from models.
pub fn is_invisible_mark(char: char) -> bool {
    matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{E0000}'..='\u{E007F}' | '\u{FEFF}')
}

/// At most so many characters, the last one `…` when something was cut.
pub fn clip(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(kind: &str, text: &str) -> DraftInsight {
        DraftInsight { kind: kind.into(), text: text.into(), quotes: Vec::new() }
    }

    fn draft() -> Draft {
        Draft { sentiment: 0.5, themes: vec!["work".into()], insights: vec![of("pattern", "Work comes up often.")] }
    }

    #[test]
    fn the_kinds_are_those_that_clients_know() {
        assert_eq!(Kind::words(), mindflow_events::INSIGHT_KINDS);
    }

    #[test]
    fn a_draft_that_keeps_the_rules_becomes_the_analysis() {
        let analysis = draft().check("claude-x", "").unwrap();
        assert_eq!(analysis.sentiment, Some(0.5));
        assert_eq!(analysis.themes, ["work"]);
        let insight = Insight { kind: Kind::Pattern, text: "Work comes up often.".into(), quotes: Vec::new() };
        assert_eq!(analysis.insights, [insight]);
        assert_eq!(analysis.model, "claude-x");
    }

    #[test]
    fn quotes_that_are_in_the_entry_stay_and_invented_ones_go() {
        let quotes = vec!["Too much work".into(), "I am fine".into()];
        let insights = vec![DraftInsight { quotes, ..of("pattern", "Work comes up often.") }];
        let analysis = Draft { insights, ..draft() }.check("m", "Monday. Too much work again.").unwrap();
        assert_eq!(analysis.insights[0].quotes, [Quote { text: "Too much work".into(), start: 8, end: 21 }]);
    }

    #[test]
    fn a_sentiment_out_of_range_is_refused_and_not_clamped() {
        for sentiment in [1.01, -1.5, f64::NAN, f64::INFINITY] {
            assert!(
                matches!(Draft { sentiment, ..draft() }.check("m", ""), Err(DraftError::Sentiment(_))),
                "{sentiment}"
            );
        }
        for sentiment in [-1.0, 0.0, 1.0] {
            assert!(Draft { sentiment, ..draft() }.check("m", "").is_ok(), "{sentiment}");
        }
    }

    #[test]
    fn themes_are_trimmed_and_the_same_theme_is_said_once() {
        let themes = vec!["  Sea \n side ".into(), "sea side".into(), " ".into(), "Rest".into()];
        assert_eq!(Draft { themes, ..draft() }.check("m", "").unwrap().themes, ["Sea side", "Rest"]);
    }

    #[test]
    fn too_few_too_many_and_too_long_themes_are_refused() {
        let of = |themes: Vec<String>| Draft { themes, ..draft() }.check("m", "");
        assert_eq!(of(vec![]), Err(DraftError::ThemeCount(0)));
        assert_eq!(of(vec![" \u{7}".into()]), Err(DraftError::ThemeCount(0)));
        assert_eq!(of((0..9).map(|n| format!("t{n}")).collect()), Err(DraftError::ThemeCount(9)));
        assert_eq!(of(vec!["é".repeat(61)]), Err(DraftError::ThemeLength(61)));
        assert!(of(vec!["é".repeat(60)]).is_ok());
    }

    #[test]
    fn too_few_too_many_empty_and_too_long_insights_are_refused() {
        let of = |texts: Vec<String>| {
            let insights = texts.into_iter().map(|text| of("pattern", &text)).collect();
            Draft { insights, ..draft() }.check("m", "")
        };
        assert_eq!(of(vec![]), Err(DraftError::InsightCount(0)));
        assert_eq!(of(vec!["x".into(); 7]), Err(DraftError::InsightCount(7)));
        assert_eq!(of(vec![" \u{0}\u{1b} ".into()]), Err(DraftError::InsightLength(0)));
        assert_eq!(of(vec!["x".repeat(501)]), Err(DraftError::InsightLength(501)));
        assert!(of(vec!["x".repeat(500)]).is_ok());
    }

    #[test]
    fn an_unknown_kind_is_an_observation() {
        let insights = ["prophecy", "", " Encouragement "].map(|kind| of(kind, "t"));
        let analysis = Draft { insights: insights.into(), ..draft() }.check("m", "").unwrap();
        let kinds: Vec<Kind> = analysis.insights.iter().map(|insight| insight.kind).collect();
        assert_eq!(kinds, [Kind::Observation, Kind::Observation, Kind::Encouragement]);
    }

    #[test]
    fn control_characters_and_hidden_marks_are_stripped() {
        assert_eq!(clean("a\u{0}b\u{1b}[31mc\u{202E}d\te\r\nf\u{E0041}"), "ab[31mcd e f");
        assert_eq!(clean("👩\u{200D}👧 stays"), "👩\u{200D}👧 stays");
    }

    #[test]
    fn a_clipped_text_says_that_it_was_cut() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "ab…");
        assert_eq!(clip("äöüß", 3), "äö…");
    }

    proptest! {
        #[test]
        fn whatever_passes_keeps_every_bound(sentiment in -2.0..2.0f64, themes in proptest::collection::vec(any::<String>(), 0..10), texts in proptest::collection::vec(any::<String>(), 0..8)) {
            let insights = texts.into_iter().map(|text| of(&text, &text)).collect();
            if let Ok(analysis) = (Draft { sentiment, themes, insights }).check("m", "") {
                prop_assert!(analysis.sentiment.is_some_and(|it| (-1.0..=1.0).contains(&it)));
                prop_assert!((1..=THEMES_MAX).contains(&analysis.themes.len()));
                prop_assert!((1..=INSIGHTS_MAX).contains(&analysis.insights.len()));
                for text in analysis.themes.iter().chain(analysis.insights.iter().map(|it| &it.text)) {
                    prop_assert!(!text.trim().is_empty() && !text.chars().any(char::is_control));
                }
            }
        }

        #[test]
        fn clipping_never_exceeds_its_bound(text in any::<String>(), bound in 1usize..50) {
            prop_assert!(clip(&text, bound).chars().count() <= bound);
        }
    }
}
