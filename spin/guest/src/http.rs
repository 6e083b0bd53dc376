//! The adapter's own requests by outbound HTTP, with bounds on their time and on what comes back. Redirects are not followed,
//! and no text of a failure has the address, which may hold a credential.

use std::time::Duration;

use crate::time;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, RequestOptions};
use wasip3::http_compat::{
    IncomingResponseBody, RequestOptionsExtension, http_from_wasi_response, http_into_wasi_request,
};

/// Until a connection stands, as the host's clients have it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Of a body that comes in pieces, between two of them.
const PIECE_TIMEOUT: Duration = Duration::from_secs(20);

/// A whole answer.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Why there is no answer, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("no answer in time")]
    Late,
    /// More bytes than the caller takes.
    #[error("the answer is too large")]
    TooLarge,
    /// Nothing was sent.
    #[error("{0}")]
    Prohibited(String),
    #[error("{0}")]
    Broken(String),
}

/// Sends a request and reads at most `bytes_max` of its answer, all within `limit`.
///
/// # Errors
/// There is no answer, or not all of it.
pub async fn exchange(request: Request<Bytes>, limit: Duration, bytes_max: usize) -> Result<Answer, Failure> {
    let exchanged = async {
        let (parts, body) = send(request, limit).await?.into_parts();
        let body = match Limited::new(body, bytes_max).collect().await {
            Ok(body) => body.to_bytes().to_vec(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Failure::TooLarge),
            Err(error) => return Err(Failure::Broken(error.to_string())),
        };
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    };
    time::within(limit, exchanged).await.unwrap_or(Err(Failure::Late))
}

/// Sends a request whose answer is read in pieces; its head comes within `limit`.
///
/// # Errors
/// There is no answer.
pub async fn send(mut request: Request<Bytes>, limit: Duration) -> Result<Response<IncomingResponseBody>, Failure> {
    // Without it the body would go out in chunks, which not every server takes.
    let length = request.body().len();
    request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    request.extensions_mut().insert(RequestOptionsExtension(options(limit)));
    let sent = async {
        let response = client::send(http_into_wasi_request(request.map(Full::new))?).await?;
        http_from_wasi_response(response)
    };
    Ok(time::within(limit, sent).await.unwrap_or(Err(ErrorCode::ConnectionReadTimeout))?)
}

/// The host ends what takes too long as well, should this side not be woken.
fn options(limit: Duration) -> RequestOptions {
    let nanoseconds = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(Some(nanoseconds(CONNECT_TIMEOUT.min(limit))));
    let _ = options.set_first_byte_timeout(Some(nanoseconds(limit)));
    let _ = options.set_between_bytes_timeout(Some(nanoseconds(PIECE_TIMEOUT)));
    options
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => Self::Late,
            ErrorCode::HttpRequestDenied => {
                Self::Prohibited("the address is not among the component's `allowed_outbound_hosts`".to_owned())
            }
            ErrorCode::DestinationIpProhibited => Self::Prohibited("the address is on a blocked network".to_owned()),
            ErrorCode::InternalError(Some(text)) => Self::Broken(text),
            other => Self::Broken(format!("{other:?}")),
        }
    }
}
