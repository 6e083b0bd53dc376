//! The statements against the schema, on a real PostgreSQL, as the service's own role under row-level
//! security: what they write, and that concurrent requests neither lose, double nor block each other.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "for tests alone"
)]

// A component is no Rust library to link to; its statements are plain texts.
#[path = "../../src/statements.rs"]
mod statements;

mod creating;
mod isolation;
mod support;
mod tagging;
mod updating;
