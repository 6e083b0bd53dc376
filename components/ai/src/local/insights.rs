//! What the figures mean for the writer, in words: each insight quotes or counts something of this entry.

use super::{feelings::Feelings, language::Language, themes::Theme};
use crate::{
    analysis::{INSIGHT_CHARS_MAX, Insight, Kind, clean, clip},
    entry::Entry,
    quotes::Source,
};
use mindflow_events::Mood;
use unicode_segmentation::UnicodeSegmentation;

/// As many as say different things.
const INSIGHTS_MAX: usize = 5;
/// Of a quotation: enough to recognise one's own sentence.
const QUOTE_CHARS_MAX: usize = 140;
/// From here on the whole entry leans one way.
const LEANING_FROM: f64 = 0.3;
/// A change of tone that a reader would notice.
const TURN_FROM: f64 = 0.4;
/// A subject that comes up as often as this is what the entry is about.
const RECURS_FROM: u32 = 3;

/// An insight, and the sentence that it is about where it is about one.
type Remark<'a> = (Kind, String, Option<&'a str>);

/// At least one.
pub fn of(
    entry: &Entry,
    sentences: &[&str],
    themes: &[Theme],
    feelings: Option<&Feelings>,
    language: &Language,
) -> Vec<Insight> {
    let of_all = |(kind, text)| (kind, text, None);
    let mut found: Vec<Option<Remark<'_>>> = vec![recurring(themes).map(of_all)];
    if let Some(feelings) = feelings {
        found.push(mood_and_words(entry, feelings).map(of_all));
        found.push(turn(feelings).map(of_all));
        found.push(brightest(sentences, feelings));
        found.push(heaviest(sentences, themes, feelings));
    }
    let mut remarks: Vec<Remark<'_>> = found.into_iter().flatten().take(INSIGHTS_MAX).collect();
    if remarks.is_empty() || feelings.is_none() {
        remarks.push((Kind::Observation, measures(sentences, themes, language), None));
    }
    let source = Source::new(&entry.content);
    remarks.into_iter().map(|remark| insight(&source, remark)).collect()
}

fn insight(source: &Source<'_>, (kind, text, sentence): Remark<'_>) -> Insight {
    Insight { kind, text: clip(&clean(&text), INSIGHT_CHARS_MAX), quotes: source.quotes(sentence.as_slice()) }
}

fn recurring(themes: &[Theme]) -> Option<(Kind, String)> {
    let first = themes.first().filter(|theme| theme.count >= RECURS_FROM)?;
    let text = match themes.get(1).filter(|theme| theme.count >= 2) {
        None => format!("“{}” comes up {} times in this entry, more than any other subject.", first.text, first.count),
        Some(second) => format!(
            "“{}” comes up {} times in this entry and “{}” {}: they seem to be on your mind together.",
            first.text,
            first.count,
            second.text,
            times(second.count)
        ),
    };
    Some((Kind::Pattern, text))
}

fn times(count: u32) -> String {
    if count == 2 { "twice".to_owned() } else { format!("{count} times") }
}

/// 1 for the moods that feel good, -1 for those that do not.
fn leaning_of_mood(mood: &str) -> f64 {
    match Mood::from_name(mood) {
        Some(Mood::Happy | Mood::Calm | Mood::Grateful | Mood::Excited) => 1.0,
        Some(Mood::Tired | Mood::Anxious | Mood::Stressed | Mood::Sad | Mood::Angry) => -1.0,
        Some(Mood::Neutral) | None => 0.0,
    }
}

fn mood_and_words(entry: &Entry, feelings: &Feelings) -> Option<(Kind, String)> {
    let mood = entry.mood.as_deref()?;
    let (leaning, overall) = (leaning_of_mood(mood), feelings.overall());
    if leaning == 0.0 || overall.abs() < LEANING_FROM {
        return None;
    }
    let (mood, overall_text) = (mood.to_lowercase(), signed(overall));
    Some(match (leaning > 0.0, overall > 0.0) {
        (true, true) => (
            Kind::Encouragement,
            format!("You chose “{mood}”, and your words agree: their tone is {overall_text} on a scale from -1 to 1."),
        ),
        (false, false) => (
            Kind::Observation,
            format!(
                "You chose “{mood}”, and your words carry it too: their tone is {overall_text} on a scale from -1 to 1."
            ),
        ),
        (false, true) => (
            Kind::Encouragement,
            format!(
                "You chose “{mood}”, yet your words lean to the bright side ({overall_text} on a scale from -1 to 1). There was more to this day than the mood says."
            ),
        ),
        (true, false) => (
            Kind::Observation,
            format!(
                "You chose “{mood}”, while your words sound heavier ({overall_text} on a scale from -1 to 1). Something in this entry may still be waiting for attention."
            ),
        ),
    })
}

fn signed(value: f64) -> String {
    format!("{value:+.2}")
}

fn turn(feelings: &Feelings) -> Option<(Kind, String)> {
    let (start, end) = feelings.arc()?;
    let (from, to) = (signed(start), signed(end));
    if end - start >= TURN_FROM {
        Some((
            Kind::Encouragement,
            format!(
                "The tone rises from {from} at the beginning to {to} at the end: you wrote yourself to a better place."
            ),
        ))
    } else if start - end >= TURN_FROM {
        Some((
            Kind::Pattern,
            format!("The tone falls from {from} at the beginning to {to} at the end: what weighs on you comes last."),
        ))
    } else {
        None
    }
}

fn brightest<'a>(sentences: &[&'a str], feelings: &Feelings) -> Option<Remark<'a>> {
    let sentence = *sentences.get(feelings.brightest()?)?;
    let (up, down) = feelings.leaning();
    let kind = if up > down { Kind::Encouragement } else { Kind::Observation };
    let text = match (up, down) {
        (1, 0) => format!("The brightest spot of this entry: {}", quote(sentence)),
        (_, 0) => format!("{up} sentences sound positive and none negative. The brightest: {}", quote(sentence)),
        _ => format!("{up} of your sentences sound positive, {down} negative. The brightest: {}", quote(sentence)),
    };
    Some((kind, text, Some(sentence)))
}

fn heaviest<'a>(sentences: &[&'a str], themes: &[Theme], feelings: &Feelings) -> Option<Remark<'a>> {
    let sentence = *sentences.get(feelings.heaviest()?)?;
    let lower = sentence.to_lowercase();
    let text = match themes.iter().find(|theme| lower.contains(&theme.text)) {
        Some(theme) => format!(
            "The heaviest sentence is about “{}”: {} A few more lines about what would make it lighter could be worth writing.",
            theme.text,
            quote(sentence)
        ),
        None => format!(
            "The heaviest sentence is {} It may be worth another look when some time has passed.",
            quote(sentence)
        ),
    };
    Some((Kind::Suggestion, text, Some(sentence)))
}

fn quote(sentence: &str) -> String {
    format!("“{}”", clip(&clean(sentence), QUOTE_CHARS_MAX))
}

/// What can always be said.
fn measures(sentences: &[&str], themes: &[Theme], language: &Language) -> String {
    let words: usize = sentences.iter().map(|sentence| sentence.unicode_words().count()).sum();
    let size =
        format!("{words} {} in {} {}", plural(words, "word"), sentences.len(), plural(sentences.len(), "sentence"));
    let subjects: Vec<String> = themes.iter().take(3).map(|theme| format!("“{}”", theme.text)).collect();
    let about = format!("{size}, about {}.", subjects.join(", "));
    if language.is_english() {
        format!("{about} Their tone is even: neither clearly up nor down.")
    } else {
        format!(
            "{about} The text reads as {}; this analyser knows the feelings of English words only, so it names no sentiment.",
            language.name()
        )
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}
