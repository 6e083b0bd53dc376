//! One POST through `wasi:http`, with bounds on its time and on what comes back. Redirects are not followed.

use bytes::Bytes;
use futures::future::{Either, select};
use http::{HeaderMap, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use std::pin::pin;
use wasip3::{
    clocks::monotonic_clock,
    http::{client, types::RequestOptions},
    http_compat::{RequestOptionsExtension, http_from_wasi_response, http_into_wasi_request},
};

pub use wasip3::http::types::ErrorCode;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// The header's text.
    pub retry_after: Option<String>,
    /// The status and the headers may be enough where this is not.
    pub body: Result<Vec<u8>, PostError>,
}

/// Why there is no reply, or not all of it.
#[derive(Debug)]
pub enum PostError {
    /// Not a request that can be sent.
    Request(String),
    Timeout,
    /// The body is longer than the caller takes.
    TooLarge,
    /// As the host says.
    Code(ErrorCode),
    Other(String),
}

/// Sends `body` with `headers` and its length, and reads at most `answer_bytes_max` of the reply's body, all
/// within `timeout_ns`.
///
/// # Errors
/// There is no reply.
pub async fn post(
    uri: &Uri,
    headers: HeaderMap,
    body: Vec<u8>,
    timeout_ns: u64,
    answer_bytes_max: usize,
) -> Result<Reply, PostError> {
    let exchange = pin!(exchange(uri, headers, body, timeout_ns, answer_bytes_max));
    let alarm = pin!(monotonic_clock::wait_for(timeout_ns));
    match select(exchange, alarm).await {
        Either::Left((reply, _)) => reply,
        Either::Right(_) => Err(PostError::Timeout),
    }
}

async fn exchange(
    uri: &Uri,
    headers: HeaderMap,
    body: Vec<u8>,
    timeout_ns: u64,
    answer_bytes_max: usize,
) -> Result<Reply, PostError> {
    // The host ends what takes too long as well, should this side not be woken.
    let options = RequestOptions::new();
    let _ = options.set_first_byte_timeout(Some(timeout_ns));
    let _ = options.set_between_bytes_timeout(Some(timeout_ns));
    let mut request = Request::post(uri)
        .header(header::CONTENT_LENGTH, body.len())
        .extension(RequestOptionsExtension(options))
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| PostError::Request(error.to_string()))?;
    request.headers_mut().extend(headers);
    let response = client::send(http_into_wasi_request(request)?).await?;
    let response = http_from_wasi_response(response)?;
    let status = response.status().as_u16();
    let retry_after =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // Read to its end, so that the connection can be used again.
    let body = match Limited::new(response.into_body(), answer_bytes_max).collect().await {
        Ok(body) => Ok(body.to_bytes().to_vec()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(PostError::TooLarge),
        Err(error) => Err(error
            .downcast::<ErrorCode>()
            .map_or_else(|error| PostError::Other(error.to_string()), |code| PostError::from(*code))),
    };
    Ok(Reply { status, retry_after, body })
}

impl From<ErrorCode> for PostError {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => Self::Timeout,
            other => Self::Code(other),
        }
    }
}
