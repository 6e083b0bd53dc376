//! Cross-site request forgery: a browser lets any site send a `GET`, or a `POST` of a simple content type,
//! with the user's cookies. A header that only a script of an allowed origin can set distinguishes the two.

use super::{header, media};
use crate::failure::{Failure, Kind};
use http::{HeaderMap, Method};

/// Any of these, with any value. The third is what Apollo's clients send.
const PREFLIGHT_HEADERS: [&str; 3] = ["x-requested-with", "graphql-preflight", "apollo-require-preflight"];

/// # Errors
/// 400 for a request that a foreign site could have made.
pub fn check(method: &Method, headers: &HeaderMap) -> Result<(), Failure> {
    let content_type = header(headers, "content-type");
    let simple = match *method {
        Method::GET | Method::HEAD => true,
        // Without a content type a browser may send what it likes.
        Method::POST => content_type.is_none_or(media::is_simple),
        _ => false,
    };
    if simple && !PREFLIGHT_HEADERS.iter().any(|name| headers.contains_key(*name)) {
        return Err(Failure::new(
            Kind::PreflightRequired,
            "This request could come from a foreign site (cross-site request forgery). Send the header \
             `GraphQL-Preflight: 1` (or `X-Requested-With`), or a POST with `Content-Type: application/json`.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(method: Method, pairs: &[(&'static str, &str)]) -> bool {
        let headers =
            pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
        check(&method, &headers).is_ok()
    }

    #[test]
    fn a_get_or_a_simple_post_without_the_header_is_refused() {
        assert!(!checked(Method::GET, &[]));
        assert!(!checked(Method::POST, &[]));
        for simple in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "TEXT/plain;charset=UTF-8",
        ] {
            assert!(!checked(Method::POST, &[("content-type", simple)]), "{simple}");
        }
    }

    #[test]
    fn any_of_the_headers_or_a_json_body_lets_it_through() {
        assert!(checked(Method::GET, &[("x-requested-with", "XMLHttpRequest")]));
        assert!(checked(Method::GET, &[("graphql-preflight", "1")]));
        assert!(checked(Method::GET, &[("apollo-require-preflight", "true")]));
        assert!(checked(Method::POST, &[("content-type", "application/json")]));
    }
}
