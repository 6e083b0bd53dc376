//! Cross-origin requests (the Fetch standard's CORS protocol), for the origins that the operator names and no others.

use super::{Response, header};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

const METHODS: &str = "GET, HEAD, POST, PATCH, DELETE, OPTIONS";
const REQUEST_HEADERS: &str = "accept, authorization, content-type, if-match, if-modified-since, if-none-match, \
    range, if-range, last-event-id, graphql-preflight, x-requested-with, apollo-require-preflight, x-apollo-operation-name, \
    apollographql-client-name, apollographql-client-version, x-correlation-id, traceparent, tracestate, baggage";
const RESPONSE_HEADERS: &str = "etag, last-modified, location, accept-ranges, content-range, retry-after, ratelimit, ratelimit-policy, www-authenticate, x-correlation-id";
/// Chromium caps it at two hours; ten minutes lets a change of settings take hold.
const MAX_AGE_S: &str = "600";

/// The request's origin when it is allowed.
fn allowed<'a>(headers: &'a HeaderMap, origins: &[String]) -> Option<&'a HeaderValue> {
    let origin = headers.get("origin")?;
    origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then_some(origin)
}

/// Whether the request names an origin that is allowed.
pub fn is_allowed(headers: &HeaderMap, origins: &[String]) -> bool {
    allowed(headers, origins).is_some()
}

/// The origins of a setting, a comma-separated list such as `http://localhost:4200`.
pub fn origins(list: &str) -> Vec<String> {
    let each = list.split(',').map(|origin| origin.trim().trim_end_matches('/').to_owned());
    each.filter(|origin| !origin.is_empty()).collect()
}

/// Whether it is a browser asking first.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && headers.contains_key("origin")
        && header(headers, "access-control-request-method").is_some()
}

/// The answer to a browser that asks first; `decorate` adds the origin.
pub fn preflight() -> Response {
    Response::new(StatusCode::NO_CONTENT)
        .header("access-control-allow-methods", METHODS)
        .header("access-control-allow-headers", REQUEST_HEADERS)
        .header("access-control-max-age", MAX_AGE_S)
}

/// Lets the allowed origin read the answer, with credentials (the refresh cookie).
pub fn decorate(request_headers: &HeaderMap, origins: &[String], response: &mut Response) {
    if origins.is_empty() {
        return;
    }
    response.headers.append("vary", HeaderValue::from_static("origin"));
    if let Some(origin) = allowed(request_headers, origins) {
        response.headers.insert("access-control-allow-origin", origin.clone());
        response.headers.insert("access-control-allow-credentials", HeaderValue::from_static("true"));
        response.headers.insert("access-control-expose-headers", HeaderValue::from_static(RESPONSE_HEADERS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(origin: &str, allowed: &[&str]) -> Response {
        let request = http::Request::builder().header("origin", origin).body(()).unwrap();
        let allowed: Vec<_> = allowed.iter().map(|origin| (*origin).to_owned()).collect();
        let mut response = Response::new(StatusCode::OK);
        decorate(request.headers(), &allowed, &mut response);
        response
    }

    #[test]
    fn a_list_of_origins_may_have_spaces_and_slashes() {
        assert_eq!(origins("http://a.example/, https://b.example,"), ["http://a.example", "https://b.example"]);
        assert!(origins("").is_empty());
    }

    #[test]
    fn an_allowed_origin_is_echoed_with_credentials() {
        let response = answer("http://localhost:4200", &["http://localhost:4200"]);
        assert_eq!(response.headers["access-control-allow-origin"], "http://localhost:4200");
        assert_eq!(response.headers["access-control-allow-credentials"], "true");
        assert_eq!(response.headers["vary"], "origin");
    }

    #[test]
    fn a_browser_that_asks_first_may_send_what_clients_of_graphql_and_tracing_send() {
        let answer = preflight();
        let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap();
        let allowed: Vec<&str> = allowed.split(',').map(str::trim).collect();
        for name in [
            "authorization",
            "content-type",
            "apollographql-client-name",
            "apollographql-client-version",
            "apollo-require-preflight",
            "tracestate",
            "traceparent",
            "baggage",
            "last-event-id",
        ] {
            assert!(allowed.contains(&name), "{name} is not among {allowed:?}");
        }
    }

    #[test]
    fn another_origin_gets_nothing_but_the_vary() {
        let response = answer("https://evil.example", &["http://localhost:4200"]);
        assert!(!response.headers.contains_key("access-control-allow-origin"));
        assert!(response.headers.contains_key("vary"));
        assert!(answer("https://evil.example", &[]).headers.is_empty());
    }
}
