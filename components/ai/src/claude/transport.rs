//! One POST to the Messages API, with bounds on its time and on what comes back. The host writes it into the user's ledger before.

use super::Claude;
use crate::entry::Entry;
use http::{HeaderMap, HeaderValue, header};
use mindflow_guest::{
    disclosed::{self, Error, Post},
    disclosure::{Document, Owner, Subject},
};

/// Of the protocol, not of a model: <https://platform.claude.com/docs/en/api/versioning>.
const ANTHROPIC_VERSION: &str = "2023-06-01";
/// An answer of 64,000 tokens is about this long; ours are a hundredth of it.
const ANSWER_BYTES_MAX: u32 = 256 * 1024;
/// What an entry is sent for, as the ledger names it.
const PURPOSE: &str = "analysis";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Vec<u8>,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    #[error("the entry may no longer leave the platform")]
    Withheld,
    #[error("whether the entry may leave the platform cannot be known now: {0}")]
    Unknown(String),
    #[error("the request cannot be written down now, so it was not sent: {0}")]
    Unrecorded(String),
    #[error("claude_url is not among the component's allowed_outbound_hosts")]
    Denied,
    #[error("ANTHROPIC_API_KEY holds characters that cannot be sent")]
    Key,
    #[error("the Messages API did not answer within {0} ms")]
    Timeout(u32),
    #[error("the Messages API's answer is longer than {ANSWER_BYTES_MAX} bytes")]
    AnswerTooLarge,
    #[error("the Messages API cannot be reached: {0}")]
    Network(String),
}

/// Sends the JSON and reads the whole reply, all within the timeout.
pub async fn post(claude: &Claude, entry: &Entry, body: Vec<u8>, timeout_ms: u32) -> Result<Reply, TransportError> {
    let mut key = HeaderValue::from_str(&claude.key).map_err(|_| TransportError::Key)?;
    key.set_sensitive(true);
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", key);
    headers.insert("anthropic-version", HeaderValue::from_static(ANTHROPIC_VERSION));
    headers.insert(header::CONTENT_TYPE, json.clone());
    headers.insert(header::ACCEPT, json);
    let (uri, model) = (&claude.endpoint, Some(claude.model.as_str()));
    let post = Post { uri, headers, body, model, timeout_ms, answer_bytes_max: ANSWER_BYTES_MAX };
    let failed = |error| failure(error, timeout_ms);
    let reply = disclosed::post(subject(entry), post).await.map_err(failed)?;
    let body = match reply.body {
        Ok(body) => body,
        // The status says enough when the words that explain it are broken off.
        Err(_) if !(200..300).contains(&reply.status) => Vec::new(),
        Err(error) => return Err(failed(error)),
    };
    Ok(Reply { status: reply.status, retry_after: reply.retry_after, body })
}

/// Whose text it is, and of which state of the entry.
fn subject(entry: &Entry) -> Subject {
    Subject {
        owner: Owner::User(entry.user_id.to_string()),
        document: Some(Document { id: entry.id.to_string(), version: u64::from(entry.version) }),
        purpose: PURPOSE.to_owned(),
    }
}

fn failure(error: Error, timeout_ms: u32) -> TransportError {
    match error {
        Error::Timeout => TransportError::Timeout(timeout_ms),
        Error::TooLarge => TransportError::AnswerTooLarge,
        Error::Prohibited(_) => TransportError::Denied,
        Error::Unrecorded(reason) => TransportError::Unrecorded(reason),
        Error::Invalid(reason) | Error::Unreachable(reason) => TransportError::Network(reason),
        Error::Busy => TransportError::Network("too many requests to it are under way".to_owned()),
    }
}
