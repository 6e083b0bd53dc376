//! What AI says about entries.

use crate::{decode::OUT_OF_RANGE, value::Time};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::ops::Not;
use uuid::Uuid;

/// `AIInsightsGenerated`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Insights {
    #[serde(rename = "journalId")]
    pub entry_id: Uuid,
    pub user_id: Uuid,
    /// The state of the entry that was analysed: the sequence of its event.
    pub entry_sequence: u64,
    /// -1 to 1; `None` when the analyser does not support this language, or there was no text to read.
    #[serde(default, deserialize_with = "sentiment")]
    pub sentiment: Option<f64>,
    pub themes: Vec<String>,
    pub insights: Vec<Insight>,
    /// What made the analysis; `none` of an entry without text, which has no themes and no insights either.
    pub model: String,
    pub completed_at: Time,
    /// Whether that state of the entry was private.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub private: bool,
}

/// The kinds of insights that there are now. The schema's descriptions name them.
pub const INSIGHT_KINDS: [&str; 4] = ["pattern", "encouragement", "suggestion", "observation"];

/// A remark to the writer of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insight {
    pub id: String,
    pub text: String,
    /// Such as `pattern`. A word, so that a kind of a later version does not spoil the event.
    pub kind: String,
    /// What it rests on. Insights of earlier releases have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<Quote>,
}

/// A passage of the entry's content, word for word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub text: String,
    /// Where it begins in the content, in UTF-16 code units: as JavaScript counts, where most clients are written.
    pub start: u32,
    /// Where it ends, exclusive.
    pub end: u32,
}

/// `AIAnalysisFailed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisFailed {
    #[serde(rename = "journalId")]
    pub entry_id: Uuid,
    pub user_id: Uuid,
    pub entry_sequence: u64,
    pub reason: FailureReason,
    /// Whether that state of the entry was private.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub private: bool,
}

/// Why there will be no analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The model declined to read this entry.
    Refused,
    /// The API does not take the request as it is.
    InvalidRequest,
    /// The API does not know the model (or the address).
    NotFound,
    /// The entry does not fit into a request.
    TooLarge,
    /// Every attempt failed. The only one that is not final: the event waits in the dead letters.
    Unavailable,
    /// A word of a later version.
    #[serde(other, skip_serializing)]
    Other,
}

impl FailureReason {
    /// As events, logs and the database spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::InvalidRequest => "invalid_request",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::Other => "other",
        }
    }
}

fn sentiment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let sentiment = Option::<f64>::deserialize(deserializer)?;
    if sentiment.is_some_and(|sentiment| !(-1.0..=1.0).contains(&sentiment)) {
        return Err(D::Error::custom(OUT_OF_RANGE));
    }
    Ok(sentiment)
}
