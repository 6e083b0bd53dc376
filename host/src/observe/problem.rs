//! The host's own error answers: `application/problem+json` (RFC 9457).

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::json;

/// A problem that the host itself found, before or after the component's turn.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    /// The last part of the problem's type.
    pub kind: &'static str,
    pub detail: String,
    pub retry_after_s: Option<u64>,
    /// Others that its answer has.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), retry_after_s: None, headers: Vec::new() }
    }

    pub fn unavailable(detail: impl Into<String>, retry_after_s: u64) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail) }
    }

    /// With a header of its answer.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub fn response(&self, correlation_id: &HeaderValue) -> Response<Full<Bytes>> {
        let body = json!({
            "type": self.kind,
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "correlationId": correlation_id.to_str().unwrap_or_default(),
        });
        let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.headers_mut().extend(self.headers.iter().cloned());
        response
    }
}
