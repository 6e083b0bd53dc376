//! What became of an import's records, as its user reads it for a month. What is said of a record names the entry that came of it, so that
//! it goes with the entry when that is removed for good.

use mindflow_formats::Problem;
use mindflow_guest::call::{ExceededQuota, FieldError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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
            let Problem { record, field, rule, params, message } = problem;
            let params = params.into_iter().map(|(name, value)| (name, kept_value(value))).collect();
            let problem = Problem { record: kept_text(&record), field, rule, params, message: kept_text(&message) };
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

// === what services say of a record ===

/// A rule of entries or moods that it breaks.
pub fn broken(record: &str, error: &FieldError) -> Problem {
    let message = format!("{}: {}", error.field, error.message);
    Problem::new(record, &error.rule, message).about(&error.field).with(params(error))
}

/// A file that is not taken, with the first rule that it breaks.
pub fn refused(file: &str, broken: &[FieldError]) -> Problem {
    let Some(error) = broken.first() else { return Problem::new(file, "unsupported", "") };
    Problem::new(file, &error.rule, &error.message).with(params(error))
}

/// A quota that has no room for it.
pub fn full(record: &str, quota: ExceededQuota) -> Problem {
    let params = json!({ "max": quota.limit, "quota": quota.quota });
    Problem::new(record, "too-many", quota.message).with(params)
}

/// What of a list is over the most that an entry can have, and left out. `noun` says what the field has.
pub fn left_out(record: &str, (field, noun): (&str, &str), actual: usize, max: usize) -> Option<Problem> {
    let over = actual.checked_sub(max).filter(|over| *over > 0)?;
    let message = format!("An entry can have {max} {noun}; {over} are left out.");
    Some(Problem::new(record, "too-many", message).about(field).with(json!({ "max": max, "actual": actual })))
}

fn params(error: &FieldError) -> Value {
    serde_json::from_str(&error.params).unwrap_or_default()
}

fn kept_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(kept_text(&text)),
        other => other,
    }
}

/// The database keeps no U+0000.
pub fn kept_text(text: &str) -> String {
    let readable = |letter: char| if letter == '\0' { char::REPLACEMENT_CHARACTER } else { letter };
    text.chars().take(PROBLEM_CHARS_MAX).map(readable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::rules::Rule;

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
        let mut report = Report::default();
        report.problem(Problem::no_date("date", "some\0day", ""));
        assert_eq!(report.problems[0].problem.params["value"], "some\u{fffd}day");
    }

    #[test]
    fn a_problem_has_what_a_program_needs_for_a_sentence_of_its_own() {
        let mut report = Report::default();
        let error = mindflow_guest::failure::field("title", Rule::characters(200, 201), "Use at most 200.");
        let quota = ExceededQuota { quota: "tags".into(), used: 7, limit: 7, message: "Full.".into() };
        let over = left_out("a", ("tags", "tags"), 23, 20);
        [broken("a", &error), refused("a.exe", &[error]), full("a", quota)]
            .into_iter()
            .chain(over)
            .for_each(|problem| report.problem(problem));
        assert_eq!(left_out("a", ("tags", "tags"), 20, 20), None);
        let kept = serde_json::to_value(&report).unwrap();
        let params = json!({ "max": 200, "actual": 201, "unit": "characters" });
        let expected = json!([
            { "record": "a", "field": "title", "rule": "too-long", "params": params, "message": "title: Use at most 200." },
            { "record": "a.exe", "rule": "too-long", "params": params, "message": "Use at most 200." },
            { "record": "a", "rule": "too-many", "params": { "max": 7, "quota": "tags" }, "message": "Full." },
            { "record": "a", "field": "tags", "rule": "too-many", "params": { "max": 20, "actual": 23 },
                "message": "An entry can have 20 tags; 3 are left out." },
        ]);
        assert_eq!(kept["problems"], expected);
        assert_eq!(Report::of(&kept), report);
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
