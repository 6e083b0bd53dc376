//! The answers before the client is built: a page that says so and reloads as the client when that is ready, and redirects to the pages of
//! links in mails, which need no client.

use crate::asked::{check_method, is_navigation, nothing};
use http::StatusCode;
use http::request::Parts;
use mindflow_guest::web::Response;
use mindflow_guest::web::failure::Failure;

const PAGE: &str = include_str!("unbuilt.html");

/// Paths of the client to which links in mails lead; the token follows. Below `/auth` the gateway has pages for them.
const LINKS: [&str; 3] = ["/confirm-email/", "/confirm-email-change/", "/reset-password/"];

/// # Errors
/// 404 for what is no page.
pub fn answer(head: &Parts) -> Result<Response, Failure> {
    let path = head.uri.path();
    if path != "/" && !is_navigation(head) {
        return Err(nothing(path));
    }
    check_method(head)?;
    if LINKS.iter().any(|link| path.strip_prefix(link).is_some_and(|token| !token.is_empty())) {
        return Ok(Response::new(StatusCode::SEE_OTHER)
            .header("location", format!("/auth{path}?plain"))
            .header("cache-control", "no-store"));
    }
    Ok(Response::text(StatusCode::OK, "text/html; charset=utf-8", PAGE).header("cache-control", "no-store"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, Method};

    fn get(path: &str, accept: &str) -> Result<(StatusCode, HeaderMap), u16> {
        let head = http::Request::builder().method(Method::GET).uri(path).header("accept", accept);
        let answer = answer(&head.body(()).unwrap().into_parts().0);
        answer
            .map(|response| (response.status, response.headers))
            .map_err(|failure| failure.kind.facts().status.as_u16())
    }

    #[test]
    fn the_page_says_how_the_client_is_built_and_asks_again() {
        assert!(PAGE.contains("cargo xtask web") && PAGE.contains("http-equiv=\"refresh\""));
        for (path, accept) in [("/", "*/*"), ("/", "text/html"), ("/timeline", "text/html")] {
            let (status, headers) = get(path, accept).unwrap();
            assert_eq!((status, headers["cache-control"].to_str().unwrap()), (StatusCode::OK, "no-store"), "{path}");
        }
        assert_eq!(get("/timeline", "*/*").unwrap_err(), 404);
        assert_eq!(get("/main-ABCDEFGH.js", "text/html").unwrap_err(), 404);
    }

    #[test]
    fn links_in_mails_lead_to_the_pages_that_need_no_client() {
        for link in LINKS {
            let (status, headers) = get(&format!("{link}AZXX-_7"), "text/html").unwrap();
            let location = headers["location"].to_str().unwrap();
            assert_eq!((status, location), (StatusCode::SEE_OTHER, &*format!("/auth{link}AZXX-_7?plain")));
            assert_eq!(get(link, "text/html").unwrap().0, StatusCode::OK, "without a token it is no link");
        }
    }
}
