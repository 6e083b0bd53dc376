//! How far the subscriptions are, written down in Postgres: enough to rebuild the streams from the archive.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tokio_postgres::Transaction;
use tokio_postgres::types::Json;

use super::super::envelope::EnvelopeError;
use super::super::postgres::{Connections, column, query, refused};
use super::super::queue::QueueError;
use super::super::sequencer;
use super::{RedisStreams, partition};

/// Pending events named for each partition. Further ones are not lost: the position is set back to before
/// them, so that after a loss all from there comes again, also what was acknowledged.
const PENDING_MAX: u32 = 1_000;

/// Entries that every group has read are kept in the streams for so many positions because of one that is
/// not acknowledged; after that it is read from the archive.
const KEPT_BEHIND: i64 = 100_000;

/// Trimming walks all groups of all partitions: some milliseconds of Redis.
const TRIM_EVERY: u32 = 5;

/// A consumer without anything pending that did nothing for so long was a replica that is gone.
const CONSUMER_IDLE_MS: u64 = 60 * 60 * 1_000;

/// In one stream: all up to `read` is acknowledged, except for `pending`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StreamPosition {
    pub(super) read: i64,
    pub(super) pending: Vec<i64>,
}

/// A subscription's position in each partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::delivery) struct Partitions(pub(super) Vec<StreamPosition>);

/// What is written down of one subscription.
pub(in crate::delivery) struct Progress {
    pub(in crate::delivery) subscription: String,
    pub(in crate::delivery) event_types: Vec<String>,
    pub(in crate::delivery) partitions: Partitions,
}

/// What this replica wrote last.
#[derive(Default)]
pub(super) struct Upkeep {
    written: HashMap<String, Partitions>,
    calls: u32,
}

// === impl Partitions ===

impl Partitions {
    pub(super) fn all_at(position: i64, partitions: u32) -> Self {
        Self(vec![
            StreamPosition { read: position, pending: Vec::new() };
            usize::try_from(partitions).unwrap_or_default()
        ])
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn stream(&self, key: &str) -> Option<&StreamPosition> {
        self.0.get(usize::try_from(partition::of(key, self.count())).ok()?)
    }

    pub(super) fn stream_mut(&mut self, key: &str) -> Option<&mut StreamPosition> {
        let partition = partition::of(key, self.count());
        self.0.get_mut(usize::try_from(partition).ok()?)
    }

    /// Whether an event of that key is still to be delivered.
    pub(super) fn lacks(&self, position: i64, key: &str) -> bool {
        self.stream(key).is_none_or(|stream| position > stream.read || stream.pending.contains(&position))
    }

    /// Before anything that is not acknowledged, the pending apart.
    pub(in crate::delivery) fn read_least(&self) -> i64 {
        self.0.iter().map(|stream| stream.read).min().unwrap_or_default()
    }

    pub(in crate::delivery) fn pending(&self) -> impl Iterator<Item = i64> {
        self.0.iter().flat_map(|stream| stream.pending.iter().copied())
    }

    pub(in crate::delivery) fn read_of(&self, key: &str) -> i64 {
        self.stream(key).map_or(0, |stream| stream.read)
    }
}

// === impl Progress ===

impl Progress {
    /// Of all subscriptions.
    pub(in crate::delivery) async fn all(transaction: &Transaction<'_>) -> Result<Vec<Self>, QueueError> {
        let statement = "SELECT name, event_types, p.partitions FROM delivery.subscription s \
             JOIN delivery.stream_progress p ON p.subscription = s.name ORDER BY name";
        let rows = transaction.query(statement, &[]).await.map_err(|error| refused("progress", error))?;
        rows.iter()
            .map(|row| {
                let Json(partitions) = column(row, "partitions")?;
                Ok(Self { subscription: column(row, "name")?, event_types: column(row, "event_types")?, partitions })
            })
            .collect()
    }

    /// Whether the event is still to be delivered to it.
    pub(super) fn lacks(&self, position: i64, key: &str, event_type: &str) -> bool {
        self.event_types.iter().any(|own| own == event_type) && self.partitions.lacks(position, key)
            // Its types may have changed since.
            || self.partitions.stream(key).is_some_and(|stream| stream.pending.contains(&position))
    }
}

// === impl RedisStreams ===

impl RedisStreams {
    /// The names of all subscriptions.
    pub(super) async fn subscriptions(&self) -> Result<Vec<String>, QueueError> {
        let client = self.client().await?;
        let rows = query(&client, "progress", "SELECT name FROM delivery.subscription ORDER BY name", &[]).await?;
        rows.iter().map(|row| column(row, "name")).collect()
    }

    /// Writes down what changed, and trims the streams now and then.
    pub(super) async fn write_progress(&self) -> Result<(), QueueError> {
        let mut upkeep = self.inner.upkeep.lock().await;
        for subscription in self.subscriptions().await? {
            let Some(partitions) = self.progress_of(&subscription).await? else { continue };
            if upkeep.written.get(&subscription) == Some(&partitions) {
                continue;
            }
            let client = self.client().await?;
            let statement =
                "UPDATE delivery.stream_progress SET partitions = $2, flushed_at = now() WHERE subscription = $1";
            query(&client, "progress", statement, &[&subscription, &Json(&partitions)]).await?;
            upkeep.written.insert(subscription, partitions);
        }
        upkeep.calls = upkeep.calls.wrapping_add(1);
        if upkeep.calls.is_multiple_of(TRIM_EVERY) {
            self.trim(upkeep.calls / TRIM_EVERY).await?;
            self.trim_ordinals().await?;
        }
        Ok(())
    }

    /// `None` when Redis does not know it yet.
    async fn progress_of(&self, subscription: &str) -> Result<Option<Partitions>, QueueError> {
        let answer = self
            .run("progress", &self.inner.scripts.progress, |call, generation| {
                call.arg(subscription).arg(generation.partitions).arg(PENDING_MAX);
            })
            .await?;
        let streams: Option<Vec<_>> = answer.iter().skip(1).map(|text| position_of(text)).collect();
        let streams = streams.ok_or(QueueError::Answer { operation: "progress" })?;
        Ok((!streams.is_empty()).then_some(Partitions(streams)))
    }

    /// Removes ordinals that no subscription needs, also to build the streams again.
    async fn trim_ordinals(&self) -> Result<(), QueueError> {
        let failed = |error| refused("trim", error);
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(failed)?;
        let all = Progress::all(&transaction).await?;
        transaction.commit().await.map_err(failed)?;
        let needed = all.iter().filter_map(|of| of.partitions.pending().chain([of.partitions.read_least() + 1]).min());
        match needed.min() {
            Some(first) => {
                drop(client);
                sequencer::trim(&Connections::new(self.inner.database.clone()), first - 1).await
            }
            None => Ok(()),
        }
    }

    async fn trim(&self, round: u32) -> Result<(), QueueError> {
        self.run("trim", &self.inner.scripts.trim, |call, generation| {
            call.arg(generation.partitions).arg(KEPT_BEHIND);
            call.arg(round % generation.partitions.max(1)).arg(CONSUMER_IDLE_MS);
        })
        .await
        .map(drop)
    }
}

/// Reads "POSITION PENDING PENDING …".
fn position_of(text: &str) -> Option<StreamPosition> {
    let mut positions = text.split(' ').map(str::parse::<i64>);
    let read = positions.next()?.ok()?;
    Some(StreamPosition { read, pending: positions.collect::<Result<_, _>>().ok()? })
}

/// Reads what is written down of one subscription.
pub(super) fn partitions_of(value: serde_json::Value) -> Result<Partitions, QueueError> {
    serde_json::from_value(value).map_err(|error| QueueError::Envelope(EnvelopeError::Json(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_lacking_when_it_was_not_read_or_is_pending() {
        let mut partitions = Partitions::all_at(10, 4);
        partitions.stream_mut("entry:1").unwrap().pending.push(7);
        let lacking: Vec<_> = [6, 7, 10, 11].map(|position| partitions.lacks(position, "entry:1")).into();
        assert_eq!(lacking, [false, true, false, true]);
        assert_eq!((partitions.read_least(), partitions.pending().collect::<Vec<_>>()), (10, vec![7]));
    }

    #[test]
    fn a_position_is_read_as_the_script_writes_it() {
        assert_eq!(position_of("12 3 4"), Some(StreamPosition { read: 12, pending: vec![3, 4] }));
        assert_eq!(position_of("0"), Some(StreamPosition::default()));
        assert_eq!(position_of("x"), None);
    }
}
