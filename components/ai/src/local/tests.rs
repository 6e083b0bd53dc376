//! Whole entries, as they are written.

use super::*;
use crate::{
    analysis::{INSIGHT_CHARS_MAX, INSIGHTS_MAX, Kind, THEME_CHARS_MAX, THEMES_MAX},
    entry::tests::entry,
};
use proptest::prelude::*;

fn texts(analysis: &Analysis) -> String {
    analysis.insights.iter().map(|insight| insight.text.as_str()).collect::<Vec<_>>().join("\n")
}

fn with_mood(mood: &str, content: &str) -> Analysis {
    analyse(&Entry { mood: Some(mood.into()), ..entry("Notes", content) })
}

const GARDEN: &str = "I spent the whole morning in the garden and loved it. The garden is full of roses now. \
    Anna came by, and we laughed a lot. After lunch the garden was quiet and peaceful.";
const DEADLINE: &str =
    "The deadline is killing me. I hate this deadline and I am scared to fail. My boss was angry and cruel.";

#[test]
fn a_happy_entry_is_positive_about_its_subject_and_quotes_itself() {
    let analysis = analyse(&entry("Sunday", GARDEN));
    assert!(analysis.sentiment.unwrap() > 0.3);
    assert_eq!(analysis.themes.first().map(String::as_str), Some("garden"));
    assert_eq!(analysis.model, "local:vader-3.3.2");
    let texts = texts(&analysis);
    assert!(texts.contains("“garden” comes up 3 times"), "{texts}");
    assert!(GARDEN.contains(texts.rsplit_once("The brightest: “").unwrap().1.split('”').next().unwrap()), "{texts}");
}

#[test]
fn a_sad_entry_is_negative_and_names_what_is_heavy() {
    let analysis = analyse(&entry("Monday", DEADLINE));
    assert!(analysis.sentiment.unwrap() < -0.3);
    let suggestion = analysis.insights.iter().find(|insight| insight.kind == Kind::Suggestion).unwrap();
    assert!(suggestion.text.starts_with("The heaviest sentence is"), "{}", suggestion.text);
    let [quote] = suggestion.quotes.as_slice() else { panic!("{suggestion:?}") };
    assert_eq!(&DEADLINE[quote.start as usize..quote.end as usize], quote.text);
    assert!(suggestion.text.contains(&quote.text), "{suggestion:?}");
}

#[test]
fn a_mood_and_words_that_differ_are_pointed_out() {
    assert!(
        texts(&with_mood("ANXIOUS", GARDEN)).contains("You chose “anxious”, yet your words lean to the bright side (+")
    );
    assert!(texts(&with_mood("HAPPY", DEADLINE)).contains("You chose “happy”, while your words sound heavier (-"));
    assert!(texts(&with_mood("HAPPY", GARDEN)).contains("and your words agree"));
    assert!(texts(&with_mood("SAD", DEADLINE)).contains("and your words carry it too"));
    assert!(!texts(&with_mood("NEUTRAL", GARDEN)).contains("You chose"));
}

#[test]
fn a_turn_for_the_better_is_noticed() {
    let content = "Awful morning. I was sad and lonely. Then I went out. I met Ben at the lake. We had great fun. I am happy and grateful.";
    assert!(texts(&analyse(&entry("Turn", content))).contains("The tone rises from -"));
}

#[test]
fn different_entries_get_different_insights() {
    assert_ne!(analyse(&entry("A", GARDEN)).insights, analyse(&entry("A", DEADLINE)).insights);
}

#[test]
fn an_entry_without_feelings_is_measured() {
    let analysis = analyse(&entry("Train", "The train left at nine. It arrived at ten."));
    assert_eq!(analysis.sentiment, Some(0.0));
    assert!(texts(&analysis).contains("9 words in 2 sentences, about “train”"), "{}", texts(&analysis));
}

#[test]
fn another_language_gets_subjects_and_no_made_up_sentiment() {
    let german = "Heute war ich mit meiner Schwester im Wald. Der Wald war still, und meine Schwester hat lange erzählt. Die Sonne schien, die Vögel sangen, und wir wollen bald wieder in den Wald gehen.";
    let analysis = analyse(&entry("Spaziergang", german));
    assert_eq!(analysis.sentiment, None);
    assert_eq!(analysis.themes.first().map(String::as_str), Some("wald"));
    assert!(texts(&analysis).contains("reads as German"), "{}", texts(&analysis));
}

#[test]
fn the_longest_of_entries_are_read_to_the_end() {
    let words = ["love", "hate", "garden", "but", "not", "very", "rain", "😀", "<", "never"];
    let prose: String = words.iter().cycle().take(20_000).map(|word| format!("{word} ")).collect();
    for content in [
        prose,
        "a".repeat(100_000),
        "! ".repeat(50_000),
        "but ".repeat(25_000),
        "😀".repeat(100_000),
        "é\u{301}".repeat(50_000),
    ] {
        let analysis = analyse(&entry("Long", &content));
        assert!(!analysis.themes.is_empty() && !analysis.insights.is_empty());
    }
}

#[test]
fn the_same_entry_has_the_same_analysis_every_time() {
    assert_eq!(analyse(&entry("Sunday", GARDEN)), analyse(&entry("Sunday", GARDEN)));
}

proptest! {
    #[test]
    fn whatever_is_written_the_analysis_keeps_the_rules(title in "\\PC{0,20}[a-z0-9]", content in any::<String>(), mood in proptest::option::of("[A-Z]{3,8}")) {
        let analysis = analyse(&Entry { mood, ..entry(&title, &content) });
        prop_assert!(analysis.sentiment.is_none_or(|it| (-1.0..=1.0).contains(&it)));
        prop_assert!((1..=THEMES_MAX).contains(&analysis.themes.len()));
        prop_assert!((1..=INSIGHTS_MAX).contains(&analysis.insights.len()));
        for theme in &analysis.themes {
            prop_assert!((1..=THEME_CHARS_MAX).contains(&theme.chars().count()));
        }
        for insight in &analysis.insights {
            prop_assert!((1..=INSIGHT_CHARS_MAX).contains(&insight.text.chars().count()));
            prop_assert!(!insight.text.chars().any(char::is_control));
        }
    }
}
