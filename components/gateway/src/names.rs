//! How enumerations are written outside: in capitals, in GraphQL and in JSON alike.

use crate::bindings::journal::Mood;
use crate::bindings::reads::AnalysisStatus;
use jiff::civil::Date;

const MOODS: [(Mood, &str); 10] = [
    (Mood::Happy, "HAPPY"),
    (Mood::Calm, "CALM"),
    (Mood::Grateful, "GRATEFUL"),
    (Mood::Excited, "EXCITED"),
    (Mood::Neutral, "NEUTRAL"),
    (Mood::Tired, "TIRED"),
    (Mood::Anxious, "ANXIOUS"),
    (Mood::Stressed, "STRESSED"),
    (Mood::Sad, "SAD"),
    (Mood::Angry, "ANGRY"),
];

pub const MOOD_RULE: &str =
    "Must be one of HAPPY, CALM, GRATEFUL, EXCITED, NEUTRAL, TIRED, ANXIOUS, STRESSED, SAD, ANGRY.";
pub const DATE_RULE: &str = "Must be a date as YYYY-MM-DD.";

pub fn mood(mood: Mood) -> &'static str {
    MOODS.iter().find(|(known, _)| *known == mood).map_or("", |(_, name)| name)
}

pub fn parse_mood(name: &str) -> Option<Mood> {
    MOODS.iter().find(|(_, known)| *known == name).map(|(mood, _)| *mood)
}

pub fn analysis_status(status: AnalysisStatus) -> &'static str {
    match status {
        AnalysisStatus::Pending => "PENDING",
        AnalysisStatus::Processing => "PROCESSING",
        AnalysisStatus::Ready => "READY",
        AnalysisStatus::Failed => "FAILED",
        AnalysisStatus::NotIncluded => "NOT_INCLUDED",
    }
}

/// A calendar day in the one form that is taken, `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<String> {
    let date: Date = text.parse().ok()?;
    // The parser takes more (`20251025`, a time after it); the contract does not.
    (date.to_string() == text).then_some(date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mood_is_read_as_it_is_written() {
        for (known, name) in MOODS {
            assert_eq!((mood(known), parse_mood(name)), (name, Some(known)));
        }
        assert_eq!(parse_mood("happy"), None);
    }

    #[test]
    fn a_date_has_one_form() {
        assert_eq!(parse_date("2025-10-25").as_deref(), Some("2025-10-25"));
        for text in ["2025-02-30", "20251025", "2025-10-25T10:00:00", "25.10.2025", ""] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
