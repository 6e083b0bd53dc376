//! From the log into the streams. Ordinals are committed first; the streams follow them in order, and an ordinal next to
//! them says how far they have.

use async_trait::async_trait;
use tokio_postgres::Row;
use uuid::Uuid;

use super::super::backend::{Backend, Relayed};
use super::super::envelope::{COLUMNS, EnvelopeError, Event};
use super::super::postgres::{KEEP_PLANS, column, query, refused, within};
use super::super::queue::QueueError;
use super::super::sequencer::{self, QUEUE_CHANNEL};
use super::super::subscription::Subscription;
use crate::failpoint;

use super::{Generation, NAME, RedisStreams, partition};

/// Who gets an event of the archive, under the alias `a`.
const WANTED_BY: &str =
    "ARRAY(SELECT s.name FROM delivery.subscription s WHERE a.event_type = ANY (s.event_types)) AS wanted_by";

/// Events with their ordinals, under the aliases `s` and `a`.
fn select() -> String {
    format!(
        "SELECT s.ordinal, {WANTED_BY}, {COLUMNS} FROM delivery.sequenced s JOIN delivery.archive a ON a.position = s.position"
    )
}

/// Events of one read from the archive.
pub(super) const READ_MAX: i64 = 500;

/// One script takes so many bytes of envelopes (and one event, however large): some milliseconds of Redis.
const APPEND_BYTES_MAX: usize = 1024 * 1024;

/// An event on its way from the archive into a stream.
pub(super) struct Archived {
    pub(super) ordinal: i64,
    pub(super) key: String,
    pub(super) event_type: String,
    pub(super) wanted_by: Vec<String>,
    envelope: String,
}

/// What got ordinals in one transaction.
struct Batch {
    count: u64,
    /// The last ordinal before.
    after: i64,
    events: Vec<Archived>,
}

#[async_trait]
impl Backend for RedisStreams {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn register(&self, subscriptions: &[Subscription]) -> Result<(), QueueError> {
        self.register_all(subscriptions).await
    }

    async fn unsubscribe(&self, subscription: &str) -> Result<bool, QueueError> {
        self.end(subscription).await
    }

    async fn relay(&self, max: u32) -> Result<Relayed, QueueError> {
        let Some(batch) = within("relay", self.sequence(max)).await? else { return Ok(Relayed::Busy) };
        if batch.count > 0 {
            failpoint!("after-archive");
        }
        match self.route(&batch).await {
            Err(QueueError::Lost) if self.rebuild().await? => {
                Ok(Relayed::Events { count: batch.count, wanted_by: self.subscriptions().await? })
            }
            Err(QueueError::Lost) => Ok(Relayed::Busy),
            routed => routed.map(|wanted_by| Relayed::Events { count: batch.count, wanted_by }),
        }
    }

    async fn announce(&self, replica: Uuid) -> Result<(), QueueError> {
        let client = self.client().await?;
        let replica = replica.to_string();
        query(&client, "announce", "SELECT pg_notify($1, $2)", &[&QUEUE_CHANNEL, &replica]).await.map(drop)
    }

    async fn upkeep(&self) -> Result<(), QueueError> {
        self.write_progress().await
    }

    /// Leases run out on their own.
    async fn close(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

impl RedisStreams {
    /// Gives ordinals, in one transaction. `None`: another replica is at it.
    async fn sequence(&self, max: u32) -> Result<Option<Batch>, QueueError> {
        let failed = |error| refused("relay", error);
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        // What Redis gets must not be taken back by Postgres: its disk has it first.
        let settings = format!("SET LOCAL synchronous_commit = on; {KEEP_PLANS}");
        transaction.batch_execute(&settings).await.map_err(failed)?;
        let Some(sequenced) = sequencer::sequence(&transaction, NAME, max).await? else { return Ok(None) };
        let after = sequenced.first_ordinal - 1;
        let mut events = Vec::new();
        if sequenced.count > 0 {
            let statement = format!("{} WHERE s.ordinal > $1 ORDER BY s.ordinal", select());
            let prepared = transaction.prepare_cached(&statement).await.map_err(failed)?;
            for row in transaction.query(&prepared, &[&after]).await.map_err(failed)? {
                events.push(Archived::from_row(&row)?);
            }
        }
        transaction.commit().await.map_err(failed)?;
        Ok(Some(Batch { count: sequenced.count, after, events }))
    }

    /// Appends a batch, and first everything before it that is not appended yet. Returns the subscriptions that get some of it.
    async fn route(&self, batch: &Batch) -> Result<Vec<String>, QueueError> {
        let generation = self.generation().await?;
        let fence = self.inner.names.epoch();
        let routed = self.append(generation, &fence, batch.after, &batch.events).await;
        let routed = match routed {
            // Another replica may have built the streams again.
            Err(QueueError::Lost) if self.read_generation().await? != generation => {
                self.append(self.generation().await?, &fence, batch.after, &batch.events).await?
            }
            routed => routed?,
        };
        let mut wanted_by: Vec<String> =
            batch.events.iter().flat_map(|event| event.wanted_by.iter().cloned()).collect();
        if let Err(mut behind) = routed {
            tracing::info!(ordinal = behind, "the streams are behind the log; routing what is missing");
            wanted_by = self.subscriptions().await?;
            loop {
                let events = self.archived_after(behind).await?;
                let Some(last) = events.last() else { break };
                let next = last.ordinal;
                match self.append(self.generation().await?, &fence, behind, &events).await? {
                    Ok(()) => behind = next,
                    Err(further_behind) => behind = further_behind,
                }
            }
        }
        wanted_by.sort_unstable();
        wanted_by.dedup();
        Ok(wanted_by)
    }

    pub(super) async fn archived_after(&self, ordinal: i64) -> Result<Vec<Archived>, QueueError> {
        let statement = format!("{} WHERE s.ordinal > $1 ORDER BY s.ordinal LIMIT $2", select());
        let client = self.client().await?;
        let rows = query(&client, "read archive", &statement, &[&ordinal, &READ_MAX]).await?;
        rows.iter().map(Archived::from_row).collect()
    }

    pub(super) async fn archived_at(&self, ordinals: &[i64]) -> Result<Vec<Archived>, QueueError> {
        let statement = format!("{} WHERE s.ordinal = ANY ($1) ORDER BY s.ordinal", select());
        let client = self.client().await?;
        let rows = query(&client, "read archive", &statement, &[&ordinals]).await?;
        rows.iter().map(Archived::from_row).collect()
    }

    /// Appends all events after an ordinal, or nothing where those before are missing; then
    /// it answers up to where there are all. What is there already is not appended again.
    pub(super) async fn append(
        &self,
        generation: Generation,
        fence: &str,
        after: i64,
        events: &[Archived],
    ) -> Result<Result<(), i64>, QueueError> {
        let mut after = after;
        let mut rest = events;
        loop {
            let (chunk, others) = rest.split_at(chunk_len(rest));
            let up_to = chunk.last().map_or(after, |event| event.ordinal);
            let answer = self
                .run_on("append", &self.inner.scripts.append, generation, fence, |call, generation| {
                    call.arg(after).arg(up_to);
                    for Archived { ordinal, key, wanted_by, envelope, .. } in chunk {
                        // An event without a subscription is not appended; the position passes it.
                        if !wanted_by.is_empty() {
                            call.arg(partition::of(key, generation.partitions)).arg(*ordinal).arg(key);
                            call.arg(format!("/{}/", wanted_by.join("/"))).arg(envelope);
                        }
                    }
                })
                .await?;
            match (answer.first().map(String::as_str), answer.get(1)) {
                (Some("ok"), _) => {
                    after = up_to;
                    rest = others;
                    if rest.is_empty() {
                        return Ok(Ok(()));
                    }
                }
                (Some("behind"), Some(routed)) => {
                    return routed.parse().map(Err).map_err(|_| QueueError::Answer { operation: "append" });
                }
                (Some("unregistered"), Some(subscription)) => self.restore(subscription).await?,
                _ => return Err(QueueError::Answer { operation: "append" }),
            }
        }
    }
}

// === impl Archived ===

impl Archived {
    fn from_row(row: &Row) -> Result<Self, QueueError> {
        let event = Event::from_row(row)?;
        Ok(Self {
            ordinal: column(row, "ordinal")?,
            wanted_by: column(row, "wanted_by")?,
            envelope: serde_json::to_string(&event).map_err(EnvelopeError::Json)?,
            key: event.partition_key,
            event_type: event.event_type,
        })
    }
}

/// How many of the events go into one script.
fn chunk_len(events: &[Archived]) -> usize {
    let mut bytes = 0;
    let fits = |event: &&Archived| {
        bytes += event.envelope.len();
        bytes <= APPEND_BYTES_MAX
    };
    events.iter().take_while(fits).count().max(1).min(events.len())
}
