//! Goal: what is composed for Spin does on Spin what it does on our host.
//! Method: a small Spin of our own, with Spin's traps, over the real PostgreSQL and Redis of the tests. First each trap is
//! shown to be there; then the stories of the capabilities run through the adapter, and users use the composed application.
#![allow(
    clippy::restriction,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and waits by the real clock"
)]

mod application;
mod databases;
mod probe;
mod records;
mod stores;
mod traps;
