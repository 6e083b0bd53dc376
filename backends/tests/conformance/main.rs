//! Every back end of a capability keeps the same promises: one suite of stories for each capability, run over every back
//! end that it has, on real stores. One binary for all suites: linking it is what takes time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

mod applied;
mod archive;
mod audit;
mod blob;
mod delivery;
mod embedded_server;
mod embeddings;
mod key_value;
mod keys;
mod logs;
mod mail;
mod migrations;
mod realtime;
mod schedule;
mod search_index;
mod sql;
