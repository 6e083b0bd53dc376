//! Delivery of events: from the outbox, where they committed with their producer's write, to every
//! subscription, at least once and in order per partition key.
//!
//! ```text
//! outbox ─ relay ─► archive (the log, kept for good)
//!                └► queue, a row a subscription ─ dispatcher ─► handler ─► ack · retry · dead letter
//! ```
//!
//! - A producer publishes with [`crate::database::sql::Transaction::publish`]: a row of the outbox, in its own transaction.
//! - `relay` moves what committed; one replica at a time does.
//! - [`queue`] is what a queue promises, [`backend`] what the relay needs of it, [`config`] chooses one.
//! - `postgres`, `postgres_backend` and `dead_letters` are the one on Postgres, `redis_streams` the one on Redis.
//! - `dispatcher` runs the handler, one task a subscription, by the [`policy`].
//! - [`alarm`] is called with dead letters, `gauges` shows how much waits.
//! - [`service`] starts and stops all of it.

pub mod alarm;
pub mod applied;
pub mod archive;
pub mod backend;
pub mod config;
mod dead_letters;
mod dispatcher;
#[cfg(test)]
mod dispatcher_model_test;
mod doorbell;
pub mod envelope;
mod gauges;
pub mod health;
pub mod hold;
mod meter;
mod outbox;
pub(crate) mod outcome;
pub mod policy;
mod postgres;
mod postgres_backend;
pub mod queue;
mod redis_streams;
mod registry;
mod relay;
pub mod replay;
pub mod service;
pub mod subscription;

pub use alarm::{Alarm, GivenUp};
pub use backend::Backend;
pub use config::{Config, OpenError, open};
pub use envelope::{Event, Metadata};
pub use hold::Hold;
pub use policy::RetryPolicy;
pub use postgres::PostgresQueue;
pub use queue::{DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterIdError, DeadLetters, Depth, Queue, QueueError};
pub use redis_streams::{RedisStreams, StreamsConfig};
pub use service::{Delivery, Options, StartError};
pub use subscription::{Attempt, Failure, Handler, Subscription};
