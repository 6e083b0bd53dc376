//! The capabilities of `mindflow:platform` on Spin's interfaces. In a composition each service has an instance of its own,
//! linked with a component that says which service it is; a call is checked against what `spin.toml` grants that service, with
//! the host's rules and texts.

mod audit_log;
mod bell;
mod bindings;
mod blob;
mod config;
mod dead_letters;
mod disclosure;
mod embeddings;
mod erasure;
mod grants;
mod jwt;
mod key_value;
mod mail;
mod outbound;
mod platform_state;
mod rate_limits;
mod realtime;
mod redis;
mod sealing;
mod search_index;
mod sql;
mod web_push;

use mindflow_spin_guest::clock;

/// Implements the exports; each capability's module has its own.
struct Platform;

bindings::export!(Platform with_types_in bindings);
