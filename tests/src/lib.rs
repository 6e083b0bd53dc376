//! What the stories in `flows/` stand on: the built binary as a child process with stores of its own, and
//! the clients that talk to it. Everything here panics when it fails, as a test should.

mod account;
mod answer;
pub mod attacker;
mod http;
pub mod laws;
pub mod messages_api;
pub mod payloads;
pub mod pictures;
mod platform;
mod process;
pub mod readme;
pub mod receiver;
mod sse;
mod websocket;

pub use account::{Account, CREATE, PASSWORD};
pub use answer::Answer;
pub use http::{Http, send};
pub use mindflow_test_support::{WITHIN, eventually, eventually_within, until, until_within};
pub use platform::{
    Builder, LIMITS_FACTOR, NO_LIMITS, Platform, Replica, absolute_manifest, binary, compiled_cache, components,
    compositions, root,
};
pub use process::{Output, run, stop_requested};
pub use sse::Sse;
pub use websocket::{GraphqlSocket, Received};
