//! An analysis by Claude: one call of the Messages API, or two when the first answer did not fit.

mod answer;
mod fence;
mod prompt;
mod request;
mod retry_after;
mod status;
mod transport;

use crate::{
    analysis::Analysis,
    entry::Entry,
    verdict::{Reason, Setback},
};
use answer::Answer;
use http::Uri;
use mindflow_guest::clock;
use transport::{Reply, TransportError};
use uuid::Uuid;

/// For all calls of one delivery: under the host's 120 s, with time left to write down what came.
pub const DELIVERY_BUDGET_MS: u32 = 110_000;
/// With less than this left a second call is not begun.
const CALL_MS_MIN: u32 = 50;
/// A wrong key, an unpaid bill or an address that the manifest does not allow is an operator's to mend:
/// nothing is lost meanwhile, and the mended setting takes effect within this.
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

/// What reading an entry with Claude came to.
pub async fn analyse(claude: &Claude, entry: &Entry) -> Result<Analysis, Setback> {
    let nonce = Uuid::new_v4().simple().to_string();
    converse(claude, entry, &nonce, clock::now_us, async |body, timeout_ms| {
        transport::post(&claude.endpoint, &claude.key, body, timeout_ms).await
    })
    .await
}

async fn converse(
    claude: &Claude,
    entry: &Entry,
    nonce: &str,
    now_us: impl Fn() -> i64,
    mut post: impl AsyncFnMut(Vec<u8>, u32) -> Result<Reply, TransportError>,
) -> Result<Analysis, Setback> {
    let begun = now_us();
    for max_tokens in [claude.max_tokens, claude.max_tokens.saturating_mul(2)] {
        let spent_ms = u32::try_from(now_us().saturating_sub(begun).max(0) / 1_000).unwrap_or(u32::MAX);
        let timeout_ms = claude.timeout_ms.min(DELIVERY_BUDGET_MS.saturating_sub(spent_ms));
        if timeout_ms < CALL_MS_MIN {
            return Err(Setback::attempt("no time is left for a second call of the API"));
        }
        let body = request::body(claude, max_tokens, entry, nonce).map_err(Setback::attempt)?;
        let reply = post(body, timeout_ms).await.map_err(unreached)?;
        if let Some(setback) = status::setback(reply.status, reply.retry_after.as_deref(), &reply.body, now_us()) {
            return Err(setback);
        }
        match answer::read(&reply.body, &claude.model) {
            Ok(Answer::Analysis(analysis)) => return Ok(analysis),
            Ok(Answer::Refusal) => {
                return Err(Setback::Final {
                    reason: Reason::Refused,
                    why: "the model declined to analyse the entry".into(),
                });
            }
            Ok(Answer::TooLong) => {
                return Err(Setback::Final {
                    reason: Reason::TooLarge,
                    why: "the entry does not fit into the model's context".into(),
                });
            }
            Ok(Answer::Cut) => {}
            Err(flaw) => return Err(Setback::attempt(flaw)),
        }
    }
    Err(Setback::attempt(format!("the answer did not fit into {} tokens", claude.max_tokens.saturating_mul(2))))
}

fn unreached(error: TransportError) -> Setback {
    match error {
        TransportError::Denied | TransportError::Key => {
            Setback::Deferred { why: error.to_string(), after_ms: OPERATOR_PAUSE_MS }
        }
        TransportError::Timeout(_) | TransportError::AnswerTooLarge | TransportError::Network(_) => {
            Setback::attempt(error)
        }
    }
}

#[cfg(test)]
mod tests;
