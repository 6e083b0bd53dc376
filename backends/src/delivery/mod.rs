//! Delivery of events: from the outbox, where they committed with their producer's write, to every
//! subscription, at least once and in order per partition key.
//!
//! ```text
//! outbox ─ relay ─► archive (the log, kept for good)
//!                └► queue, a row a subscription ─ dispatcher ─► handler ─► ack · retry · dead letter
//! ```
//!
//! - A producer publishes with [`crate::sql::Transaction::publish`]: a row of the outbox, in its own transaction.
//! - `relay` moves what committed; one replica at a time does.
//! - [`queue`] is what a queue promises, `postgres` and `dead_letters` the one that keeps it on Postgres.
//! - `dispatcher` runs the handler, one task a subscription, by the [`policy`].
//! - [`service`] starts and stops all of it.

mod dead_letters;
mod dispatcher;
mod doorbell;
pub mod envelope;
pub mod health;
mod meter;
mod outcome;
pub mod policy;
mod postgres;
pub mod queue;
mod registry;
mod relay;
pub mod service;
pub mod subscription;

pub use envelope::{Event, Metadata};
pub use policy::RetryPolicy;
pub use postgres::PostgresQueue;
pub use queue::{DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterIdError, DeadLetters, Depth, Queue, QueueError};
pub use service::{Delivery, Options, StartError};
pub use subscription::{Attempt, Failure, Handler, Subscription};
