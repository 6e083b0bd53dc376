//! Cross-site request forgery: a browser lets any site send a `GET`, or a `POST` of a simple content type, with the user's cookies.
//! What only a script of an allowed origin can send distinguishes the two: an `Authorization`, a content type of which the browser
//! asks the server first, or a header of its own.

use super::{cors, media};
use crate::failure::{Failure, Kind};
use http::{HeaderMap, HeaderValue, Method};
use mindflow_guest::rules::Rule;

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
        let text = "This request could come from a foreign site (cross-site request forgery). Send the header \
                    `GraphQL-Preflight: 1` (or `X-Requested-With`), an `Authorization`, or `Content-Type: application/json`.";
        return Err(Failure::broken(Kind::PreflightRequired, "graphql-preflight", Rule::Required, text));
    }
    Ok(())
}

/// Whether a browser asks before it sends this content type to another site. Without one it may send what it likes. A browser
/// sends one line: of several, each has to be such a type.
fn has_type_to_ask_for(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all("content-type").iter().peekable();
    lines.peek().is_some() && lines.all(|line| line.to_str().is_ok_and(|line| !media::is_simple(line)))
}

/// Refuses what a browser says comes from another origin (Fetch Metadata, `Sec-Fetch-Site`; `Origin`), unless the operator lets
/// that origin in. For what acts on a cookie and takes no body, so that any page could send it. Browsers that do not know
/// `Sec-Fetch-Site` send `Origin` with each POST; other programs send neither.
///
/// # Errors
/// 403.
pub fn from_own_origin(headers: &HeaderMap, origins: &[String]) -> Result<(), Failure> {
    let sites: Vec<&[u8]> = headers.get_all("sec-fetch-site").iter().map(HeaderValue::as_bytes).collect();
    // A page cannot change it, and a proxy may have changed Host.
    let is_said_own = !sites.is_empty() && sites.iter().all(|site| matches!(*site, b"same-origin" | b"none"));
    let may_be_own = !sites.contains(&b"cross-site".as_slice());
    let is_own = is_said_own || (may_be_own && headers.get("origin").is_none_or(|origin| is_of_host(origin, headers)));
    if is_own || cors::is_allowed(headers, origins) {
        return Ok(());
    }
    Err(Failure::new(
        Kind::Forbidden,
        "This request comes from another origin (`Origin`, `Sec-Fetch-Site`). A page of another origin may send it when the \
         platform's variable `cors_origins` names that origin.",
    ))
}

/// Whether it is the origin of the host that the request is for. What came by TLS before a proxy may come without it here.
fn is_of_host(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_ascii_lowercase);
    let (origin, host) = (text(origin), headers.get("host").and_then(text));
    origin
        .as_deref()
        .and_then(|origin| origin.split_once("://"))
        .is_some_and(|(_, named)| host.as_deref() == Some(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_origin_sends_is_refused_unless_it_is_let_in() {
        let from = |site: Option<&str>, origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert("host", "Journal.example:8443".parse().unwrap());
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                headers.extend(value.map(|value| (http::HeaderName::from_static(name), value.parse().unwrap())));
            }
            from_own_origin(&headers, &["https://app.example".to_owned()]).map_err(|failure| failure.kind)
        };
        let (own, let_in, other) = ("https://journal.example:8443", "https://app.example", "https://other.example");
        for site in [None, Some("same-site"), Some("cross-site")] {
            assert_eq!(from(site, Some(let_in)), Ok(()), "{site:?}");
            for foreign in [other, "https://journal.example", "null", "https://other.example/journal.example:8443", ""]
            {
                assert_eq!(from(site, Some(foreign)), Err(Kind::Forbidden), "{site:?} {foreign}");
            }
        }
        assert_eq!((from(None, Some(own)), from(Some("same-site"), Some(own))), (Ok(()), Ok(())));
        assert_eq!(from(Some("cross-site"), None), Err(Kind::Forbidden));
        // A browser without Fetch Metadata sends an origin, and a client that is none sends nothing.
        assert_eq!(from(None, None), Ok(()));
        // A page without a referrer has the origin `null`; a proxy before the host may have changed Host.
        for site in ["same-origin", "none"] {
            assert_eq!((from(Some(site), Some("null")), from(Some(site), Some(other))), (Ok(()), Ok(())), "{site}");
        }
        let mut two = HeaderMap::new();
        for site in ["same-origin", "cross-site"] {
            two.append("sec-fetch-site", site.parse().unwrap());
        }
        assert!(from_own_origin(&two, &[]).is_err());
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
