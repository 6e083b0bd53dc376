//! One POST through `wasi:http`, with bounds on its time and on what comes back.

use bytes::Bytes;
use futures::future::{Either, select};
use http::{HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use std::pin::pin;
use wasip3::{
    clocks::monotonic_clock,
    http::{
        client,
        types::{ErrorCode, RequestOptions},
    },
    http_compat::{RequestOptionsExtension, http_from_wasi_response, http_into_wasi_request},
};

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
    let timeout_ns = u64::from(timeout_ms).saturating_mul(NS_PER_MS);
    let exchange = pin!(exchange(endpoint, key, body, timeout_ns));
    let alarm = pin!(monotonic_clock::wait_for(timeout_ns));
    match select(exchange, alarm).await {
        Either::Left((Err(ErrorOf::Timeout), _)) | Either::Right(_) => Err(TransportError::Timeout(timeout_ms)),
        Either::Left((Err(ErrorOf::Other(error)), _)) => Err(error),
        Either::Left((Ok(reply), _)) => Ok(reply),
    }
}

enum ErrorOf {
    Timeout,
    Other(TransportError),
}

async fn exchange(endpoint: &Uri, key: &str, body: Vec<u8>, timeout_ns: u64) -> Result<Reply, ErrorOf> {
    let mut key = HeaderValue::from_str(key).map_err(|_| ErrorOf::Other(TransportError::Key))?;
    key.set_sensitive(true);
    // The host ends what takes too long as well, should this side not be woken.
    let options = RequestOptions::new();
    let _ = options.set_first_byte_timeout(Some(timeout_ns));
    let _ = options.set_between_bytes_timeout(Some(timeout_ns));
    let request = Request::post(endpoint)
        .header("x-api-key", key)
        .header("anthropic-version", ANTHROPIC_VERSION)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_LENGTH, body.len())
        .extension(RequestOptionsExtension(options))
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| ErrorOf::Other(TransportError::Network(error.to_string())))?;
    let response = client::send(http_into_wasi_request(request).map_err(failed)?).await.map_err(failed)?;
    let response = http_from_wasi_response(response).map_err(failed)?;
    let status = response.status();
    let retry_after =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = match Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        // The status says enough when the words that explain it are broken off.
        Err(_) if !status.is_success() => Vec::new(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(ErrorOf::Other(TransportError::AnswerTooLarge));
        }
        Err(error) => {
            return Err(error.downcast::<ErrorCode>().map_or_else(
                |error| ErrorOf::Other(TransportError::Network(error.to_string())),
                |code| failed(*code),
            ));
        }
    };
    Ok(Reply { status: status.as_u16(), retry_after, body })
}

fn failed(code: ErrorCode) -> ErrorOf {
    match code {
        ErrorCode::HttpRequestDenied => ErrorOf::Other(TransportError::Denied),
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::HttpResponseTimeout => ErrorOf::Timeout,
        other => ErrorOf::Other(TransportError::Network(format!("{other:?}"))),
    }
}
