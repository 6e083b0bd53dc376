//! Cross-site request forgery: a browser lets any site send a `GET`, or a `POST` of a simple content type,
//! with the user's cookies. A header that only a script of an allowed origin can set distinguishes the two.

use super::{cors, header, media};
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

/// Refuses what a browser says comes from another site (Fetch Metadata, `Sec-Fetch-Site`), unless the operator lets that
/// origin in. For what acts on a cookie and takes no body, so that any site could send it.
///
/// # Errors
/// 403.
pub fn from_own_site(headers: &HeaderMap, origins: &[String]) -> Result<(), Failure> {
    let is_foreign = headers.get_all("sec-fetch-site").iter().any(|site| site.as_bytes() == b"cross-site");
    if is_foreign && !cors::is_allowed(headers, origins) {
        return Err(Failure::new(
            Kind::Forbidden,
            "This request comes from another site (`Sec-Fetch-Site: cross-site`). A page of another site may send it when \
             the platform's variable `cors_origins` names its origin.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_site_sends_is_refused_unless_its_origin_is_let_in() {
        let from = |site: Option<&str>, origin: &str, origins: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.extend(site.map(|site| (http::HeaderName::from_static("sec-fetch-site"), site.parse().unwrap())));
            headers.insert("origin", origin.parse().unwrap());
            let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
            from_own_site(&headers, &origins).map_err(|failure| failure.kind)
        };
        let page = "https://other.example";
        assert_eq!(from(Some("cross-site"), page, &[]), Err(Kind::Forbidden));
        assert_eq!(from(Some("cross-site"), page, &["https://app.example"]), Err(Kind::Forbidden));
        assert_eq!(from(Some("cross-site"), "https://app.example", &["https://app.example"]), Ok(()));
        // Clients that are no browsers send nothing.
        for site in [None, Some("same-origin"), Some("same-site"), Some("none")] {
            assert_eq!(from(site, page, &[]), Ok(()), "{site:?}");
        }
    }

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
