//! The real stores behind the platform's capabilities: databases, key-value buckets, event queues,
//! realtime topics and signing keys. Nothing here knows WebAssembly or any service.

pub mod applied;
pub mod archive;
pub mod audit;
pub mod blob;
pub mod clock;
pub mod delivery;
pub mod embeddings;
pub mod failpoint;
mod http_client;
pub mod key_value;
pub mod keys;
pub mod logs;
pub mod mail;
pub mod mongo;
pub mod postgres;
pub mod realtime;
pub mod records;
pub mod redis_server;
pub mod replay;
pub mod schedule;
pub mod search_index;
pub mod secret;
pub mod sql;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod web_push;
