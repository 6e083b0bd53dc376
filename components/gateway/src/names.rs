//! How enumerations are spelled for clients: in capitals, in GraphQL and in JSON alike.

use crate::services::reads::{AnalysisStatus, EntryOrder};
use mindflow_events::{Date, Mood};
use mindflow_guest::journal;
use mindflow_guest::rules::Rule;
use std::sync::LazyLock;

pub static MOOD_RULE: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<_> = Mood::ALL.iter().map(|mood| mood.name()).collect();
    format!("Must be one of {}.", names.join(", "))
});
pub static ORDER_RULE: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<_> = ORDERS.iter().map(|(_, name)| *name).collect();
    format!("Must be one of {}.", names.join(", "))
});
/// Of a null where there is always a value.
pub const NULL_RULE: &str = "It cannot be null: give it a value, or leave it out.";
pub const DATE_RULE: &str = "Must be a date as YYYY-MM-DD.";

/// [`MOOD_RULE`], for programs.
pub fn mood_rule() -> Rule {
    Rule::one_of(Mood::ALL.iter().map(|mood| mood.name()))
}

/// As the values of GraphQL's `JournalOrder`.
const ORDERS: [(EntryOrder, &str); 4] = [
    (EntryOrder::EntryDateDescending, "ENTRY_DATE_DESC"),
    (EntryOrder::EntryDateAscending, "ENTRY_DATE_ASC"),
    (EntryOrder::CreatedDescending, "CREATED_AT_DESC"),
    (EntryOrder::CreatedAscending, "CREATED_AT_ASC"),
];

/// [`ORDER_RULE`], for programs.
pub fn order_rule() -> Rule {
    Rule::one_of(ORDERS.iter().map(|(_, name)| *name))
}

pub fn parse_order(name: &str) -> Option<EntryOrder> {
    ORDERS.iter().find(|(_, spelt)| *spelt == name).map(|(order, _)| *order)
}

pub fn mood(mood: journal::Mood) -> String {
    Mood::from(mood).name()
}

pub fn parse_mood(name: &str) -> Option<journal::Mood> {
    Mood::from_name(name).map(Into::into)
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

/// A calendar day in the one form that is accepted, `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<String> {
    text.parse::<Date>().ok().map(|date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mood_is_read_as_it_is_written() {
        assert_eq!(parse_mood("HAPPY"), Some(journal::Mood::Happy));
        assert_eq!(mood(journal::Mood::Happy), "HAPPY");
        assert_eq!(parse_mood("happy"), None);
        assert!(MOOD_RULE.starts_with("Must be one of HAPPY, CALM, ") && MOOD_RULE.ends_with(", SAD, ANGRY."));
    }

    #[test]
    fn a_date_has_one_form() {
        assert_eq!(parse_date("2025-10-25").as_deref(), Some("2025-10-25"));
        for text in ["2025-02-30", "20251025", "2025-10-25T10:00:00", "25.10.2025", ""] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
