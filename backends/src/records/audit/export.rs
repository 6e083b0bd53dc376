//! An export: one JSON line a record, with the hashes, so that it can be verified standing alone.

use serde::{Deserialize, Serialize, de};
use serde_json::value::RawValue;

use super::{Broken, Content, Hash, Head, Record, Report, Walk, verify::Noted};

/// A line of an export.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    previous_hash: Hash,
    hash: Hash,
    /// Of the record's body; lines from before payloads were sealed have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// What the hash is over, byte for byte.
    record: Box<RawValue>,
}

/// Why a line is none of an export.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is not a line of an export")]
pub struct LineError {
    line: u64,
    #[source]
    source: serde_json::Error,
}

/// Verifies an export line by line. It may begin anywhere in the trail: what its first record follows is
/// taken for granted, unless that is the beginning.
#[derive(Debug, Default)]
pub struct Verifier {
    noted: Noted,
    walk: Option<Walk>,
    lines: u64,
    broken: Option<Broken>,
}

/// The line of a record, without its end.
///
/// # Errors
/// The record's body is no JSON.
pub fn line(record: &Record) -> Result<String, serde_json::Error> {
    let body = RawValue::from_string(record.body.clone())?;
    let version = Some(record.content()?.version);
    let line = Line { previous_hash: record.previous, hash: record.hash, version, record: body };
    serde_json::to_string(&line)
}

// === impl Verifier ===

impl Verifier {
    /// `noted`: a head that was noted elsewhere and must be in the export.
    #[must_use]
    pub fn new(noted: Option<Head>) -> Self {
        Self { noted: Noted::new(noted), ..Self::default() }
    }

    /// Takes the next line; after a broken place the rest is only counted.
    ///
    /// # Errors
    /// The line is none of an export.
    pub fn line(&mut self, text: &str) -> Result<(), LineError> {
        self.lines = self.lines.saturating_add(1);
        if self.broken.is_some() {
            return Ok(());
        }
        let record = read(text).map_err(|source| LineError { line: self.lines, source })?;
        let before = Head { number: record.number.saturating_sub(1), hash: record.previous };
        let begin = if before.number == 0 { Head::default() } else { before };
        self.broken = self.noted.step(self.walk.get_or_insert_with(|| Walk::after(begin)), &record);
        Ok(())
    }

    /// What was found; `records` is the number of the last good record.
    #[must_use]
    pub fn finish(self) -> Report {
        self.noted.report(&self.walk.unwrap_or_default(), self.broken)
    }
}

fn read(text: &str) -> Result<Record, serde_json::Error> {
    let Line { previous_hash, hash, version: of_line, record } = serde_json::from_str(text)?;
    let Content { number, event, version, .. } = serde_json::from_str(record.get())?;
    if of_line.is_some_and(|of_line| of_line != version) {
        return Err(de::Error::custom("`version` is not that of the record"));
    }
    Ok(Record {
        number,
        occurred_at_us: event.timestamp_us(),
        event_id: event.event_id,
        event_type: event.event_type,
        user_id: event.metadata.user_id,
        previous: previous_hash,
        hash,
        body: record.get().to_owned(),
    })
}
