//! A response before it goes on the wire.

use crate::call::ReachedLimit;
use crate::rate_limits;
use futures::stream::LocalBoxStream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

pub enum Body {
    Empty,
    Bytes(Vec<u8>),
    /// Pieces that come as they come, until the stream ends or the client goes away.
    Stream(LocalBoxStream<'static, Vec<u8>>),
}

pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
}

impl Response {
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Empty }
    }

    /// `value` as JSON. The content type is plain JSON until another is set.
    pub fn json(status: StatusCode, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => Self::new(status).header("content-type", "application/json; charset=utf-8").bytes(bytes),
            // Only a map with keys other than texts can fail, and there is none.
            Err(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    pub fn text(status: StatusCode, content_type: &'static str, text: impl Into<String>) -> Self {
        Self::new(status).header("content-type", content_type).bytes(text.into().into_bytes())
    }

    /// Sets a header; a value that is no header value (a line break in it) is left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Says how the client stands with a limit.
    #[must_use]
    pub fn standing(self, standing: &ReachedLimit) -> Self {
        let fields = rate_limits::fields(standing);
        fields.into_iter().fold(self, |response, (name, value)| response.header(name, value))
    }

    #[must_use]
    pub fn bytes(self, bytes: Vec<u8>) -> Self {
        Self { body: Body::Bytes(bytes), ..self }
    }

    #[must_use]
    pub fn stream(self, pieces: LocalBoxStream<'static, Vec<u8>>) -> Self {
        Self { body: Body::Stream(pieces), ..self }
    }

    /// As an answer to HEAD: everything but the body.
    #[must_use]
    pub fn without_body(self) -> Self {
        Self { body: Body::Empty, ..self }
    }
}
