//! What became of an import's records, as its user reads it for a month. What is said of a record names the entry that came of it, so that
//! it goes with the entry when that is removed for good.

use mindflow_formats::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// That a report has; all are counted.
const PROBLEMS_MAX: usize = 200;
/// Of a problem's texts, which can have what an archive has.
const PROBLEM_CHARS_MAX: usize = 1_000;

/// What became of an import's records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Report {
    pub entries: u32,
    pub duplicates: u32,
    pub skipped: u32,
    pub media: u32,
    pub missing_media: u32,
    pub tags: u32,
    pub moods: u32,
    pub journals: u32,
    pub problems: Vec<Reported>,
    pub problems_total: u32,
}

/// A problem with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    #[serde(flatten)]
    pub problem: Problem,
    /// Ids that the entry of the record has, if there is one. An erasure looks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<Uuid>,
}

// === impl Report ===

impl Report {
    pub fn of(value: &Value) -> Self {
        serde_json::from_value(value.clone()).unwrap_or_default()
    }

    pub fn problem(&mut self, problem: Problem) {
        self.problems_total = self.problems_total.saturating_add(1);
        if self.problems.len() < PROBLEMS_MAX {
            let Problem { record, rule, message } = problem;
            let problem = Problem { record: kept_text(&record), rule, message: kept_text(&message) };
            self.problems.push(Reported { problem, entries: Vec::new() });
        }
    }

    /// The problems since there were so many are of these entries.
    pub fn is_about(&mut self, before: usize, entries: &[Uuid]) {
        for reported in self.problems.iter_mut().skip(before) {
            reported.entries = entries.to_vec();
        }
    }
}

/// The database keeps no U+0000.
fn kept_text(text: &str) -> String {
    let readable = |letter: char| if letter == '\0' { char::REPLACEMENT_CHARACTER } else { letter };
    text.chars().take(PROBLEM_CHARS_MAX).map(readable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_can_be_kept_whatever_an_archive_has() {
        let mut report = Report::default();
        report.problem(Problem::new("Travels.json, entry 2", "format", "The mood `\0` is none."));
        report.problem(Problem::new("x".repeat(70_000), "format", "é".repeat(70_000)));
        for _ in 0..PROBLEMS_MAX {
            report.problem(Problem::new("", "format", ""));
        }
        assert_eq!((report.problems.len(), report.problems_total), (PROBLEMS_MAX, PROBLEMS_MAX as u32 + 2));
        let [first, long] = [0, 1].map(|number| &report.problems[number].problem);
        assert_eq!(
            (first.message.as_str(), first.record.as_str()),
            ("The mood `\u{fffd}` is none.", "Travels.json, entry 2")
        );
        let chars = |text: &str| text.chars().count();
        assert_eq!((chars(&long.record), chars(&long.message)), (PROBLEM_CHARS_MAX, PROBLEM_CHARS_MAX));
    }

    #[test]
    fn a_problem_is_kept_with_the_entry_that_it_is_about() {
        let mut report = Report::default();
        report.problem(Problem::new("a.md", "format", "No day."));
        let before = report.problems.len();
        report.problem(Problem::new("b.md, lake.png", "damaged", "No picture."));
        report.is_about(before, &[Uuid::from_u128(7)]);
        let kept = serde_json::to_value(&report).unwrap();
        let of_entry = json!({ "record": "b.md, lake.png", "rule": "damaged", "message": "No picture.",
            "entries": ["00000000-0000-0000-0000-000000000007"] });
        assert_eq!(kept["problems"], json!([{ "record": "a.md", "rule": "format", "message": "No day." }, of_entry]));
        assert_eq!(Report::of(&kept), report);
    }
}
