//! HTTP as components see it that speak to clients: what a request's head says, and responses out. Nothing but `wire`
//! knows of WASI, so that everything else runs and is tested natively.

pub mod bearer;
pub mod conditional;
pub mod correlation;
pub mod cors;
pub mod failure;
pub mod problem;
pub mod response;
pub mod wire;

pub use bearer::Presented;
pub use response::{Body, Response};

/// Nothing that we send is to be sniffed, framed or followed.
pub const SECURITY_HEADERS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
];

/// The header's text; none when it is absent or not visible ASCII.
pub fn header<'a>(headers: &'a http::HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
