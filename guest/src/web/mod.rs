//! HTTP for components that serve clients: the heads of requests, and responses. Only `wire` depends on WASI, so that
//! everything else runs and is tested natively.

pub mod bearer;
pub mod coding;
pub mod conditional;
pub mod correlation;
pub mod cors;
pub mod failure;
pub mod problem;
pub mod query;
pub mod response;
pub mod wire;

pub use bearer::Presented;
pub use response::{Body, Response};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::borrow::Cow;

/// No answer may be sniffed, framed or sent as a referrer.
const SECURITY_HEADERS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
];

/// Completes every answer: no body for HEAD, CORS and security headers, and the correlation id.
pub fn finish(
    mut response: Response,
    method: &Method,
    request_headers: &HeaderMap,
    origins: &[String],
    correlation_id: String,
) -> Response {
    if method == Method::HEAD {
        response = response.without_body();
    }
    cors::decorate(request_headers, origins, &mut response);
    // What has a header of its own, such as the policy of a page, keeps it.
    for (name, value) in SECURITY_HEADERS {
        response.headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response.header(correlation::HEADER, correlation_id)
}

/// The header's text; `None` when it is absent or not visible ASCII. Of a header that is there once: lists are read by [`list`].
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A header that is a list. On several lines it is one list (RFC 9110 §5.3). `None` when it is absent; a line that is not visible
/// ASCII has no elements.
pub fn list<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let mut lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
    let first = lines.next()?;
    Some(lines.fold(Cow::Borrowed(first), |list, line| Cow::Owned(format!("{list}, {line}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_on_several_lines_is_one_list() {
        let mut headers = HeaderMap::new();
        assert_eq!(list(&headers, "accept"), None);
        headers.append("accept", HeaderValue::from_static("text/html, */*;q=0.1"));
        assert!(matches!(list(&headers, "accept"), Some(Cow::Borrowed("text/html, */*;q=0.1"))));
        headers.append("accept", HeaderValue::from_bytes(b"\xff").unwrap());
        headers.append("accept", HeaderValue::from_static("application/json"));
        assert_eq!(list(&headers, "accept").unwrap(), "text/html, */*;q=0.1, , application/json");
    }
}
