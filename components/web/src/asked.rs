//! What a request wants.

use http::Method;
use http::request::Parts;
use mindflow_guest::web::failure::{Failure, Kind};
use mindflow_guest::web::list;

/// # Errors
/// `MethodNotAllowed`
pub fn check_method(head: &Parts) -> Result<(), Failure> {
    if reads(head) {
        return Ok(());
    }
    let text = format!("{} takes GET and HEAD, not {}.", head.uri.path(), head.method);
    Err(Failure::new(Kind::MethodNotAllowed("GET, HEAD"), text))
}

pub fn nothing(path: &str) -> Failure {
    Failure::new(Kind::NotFound, format!("There is nothing at {path}."))
}

fn reads(head: &Parts) -> bool {
    matches!(head.method, Method::GET | Method::HEAD)
}

/// Whether a browser goes to the path: it names pages among what it accepts. A name with a dot is that of a file, and a missing one is
/// no page.
pub fn is_navigation(head: &Parts) -> bool {
    let accepted = list(&head.headers, "accept").unwrap_or_default();
    let wants_page = accepted.split(',').any(|range| {
        let kind = range.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("text/html")
    });
    let is_file = head.uri.path().rsplit('/').next().is_some_and(|last| last.contains('.'));
    reads(head) && wants_page && !is_file
}
