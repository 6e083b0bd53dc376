//! Which call a request is. All who reach the component may call: its route is private, and a call does only what is due.

use wasip3::http::types::{Method, Request};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    pub what: What,
    /// The caller does not wait for the end (`Prefer: respond-async`, RFC 7240).
    pub in_background: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// To deliver what waits.
    Drain,
    /// To run what is due.
    Schedules,
}

/// Why a request is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoCall {
    Path,
    Method,
}

pub fn read(request: &Request) -> Result<Call, NoCall> {
    let path = request.get_path_with_query().unwrap_or_default();
    let is_post = matches!(request.get_method(), Method::Post);
    let prefer = request.get_headers().get("prefer");
    call(&path, is_post, prefer.iter().map(Vec::as_slice))
}

fn call<'a>(path: &str, is_post: bool, prefer: impl Iterator<Item = &'a [u8]>) -> Result<Call, NoCall> {
    let what = match path.split('?').next() {
        Some("/drain") => What::Drain,
        Some("/schedules") => What::Schedules,
        _ => return Err(NoCall::Path),
    };
    if !is_post {
        return Err(NoCall::Method);
    }
    Ok(Call { what, in_background: prefer.into_iter().any(is_async) })
}

/// Whether a list of preferences has `respond-async`.
fn is_async(preferences: &[u8]) -> bool {
    preferences.split(|byte| *byte == b',').any(|preference| {
        let name = preference.split(|byte| matches!(byte, b';' | b'=')).next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"respond-async")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_post_to_one_of_two_paths() {
        let at = |path, is_post| call(path, is_post, std::iter::empty());
        assert_eq!(at("/drain", true), Ok(Call { what: What::Drain, in_background: false }));
        assert_eq!(at("/schedules?a=b", true), Ok(Call { what: What::Schedules, in_background: false }));
        assert_eq!(at("/drain", false), Err(NoCall::Method));
        for path in ["/", "", "/drain/", "/media/drain"] {
            assert_eq!(at(path, true), Err(NoCall::Path), "{path}");
        }
    }

    #[test]
    fn a_caller_may_prefer_not_to_wait() {
        let prefers = |text: &'static str| call("/drain", true, [text.as_bytes()].into_iter()).unwrap().in_background;
        assert!(prefers("respond-async") && prefers("wait=10, Respond-Async; x=1"));
        assert!(!prefers("wait=10") && !prefers("respond-asynchronously"));
    }
}
