//! The real stores behind the platform's capabilities, grouped by idea. Nothing here knows WebAssembly or any service.
//!
//! - [`database`]: PostgreSQL, and the SQL that a component may run on it.
//! - [`data_keys`]: the keys under which payloads of events are kept.
//! - [`delivery`]: events from the log to their subscribers; the archive, replays, and the marks of applied events.
//! - [`stores`]: key-value buckets, containers of files, object storage, search indexes.
//! - [`records`]: what is only appended: the audit trail and the kept log.
//! - [`messaging`]: what leaves for people: mail, web push, realtime topics.
//! - [`rate_limits`]: how much a client or a user may do in a time, for all replicas together.
//! - [`places`]: whose turn it is when all places of a component, or all connections of its pool, are taken.
//! - [`embeddings`], [`keys`], [`schedule`]: vectors of texts, signing keys, jobs by the clock.
//! - [`clock`], [`ids`], [`error`], [`secret`], [`mod@failpoint`], [`redis_server`]: what the others share.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "unit tests take time and ids as they come"))]

pub mod clock;
pub mod data_keys;
pub mod database;
pub mod delivery;
pub mod embeddings;
pub mod failpoint;
mod http_client;
pub mod ids;
pub mod keys;
pub mod messaging;
pub mod places;
pub mod rate_limits;
pub mod records;
pub mod redis_server;
pub mod schedule;
pub mod secret;
pub mod stores;

pub use mindflow_platform::error;
