//! HTTP as this component sees it: whole requests in, responses out. Nothing here knows of WASI
//! (that is `wire`), so that everything else runs and is tested natively.

pub mod body;
pub mod cookie;
pub mod encoding;
pub mod json;
pub mod media;
pub mod page;
pub mod preflight;
pub mod sse_events;
pub mod wire;

pub use mindflow_guest::web::{Presented, Response, conditional, correlation, cors, header, list, problem};

/// A request whose body was read whole, at most [`body::BODY_BYTES_MAX`].
pub type Request = http::Request<Vec<u8>>;
