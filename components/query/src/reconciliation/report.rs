//! The report for the operator and the log. It never contains what users wrote, only which fields differ.

use super::compare::{Key, Seen};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// Rows beyond this are counted and not listed.
const ROWS_MAX: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The read side does not have it.
    Missing,
    /// It has an older version, or other content.
    Outdated,
    /// The write side does not have it.
    Surplus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    Mended,
    /// Only reported.
    Left,
    /// It changed in the meantime: an event has arrived.
    Moved,
    Failed,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Discrepancy {
    pub what: What,
    pub kind: String,
    pub id: Uuid,
    pub user_id: Uuid,
    pub read_version: Option<i64>,
    pub write_version: Option<i64>,
    /// The differing fields of the document; empty unless both sides have one.
    pub fields: Vec<String>,
    pub done: Done,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub users: u64,
    pub aggregates: u64,
    pub missing: u64,
    pub outdated: u64,
    pub surplus: u64,
    pub mended: u64,
    pub failed: u64,
    /// Changed at every comparison: traffic, not a discrepancy.
    pub moving: u64,
    /// The orphans were kept because there are suspiciously many.
    #[serde(rename = "tooMuchSurplus")]
    pub too_many_orphans: bool,
    pub rows: Vec<Discrepancy>,
    pub summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Discrepancy {
    pub fn new(user_id: Uuid, (kind, id): &Key, seen: &Seen, fields: Vec<String>, done: Done) -> Self {
        let what = match (&seen.read, &seen.write) {
            (None, _) => What::Missing,
            (_, None) => What::Surplus,
            _ => What::Outdated,
        };
        Self {
            what,
            kind: kind.clone(),
            id: *id,
            user_id,
            read_version: seen.read.as_ref().map(|state| state.version),
            write_version: seen.write.as_ref().map(|state| state.version),
            fields,
            done,
        }
    }

    pub fn line(&self) -> String {
        let version = |version: Option<i64>| version.map_or("none".to_owned(), |version| version.to_string());
        let fields = if self.fields.is_empty() { String::new() } else { format!(" in {}", self.fields.join(", ")) };
        format!(
            "reconciliation: {:?} {} {} of user {}{fields}: the read side has version {}, the write side {}; {:?}",
            self.what,
            self.kind,
            self.id,
            self.user_id,
            version(self.read_version),
            version(self.write_version),
            self.done,
        )
        .to_lowercase()
    }
}

impl Report {
    pub fn add(&mut self, found: Discrepancy) {
        match found.done {
            // An event was on its way.
            Done::Moved => {
                self.moving += 1;
                return;
            }
            Done::Mended => self.mended += 1,
            Done::Failed => self.failed += 1,
            Done::Left => {}
        }
        match found.what {
            What::Missing => self.missing += 1,
            What::Outdated => self.outdated += 1,
            What::Surplus => self.surplus += 1,
        }
        if self.rows.len() < ROWS_MAX {
            self.rows.push(found);
        }
    }

    /// Completes the report with its summary and what the operator still has to do.
    pub fn finish(mut self) -> Self {
        let found = self.missing + self.outdated + self.surplus;
        let of = format!("{} aggregates of {} users", self.aggregates, self.users);
        self.summary = if found == 0 {
            format!("both sides agree: {of}")
        } else {
            let Self { missing, outdated, surplus, mended, .. } = &self;
            format!(
                "{found} discrepancies in {of}: {missing} missing, {outdated} outdated, {surplus} surplus; {mended} mended"
            )
        };
        self.problem = match (self.failed, found.saturating_sub(self.mended)) {
            (0, 0) => None,
            (0, left) if self.too_many_orphans => Some(format!(
                "{left} discrepancies are left: the read side has so many aggregates that the write side does not have \
                 that the write side may be the wrong one; if it is right, `reconcile --remove-orphans` (formerly \
                 `--remove-surplus`) removes them"
            )),
            (0, left) => Some(format!("{left} discrepancies are left; `reconcile` without --dry-run repairs them")),
            (failed, _) => Some(format!("{failed} discrepancies could not be repaired; the log says why")),
        };
        self
    }
}

/// The members in which two documents differ.
pub fn differing_fields(read: Option<&str>, write: &str) -> Vec<String> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(Value::Object(read)), Some(Value::Object(write))) = (read.and_then(parse), parse(write)) else {
        return Vec::new();
    };
    let names = read.keys().chain(write.keys().filter(|name| !read.contains_key(*name)));
    names.filter(|name| read.get(*name) != write.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconciliation::compare::State;

    fn seen(read: Option<i64>, write: Option<i64>) -> Seen {
        let state = |version| State { version, hash: format!("{version}") };
        Seen { read: read.map(state), write: write.map(state) }
    }

    fn found(read: Option<i64>, write: Option<i64>, done: Done) -> Discrepancy {
        let key = ("entry".to_owned(), Uuid::from_u128(1));
        Discrepancy::new(Uuid::from_u128(2), &key, &seen(read, write), vec!["title".to_owned()], done)
    }

    #[test]
    fn a_report_says_what_is_left_to_do() {
        let mut report = Report { users: 1, aggregates: 3, ..Report::default() };
        assert_eq!(Report::default().finish().problem, None);
        report.add(found(None, Some(1), Done::Left));
        report.add(found(Some(1), Some(2), Done::Left));
        report.add(found(Some(1), None, Done::Moved));
        let report = report.finish();
        assert_eq!(
            report.summary,
            "2 discrepancies in 3 aggregates of 1 users: 1 missing, 1 outdated, 0 surplus; 0 mended"
        );
        assert_eq!((report.moving, report.rows.len()), (1, 2));
        assert!(report.problem.unwrap().starts_with("2 discrepancies are left"));
    }

    #[test]
    fn an_operator_is_asked_before_much_is_taken_away() {
        let mut report = Report { too_many_orphans: true, ..Report::default() };
        report.add(found(Some(1), None, Done::Left));
        let problem = report.finish().problem.unwrap();
        assert!(problem.contains("1 discrepancies are left") && problem.contains("--remove-surplus"), "{problem}");
    }

    #[test]
    fn a_line_names_the_fields_and_not_their_content() {
        let line = found(Some(1), Some(2), Done::Mended).line();
        assert!(line.contains("outdated entry") && line.contains(" in title:") && line.ends_with("mended"), "{line}");
        assert_eq!(differing_fields(Some(r#"{"a":1,"b":"x"}"#), r#"{"a":1,"b":"y","c":null}"#), ["b", "c"]);
    }
}
