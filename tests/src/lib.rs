//! What the stories in `flows/` stand on: the built binary as a child process with stores of its own, and
//! the clients that talk to it. Everything here panics when it fails, as a test should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "for tests alone")]

mod account;
mod answer;
mod http;
pub mod messages_api;
pub mod own_servers;
mod platform;
mod process;
pub mod receiver;
mod redis_server;
mod sse;
mod wait;
mod websocket;

pub use account::{Account, CREATE, PASSWORD};
pub use answer::Answer;
pub use http::{Http, send};
pub use platform::{Builder, Platform, Replica, absolute_manifest, binary, components, root, share_compiled};
pub use process::Output;
pub use sse::Sse;
pub use wait::{WITHIN, eventually, eventually_within};
pub use websocket::{GraphqlSocket, Received};
