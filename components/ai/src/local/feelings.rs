//! The emotional tone of each sentence and of the whole, by VADER (Hutto & Gilbert, ICWSM-14).

use std::sync::LazyLock;
use vader_parity::SentimentIntensityAnalyzer;

/// Reading the lexicon takes some milliseconds: once an instance.
static ANALYZER: LazyLock<SentimentIntensityAnalyzer> = LazyLock::new(SentimentIntensityAnalyzer::new);

/// VADER's own bound between neutral and not.
const NEUTRAL_BELOW: f64 = 0.05;
/// From here on a sentence is clearly one way; worth quoting.
const CLEAR_FROM: f64 = 0.4;

/// The tone of an entry.
pub struct Feelings {
    /// Of each sentence of the content, in order, -1 to 1.
    scores: Vec<f64>,
    overall: f64,
}

impl Feelings {
    pub fn of(title: &str, sentences: &[&str]) -> Self {
        let scores: Vec<f64> = sentences.iter().map(|sentence| score(sentence)).collect();
        // The mean of what says anything: a score of the whole text would saturate after a few sentences.
        let telling: Vec<f64> =
            scores.iter().copied().chain([score(title)]).filter(|score| score.abs() >= NEUTRAL_BELOW).collect();
        Self { overall: hundredths(mean(&telling)), scores }
    }

    /// -1 to 1, to two digits; 0 when nothing says anything.
    pub fn overall(&self) -> f64 {
        self.overall
    }

    /// How many sentences lean up, and how many down.
    pub fn leaning(&self) -> (usize, usize) {
        let count = |test: fn(&f64) -> bool| self.scores.iter().filter(|score| test(score)).count();
        (count(|score| *score >= NEUTRAL_BELOW), count(|score| *score <= -NEUTRAL_BELOW))
    }

    /// The index of the sentence with the most clearly positive tone.
    pub fn brightest(&self) -> Option<usize> {
        self.extreme(|score| score)
    }

    /// The index of the sentence with the most clearly negative tone.
    pub fn heaviest(&self) -> Option<usize> {
        self.extreme(|score| -score)
    }

    fn extreme(&self, of: impl Fn(f64) -> f64) -> Option<usize> {
        let best = self.scores.iter().map(|score| of(*score)).enumerate().rev().max_by(|(_, a), (_, b)| a.total_cmp(b));
        best.filter(|(_, score)| *score >= CLEAR_FROM).map(|(index, _)| index)
    }

    /// The tone of the first third and of the last; `None` for a text with too few sentences for thirds.
    pub fn arc(&self) -> Option<(f64, f64)> {
        /// With fewer sentences a third is a sentence or two, and says nothing about a course.
        const SENTENCES_MIN: usize = 6;
        if self.scores.len() < SENTENCES_MIN {
            return None;
        }
        let third = self.scores.len() / 3;
        let start = self.scores.get(..third)?;
        let end = self.scores.get(self.scores.len() - third..)?;
        Some((hundredths(mean(start)), hundredths(mean(end))))
    }
}

fn score(text: &str) -> f64 {
    ANALYZER.polarity_scores(text).compound
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// Two digits are all that such a score is worth. Never -0.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feelings(sentences: &[&str]) -> Feelings {
        Feelings::of("", sentences)
    }

    #[test]
    fn glad_words_are_above_sad_words() {
        let glad = feelings(&["I love this wonderful day.", "It rained."]).overall();
        let sad = feelings(&["I hate this terrible day.", "It rained."]).overall();
        assert!(glad > 0.5 && sad < -0.5, "{glad} {sad}");
    }

    #[test]
    fn a_long_entry_of_small_joys_does_not_saturate() {
        let overall = feelings(&["It was nice."; 200]).overall();
        assert!((0.3..0.6).contains(&overall), "{overall}");
    }

    #[test]
    fn negation_turns_a_word_around() {
        assert!(feelings(&["I am not happy."]).overall() < 0.0);
    }

    #[test]
    fn nothing_felt_is_zero_and_not_minus_zero() {
        let overall = feelings(&["The train left at nine."]).overall();
        assert!(overall == 0.0 && overall.is_sign_positive());
        assert!(feelings(&[]).overall() == 0.0);
    }

    #[test]
    fn the_title_speaks_too() {
        assert!(Feelings::of("A wonderful day", &["It rained."]).overall() > 0.0);
    }

    #[test]
    fn the_extremes_are_found_where_they_are_clear_and_the_first_of_equals_wins() {
        let of = feelings(&[
            "It rained.",
            "I love my wonderful friends.",
            "My boss is horrible and cruel.",
            "I love my wonderful friends.",
        ]);
        assert_eq!((of.brightest(), of.heaviest()), (Some(1), Some(2)));
        assert_eq!(of.leaning(), (2, 1));
        let flat = feelings(&["It rained.", "It was okay."]);
        assert_eq!((flat.brightest(), flat.heaviest()), (None, None));
    }

    #[test]
    fn the_arc_goes_from_the_first_third_to_the_last() {
        let of = feelings(&["Awful.", "Terrible.", "Rain.", "Rain.", "Great.", "Wonderful."]);
        let (start, end) = of.arc().unwrap();
        assert!(start < -0.3 && end > 0.3, "{start} {end}");
        assert_eq!(feelings(&["Awful.", "Great."]).arc(), None);
    }
}
