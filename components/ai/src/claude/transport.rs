//! One POST to the Messages API, with bounds on its time and on what comes back.

use http::{HeaderMap, HeaderValue, Uri, header};
use mindflow_guest::http::{self as outbound, ErrorCode, PostError};

/// Of the protocol, not of a model: <https://platform.claude.com/docs/en/api/versioning>.
const ANTHROPIC_VERSION: &str = "2023-06-01";
/// An answer of 64,000 tokens is about this long; ours are a hundredth of it.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
const NS_PER_MS: u64 = 1_000_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Vec<u8>,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
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
pub async fn post(endpoint: &Uri, key: &str, body: Vec<u8>, timeout_ms: u32) -> Result<Reply, TransportError> {
    let mut key = HeaderValue::from_str(key).map_err(|_| TransportError::Key)?;
    key.set_sensitive(true);
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::new();
    headers.insert("x-api-key", key);
    headers.insert("anthropic-version", HeaderValue::from_static(ANTHROPIC_VERSION));
    headers.insert(header::CONTENT_TYPE, json.clone());
    headers.insert(header::ACCEPT, json);
    let timeout_ns = u64::from(timeout_ms).saturating_mul(NS_PER_MS);
    let failed = |error| failure(error, timeout_ms);
    let reply = outbound::post(endpoint, headers, body, timeout_ns, ANSWER_BYTES_MAX).await.map_err(failed)?;
    let body = match reply.body {
        Ok(body) => body,
        // The status says enough when the words that explain it are broken off.
        Err(_) if !(200..300).contains(&reply.status) => Vec::new(),
        Err(error) => return Err(failed(error)),
    };
    Ok(Reply { status: reply.status, retry_after: reply.retry_after, body })
}

fn failure(error: PostError, timeout_ms: u32) -> TransportError {
    match error {
        PostError::Timeout => TransportError::Timeout(timeout_ms),
        PostError::TooLarge => TransportError::AnswerTooLarge,
        PostError::Code(ErrorCode::HttpRequestDenied) => TransportError::Denied,
        PostError::Code(other) => TransportError::Network(format!("{other:?}")),
        PostError::Request(reason) | PostError::Other(reason) => TransportError::Network(reason),
    }
}
