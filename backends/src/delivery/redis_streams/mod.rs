//! Queues on Redis Streams, shared by any number of replicas.
//!
//! The keys are spread over a fixed number of partitions, a stream each, whose entries have the events'
//! ordinals as ids (here a position is always an ordinal); each subscription is a consumer group of every stream. What a group has read and not
//! acknowledged is in its pending list. A stream alone would let one entity hold up all that share its
//! partition, so each key also has a head and a list of what waits behind it (`lua/prelude.lua`).
//! A lease is of a head; one that ran out is claimed by the next lease. Every step is one script:
//! atomic, fenced by the lease's token, and refused when Redis does not have the valid state.
//!
//! Postgres stays the truth. The archive has the events; [`progress`] writes down every second what is
//! acknowledged. What Redis has routed is given by a position that it keeps with the streams, so both are
//! lost together:
//!
//! - A relay that dies between sequencing and routing: the next pass finds the log ahead and routes the rest.
//! - An answer that is lost: entries at or below that position are not appended again.
//! - Redis restarts from an older copy of itself: that position is older too, and what is missing follows.
//! - Redis has lost everything: the epoch is not there, and [`rebuild`] makes all streams again from what is not
//!   acknowledged. Deliveries of the last second or two may come again; their handlers know them by sequence.
//!   A dead letter is tried again from its first attempt, and what is parked behind it stays behind it.
//!
//! Ordinals are committed to disk before Redis sees an event, so that Redis never has what Postgres forgot.

mod config;
mod dead_letters;
pub(super) mod partition;
pub(super) mod progress;
mod queue;
mod rebuild;
mod register;
mod router;
mod script;

use std::sync::{Arc, Mutex, PoisonError};

use redis::{Script, ScriptInvocation};
use uuid::Uuid;

use self::script::{Names, Scripts};
use super::postgres::{column, query, within};
use super::queue::QueueError;
use crate::database::postgres::Database;
use crate::redis_server::{RedisFailure, RedisServer, RedisUrlError};

pub use config::{PARTITIONS_DEFAULT, PARTITIONS_MAX, StreamsConfig};

/// As in the configuration and in `delivery.backend`.
const NAME: &str = "redis-streams";

/// See the module.
#[derive(Clone)]
pub struct RedisStreams {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    server: RedisServer,
    names: Names,
    scripts: Scripts,
    /// For the first start of a deployment.
    partitions: u32,
    generation: Mutex<Option<Generation>>,
    upkeep: tokio::sync::Mutex<progress::Upkeep>,
}

/// The valid state, as Postgres names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Generation {
    epoch: Uuid,
    partitions: u32,
}

// === impl RedisStreams ===

impl RedisStreams {
    pub(super) fn open(database: Database, config: &StreamsConfig) -> Result<Self, RedisUrlError> {
        let inner = Inner {
            database,
            server: RedisServer::new(&config.url)?,
            names: Names::new(&config.prefix, config.url.is_cluster()),
            scripts: Scripts::default(),
            partitions: config.partitions,
            generation: Mutex::default(),
            upkeep: tokio::sync::Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    async fn client(&self) -> Result<deadpool_postgres::Client, QueueError> {
        within("connect", async {
            self.inner.database.admin().await.map_err(|error| QueueError::Connect(error.into()))
        })
        .await
    }

    /// Runs a script on the valid state. The arguments follow the epoch.
    async fn run(
        &self,
        operation: &'static str,
        script: &Script,
        arguments: impl Fn(&mut ScriptInvocation<'_>, Generation),
    ) -> Result<Vec<String>, QueueError> {
        let known = self.generation().await?;
        match self.run_on(operation, script, known, &self.inner.names.epoch(), &arguments).await {
            Err(QueueError::Lost) => {
                // Another replica may have built it again.
                let now = self.read_generation().await?;
                if now == known {
                    return Err(QueueError::Lost);
                }
                self.run_on(operation, script, now, &self.inner.names.epoch(), &arguments).await
            }
            answer => answer,
        }
    }

    /// Runs a script on the state of `generation`, if the key `fence` names its epoch.
    async fn run_on(
        &self,
        operation: &'static str,
        script: &Script,
        generation: Generation,
        fence: &str,
        arguments: impl Fn(&mut ScriptInvocation<'_>, Generation),
    ) -> Result<Vec<String>, QueueError> {
        let mut call = script.prepare_invoke();
        call.key(fence).key(self.inner.names.base(generation.epoch)).arg(generation.epoch.to_string());
        arguments(&mut call, generation);
        let answer: Vec<String> = self.inner.server.write(&call).await.map_err(|failure| failed(operation, failure))?;
        match answer.first().map(String::as_str) {
            Some("lost") => Err(QueueError::Lost),
            Some(_) => Ok(answer),
            None => Err(QueueError::Answer { operation }),
        }
    }

    async fn generation(&self) -> Result<Generation, QueueError> {
        let known = *self.inner.generation.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some(generation) => Ok(generation),
            None => self.read_generation().await,
        }
    }

    /// Asks Postgres which state is valid. One that is not made yet has the nil epoch, which no Redis has.
    async fn read_generation(&self) -> Result<Generation, QueueError> {
        let client = self.client().await?;
        let statement = "SELECT name, coalesce(epoch, '00000000-0000-0000-0000-000000000000') AS epoch, partitions FROM delivery.backend";
        let rows = query(&client, "epoch", statement, &[]).await?;
        let name = rows.first().map(|row| column::<String>(row, "name")).transpose()?;
        match (rows.first(), name.as_deref()) {
            (Some(row), Some(NAME)) => {
                let partitions: i32 = column(row, "partitions")?;
                let generation = Generation { epoch: column(row, "epoch")?, partitions: partitions.unsigned_abs() };
                self.set_generation(generation);
                Ok(generation)
            }
            (_, name) => Err(QueueError::Moved { to: name.unwrap_or("postgres").to_owned() }),
        }
    }

    fn set_generation(&self, generation: Generation) {
        *self.inner.generation.lock().unwrap_or_else(PoisonError::into_inner) = Some(generation);
    }
}

fn failed(operation: &'static str, failure: RedisFailure) -> QueueError {
    match failure {
        RedisFailure::Away(text) => QueueError::Connect(text.into()),
        RedisFailure::Refused(text) => QueueError::Store { operation, source: text.into() },
    }
}
