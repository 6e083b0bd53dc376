//! An analysis by Claude: one call of the Messages API, or two when the first answer did not fit.

mod answer;
mod fence;
mod prompt;
mod request;
mod retry_after;
mod status;
mod transport;

use crate::{analysis::Analysis, decision::AnalysisFailure, entry::Entry, sharing};
use answer::Answer;
use http::Uri;
use mindflow_events::FailureReason;
use mindflow_guest::{clock, failure::DEFERRAL_MS, id};
use transport::{Reply, TransportError};

/// For all calls of one delivery: below the host's limit, with time left to store the result.
pub const DELIVERY_BUDGET_MS: u32 = 110_000;
/// With less than this left a second call is not begun.
const CALL_MS_MIN: u32 = 50;
/// How long an event waits after an error that only an operator can fix: a wrong key, an unpaid bill, an address that
/// the manifest does not allow. Nothing is lost meanwhile.
const OPERATOR_PAUSE_MS: u32 = 60_000;

/// How to reach the API and what to ask of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Claude {
    /// Never logged: the type has no `Debug`.
    pub key: String,
    pub endpoint: Uri,
    pub model: String,
    pub max_tokens: u32,
    /// For one call, from its start to the last byte of the answer.
    pub timeout_ms: u32,
}

/// Analyses an entry with Claude.
pub async fn analyse(claude: &Claude, entry: &Entry) -> Result<Analysis, AnalysisFailure> {
    let nonce = id::random().simple().to_string();
    converse(claude, entry, &nonce, clock::now_us, async |body, timeout_ms| {
        // Before each call: the one before may have taken a minute.
        match sharing::may_leave(entry).await {
            Ok(true) => {}
            Ok(false) => return Err(TransportError::Withheld),
            Err(error) => return Err(TransportError::Unknown(format!("{error:?}"))),
        }
        transport::post(claude, entry, body, timeout_ms).await
    })
    .await
}

async fn converse(
    claude: &Claude,
    entry: &Entry,
    nonce: &str,
    now_us: impl Fn() -> i64,
    mut post: impl AsyncFnMut(Vec<u8>, u32) -> Result<Reply, TransportError>,
) -> Result<Analysis, AnalysisFailure> {
    let begun = now_us();
    for max_tokens in [claude.max_tokens, claude.max_tokens.saturating_mul(2)] {
        let spent_ms = u32::try_from(now_us().saturating_sub(begun).max(0) / 1_000).unwrap_or(u32::MAX);
        let timeout_ms = claude.timeout_ms.min(DELIVERY_BUDGET_MS.saturating_sub(spent_ms));
        if timeout_ms < CALL_MS_MIN {
            return Err(AnalysisFailure::attempt("no time is left for a second call of the API"));
        }
        let body = request::body(claude, max_tokens, entry, nonce).map_err(AnalysisFailure::attempt)?;
        let reply = post(body, timeout_ms).await.map_err(unreached)?;
        if let Some(failure) = status::failure(reply.status, reply.retry_after.as_deref(), &reply.body, now_us()) {
            return Err(failure);
        }
        match answer::read(&reply.body, &claude.model, &entry.content) {
            Ok(Answer::Analysis(analysis)) => return Ok(analysis),
            Ok(Answer::Refusal) => {
                return Err(AnalysisFailure::Final {
                    reason: FailureReason::Refused,
                    why: "the model declined to analyse the entry".into(),
                });
            }
            Ok(Answer::TooLong) => {
                return Err(AnalysisFailure::Final {
                    reason: FailureReason::TooLarge,
                    why: "the entry does not fit into the model's context".into(),
                });
            }
            Ok(Answer::Cut) => {}
            Err(flaw) => return Err(AnalysisFailure::attempt(flaw)),
        }
    }
    Err(AnalysisFailure::attempt(format!("the answer did not fit into {} tokens", claude.max_tokens.saturating_mul(2))))
}

fn unreached(error: TransportError) -> AnalysisFailure {
    match error {
        // The event comes again, and the entry is read here then.
        TransportError::Withheld => AnalysisFailure::Deferred { why: error.to_string(), after_ms: 0 },
        TransportError::Unknown(_) | TransportError::Unrecorded(_) => {
            AnalysisFailure::Deferred { why: error.to_string(), after_ms: DEFERRAL_MS }
        }
        TransportError::Denied | TransportError::Key => {
            AnalysisFailure::Deferred { why: error.to_string(), after_ms: OPERATOR_PAUSE_MS }
        }
        TransportError::Timeout(_) | TransportError::AnswerTooLarge | TransportError::Network(_) => {
            AnalysisFailure::attempt(error)
        }
    }
}

#[cfg(test)]
mod tests;
