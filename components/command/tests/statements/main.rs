//! The statements against the schema, on a real PostgreSQL, as the service's own role under row-level
//! security: what they write, and that concurrent requests neither lose, double nor block each other.
#![allow(
    clippy::restriction,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the real clock"
)]

// A component is no Rust library to link to; its statements are plain texts.
#[path = "../../src/statements.rs"]
mod statements;

mod creating;
mod erasing;
mod importing;
mod isolation;
mod keeping;
mod support;
mod syncing;
mod tagging;
mod templates;
mod updating;
