//! Why a job failed, for programs: clients say it in the language of their user. `error` of a job is the same as an English sentence.

use crate::report::kept_text;
use mindflow_formats::zip::BadArchive;
use serde::{Deserialize, Serialize};

/// As the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub reason: Reason,
    /// Of the upload: those that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// How many files, bytes, or entries and moods of a day there can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
}

/// A name never gets another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    GaveUp,
    UploadGone,
    DayFull,
    NoArchive,
    NoJournal,
    TooManyFiles,
    LongDirectory,
    ClimbsOut,
    Overlaps,
    Bomb,
    TooLarge,
    Encrypted,
    Packing,
    Damaged,
}

// === impl Failure ===

impl Failure {
    pub fn of(reason: Reason) -> Self {
        Self { reason, files: Vec::new(), max: None }
    }

    #[must_use]
    pub fn with_max(self, max: u64) -> Self {
        Self { max: Some(max), ..self }
    }

    fn about<const FILES: usize>(self, files: [&str; FILES]) -> Self {
        Self { files: files.map(kept_text).into(), ..self }
    }
}

/// Of an upload that cannot be opened.
impl From<&BadArchive> for Failure {
    fn from(error: &BadArchive) -> Self {
        match error {
            // What the store says is no failure of the upload's.
            BadArchive::Store(_) => Self::of(Reason::GaveUp),
            BadArchive::NoArchive(_) => Self::of(Reason::NoArchive),
            BadArchive::TooManyFiles(max) => Self::of(Reason::TooManyFiles).with_max(*max as u64),
            BadArchive::LongDirectory(max) => Self::of(Reason::LongDirectory).with_max(*max),
            BadArchive::ClimbsOut(file) => Self::of(Reason::ClimbsOut).about([file]),
            BadArchive::Overlaps(first, second) => Self::of(Reason::Overlaps).about([first, second]),
            BadArchive::Bomb(file) => Self::of(Reason::Bomb).about([file]),
            BadArchive::TooLarge { file, max } => Self::of(Reason::TooLarge).about([file]).with_max(*max),
            BadArchive::Encrypted(file) => Self::of(Reason::Encrypted).about([file]),
            BadArchive::Packing(file) => Self::of(Reason::Packing).about([file]),
            BadArchive::Damaged(file) => Self::of(Reason::Damaged).about([file]),
            // The file that is missing is the one that would say what the archive is.
            BadArchive::Missing(_) => Self::of(Reason::NoJournal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failure_is_kept_with_the_names_and_numbers_that_it_is_about() {
        let two = BadArchive::Overlaps("a.json".to_owned(), "b.json".to_owned());
        for (failure, kept) in [
            (Failure::from(&two), json!({ "reason": "OVERLAPS", "files": ["a.json", "b.json"] })),
            (Failure::from(&BadArchive::TooManyFiles(7)), json!({ "reason": "TOO_MANY_FILES", "max": 7 })),
            (Failure::of(Reason::DayFull).with_max(20), json!({ "reason": "DAY_FULL", "max": 20 })),
            (Failure::of(Reason::GaveUp), json!({ "reason": "GAVE_UP" })),
        ] {
            assert_eq!(json!(failure), kept);
            assert_eq!(serde_json::from_value::<Failure>(kept).unwrap(), failure);
        }
        assert!(serde_json::from_value::<Failure>(json!({ "reason": "OF_A_LATER_RELEASE" })).is_err());
    }
}
