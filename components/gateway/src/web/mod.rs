//! HTTP as this component sees it: whole requests in, responses out. Nothing here knows of WASI
//! (that is `wire`), so that everything else runs and is tested natively.

pub mod body;
pub mod conditional;
pub mod cookie;
pub mod correlation;
pub mod cors;
pub mod media;
pub mod preflight;
pub mod problem;
pub mod response;
pub mod wire;

pub use response::{Body, Response};

/// A request whose body was read whole, at most [`body::BODY_BYTES_MAX`].
pub type Request = http::Request<Vec<u8>>;

/// The header's text; none when it is absent or not visible ASCII.
pub fn header<'a>(headers: &'a http::HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
