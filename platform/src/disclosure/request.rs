//! A request by POST, checked before it is written down.

use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderValue, Uri};

use super::{MODEL_CHARS_MAX, line};
use crate::broken_rule::BrokenRule;

/// Of a request: the longest text with its words around it, eight times over.
pub const BODY_BYTES_MAX: usize = 8 << 20;
/// Of an answer, whatever the caller takes.
pub const ANSWER_BYTES_MAX: usize = 8 << 20;
/// From the start to the last byte of the answer, whatever the caller waits: a model may think for minutes.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(300);
/// Of a request; a dozen are many.
const HEADERS_MAX: usize = 64;
/// About the connection, which is the provider's (RFC 9110, 7.6.1).
const OF_THE_CONNECTION: [HeaderName; 5] = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// What a component asks to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub model: Option<String>,
    pub timeout: Duration,
    pub answer_bytes_max: usize,
}

// === impl Request ===

impl Request {
    /// To an address with these headers; the other fields are set by the caller.
    ///
    /// # Errors
    /// The rule that one of them breaks.
    pub fn to(url: &str, headers: Vec<(String, Vec<u8>)>) -> Result<Self, BrokenRule> {
        let uri: Option<Uri> = url.parse().ok();
        let uri = uri
            .filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
            .ok_or_else(|| BrokenRule::new("url", "must be an http or https address"))?;
        if headers.len() > HEADERS_MAX {
            return Err(BrokenRule::new("headers", format!("there can be {HEADERS_MAX}")));
        }
        let mut map = HeaderMap::with_capacity(headers.len());
        for (name, value) in headers {
            let named = HeaderName::try_from(&name).map_err(|_| BrokenRule::new("headers", "a name is none"))?;
            if OF_THE_CONNECTION.contains(&named) {
                return Err(BrokenRule::new("headers", format!("`{named}` is the host's own")));
            }
            let value = HeaderValue::try_from(value)
                .map_err(|_| BrokenRule::new("headers", format!("the value of `{named}` cannot be sent")))?;
            map.append(named, value);
        }
        map.remove(HOST);
        map.remove(CONTENT_LENGTH);
        Ok(Self { uri, headers: map, body: Vec::new(), model: None, timeout: TIMEOUT_MAX, answer_bytes_max: 0 })
    }

    /// With a body and the model that reads it.
    ///
    /// # Errors
    /// The rule that one of them breaks.
    pub fn with(self, body: Vec<u8>, model: Option<String>) -> Result<Self, BrokenRule> {
        if body.len() > BODY_BYTES_MAX {
            return Err(BrokenRule::new("body", format!("can have {BODY_BYTES_MAX} bytes")));
        }
        model.as_deref().map_or(Ok(()), |model| line("model", model, MODEL_CHARS_MAX))?;
        Ok(Self { body, model, ..self })
    }

    /// With what the caller waits for and takes, within the bounds.
    #[must_use]
    pub fn within(self, timeout_ms: u32, answer_bytes_max: u32) -> Self {
        let timeout = Duration::from_millis(timeout_ms.into()).min(TIMEOUT_MAX);
        let answer_bytes_max = usize::try_from(answer_bytes_max).unwrap_or(ANSWER_BYTES_MAX).min(ANSWER_BYTES_MAX);
        Self { timeout, answer_bytes_max, ..self }
    }
}

/// Where an address leads, as the ledger has it: the host in small letters, and the port where it is not that of the scheme. Nothing of
/// a credential.
#[must_use]
pub fn host_of(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    match uri.port_u16() {
        Some(port) if port != usual => format!("{host}:{port}"),
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(url: &str, headers: &[(&str, &str)]) -> Result<Request, BrokenRule> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        Request::to(url, headers.iter().map(pair).collect())
    }

    #[test]
    fn a_host_is_named_without_credentials_and_with_a_port_that_is_not_the_usual_one() {
        for (url, host) in [
            ("https://API.Anthropic.com/v1/messages", "api.anthropic.com"),
            ("https://user:secret@example.org:443/", "example.org"),
            ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
            ("http://example.org:80/", "example.org"),
            ("https://[::1]:8443/", "[::1]:8443"),
        ] {
            assert_eq!(host_of(&url.parse().unwrap()), host, "{url}");
        }
    }

    #[test]
    fn an_address_and_headers_that_cannot_be_sent_are_named() {
        for url in ["", "example.org", "ftp://example.org/", "/path"] {
            assert_eq!(to(url, &[]).unwrap_err().field, "url", "{url}");
        }
        for headers in [[("a b", "c")], [("x-key", "a\r\nb")], [("Transfer-Encoding", "chunked")]] {
            assert_eq!(to("https://example.org/", &headers).unwrap_err().field, "headers", "{headers:?}");
        }
        let sent = to("https://example.org/", &[("host", "other"), ("Content-Length", "1"), ("x-key", "k")]).unwrap();
        assert_eq!(sent.headers.len(), 1);
    }

    #[test]
    fn bounds_hold_whatever_is_asked() {
        let sent = to("https://example.org/", &[]).unwrap();
        let bounded = sent.clone().within(u32::MAX, u32::MAX);
        assert_eq!((bounded.timeout, bounded.answer_bytes_max), (TIMEOUT_MAX, ANSWER_BYTES_MAX));
        let short = sent.clone().within(50, 7);
        assert_eq!((short.timeout, short.answer_bytes_max), (Duration::from_millis(50), 7));
        assert_eq!(sent.clone().with(vec![0; BODY_BYTES_MAX + 1], None).unwrap_err().field, "body");
        assert_eq!(sent.clone().with(Vec::new(), Some(String::new())).unwrap_err().field, "model");
        assert!(sent.with(b"{}".to_vec(), Some("claude-x".into())).is_ok());
    }
}
