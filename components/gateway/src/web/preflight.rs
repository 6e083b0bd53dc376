//! Cross-site request forgery: a browser lets any site send a `GET`, or a `POST` of a simple content type, with the user's cookies.
//! What only a script of an allowed origin can send distinguishes the two: an `Authorization`, a content type of which the browser
//! asks the server first, or a header of its own.

use super::{cors, media};
use crate::failure::{Failure, Kind};
use http::{HeaderMap, Method};

/// Any of these, with any value. The last two are what Apollo's clients send.
const PREFLIGHT_HEADERS: [&str; 5] =
    ["authorization", "x-requested-with", "graphql-preflight", "apollo-require-preflight", "x-apollo-operation-name"];

/// # Errors
/// 400 for a request that a foreign site could have made.
pub fn check(method: &Method, headers: &HeaderMap) -> Result<(), Failure> {
    let is_safe_method = matches!(*method, Method::GET | Method::HEAD | Method::POST);
    if is_safe_method
        && !has_type_to_ask_for(headers)
        && !PREFLIGHT_HEADERS.iter().any(|name| headers.contains_key(*name))
    {
        return Err(Failure::new(
            Kind::PreflightRequired,
            "This request could come from a foreign site (cross-site request forgery). Send the header \
             `GraphQL-Preflight: 1` (or `X-Requested-With`), an `Authorization`, or `Content-Type: application/json`.",
        ));
    }
    Ok(())
}

/// Whether a browser asks before it sends this content type to another site. Without one it may send what it likes. A browser
/// sends one line: of several, each has to be such a type.
fn has_type_to_ask_for(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all("content-type").iter().peekable();
    lines.peek().is_some() && lines.all(|line| line.to_str().is_ok_and(|line| !media::is_simple(line)))
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
        assert!(!checked(Method::GET, &[("content-type", "text/plain")]));
        assert!(!checked(Method::GET, &[("content-type", "")]));
        let mut two = HeaderMap::new();
        for line in ["application/json", "text/plain"] {
            two.append("content-type", line.parse().unwrap());
        }
        assert!(check(&Method::POST, &two).is_err());
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
        assert!(checked(Method::GET, &[("x-apollo-operation-name", "Dashboard")]));
        // urql's and Apollo's queries by GET.
        assert!(checked(Method::GET, &[("authorization", "Bearer t")]));
        assert!(checked(Method::GET, &[("content-type", "application/json")]));
        assert!(checked(Method::HEAD, &[("content-type", "application/graphql-response+json")]));
        assert!(checked(Method::POST, &[("content-type", "application/json")]));
    }
}
