//! Delivery of events: from the log, where they committed with their producer's write, to every subscription, at least
//! once and in order per partition key.
//!
//! ```text
//! publish ─► archive (the log, kept for good) ─ sequencer ─► ordinals ─ dispatcher ─► handler ─► ack · retry · dead letter
//! ```
//!
//! - A producer publishes with [`crate::database::sql::Transaction::publish`]: a row of the archive, in its own
//!   transaction. [`publishers`] says who may publish what.
//! - `sequencer` gives an ordinal to what became visible, `relay` makes it do so; one replica at a time does.
//! - [`queue`] is what a queue promises, [`backend`] what the relay needs of it, [`config`] chooses one.
//! - `log` delivers from the log on Postgres, `redis_streams` from Redis. What of it every host has alike, and all of the log but
//!   its connections (`postgres`), is in [`mindflow_platform::delivery`].
//! - `dispatcher` runs the handler, one task a subscription, by the [`policy`].
//! - [`erased`] is what becomes of events whose keys are gone.
//! - [`alarm`] is called with dead letters, `gauges` shows how much waits.
//! - [`service`] starts and stops all of it.

pub mod alarm;
pub mod applied;
pub mod archive;
pub mod backend;
pub mod config;
mod dispatcher;
#[cfg(test)]
mod dispatcher_model_test;
mod doorbell;
pub mod envelope;
pub mod erased;
mod gauges;
pub mod health;
pub mod hold;
mod log;
mod meter;
mod postgres;
pub mod publishers;
mod redis_streams;
mod registry;
mod relay;
pub mod replay;
mod sequencer;
pub mod service;
mod upkeep;

pub(crate) use mindflow_platform::delivery::outcome;
pub use mindflow_platform::delivery::{Opening, Skips, policy, queue, subscription};

pub use alarm::{Alarm, GivenUp};
pub use backend::Backend;
pub use config::{Config, OpenError, open};
pub use envelope::{COLUMNS, Event, Metadata};
pub use hold::Hold;
pub use log::LogQueue;
pub use policy::{LOST_MAX, LOST_SUSPECT, RetryPolicy};
pub use postgres::Connections;
pub use queue::{DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterIdError, DeadLetters, Depth, Queue, QueueError};
pub use redis_streams::{RedisStreams, StreamsConfig};
pub use service::{Delivery, Options, StartError};
pub use subscription::{Attempt, Failure, Handler, Subscription, batch_timeout};
