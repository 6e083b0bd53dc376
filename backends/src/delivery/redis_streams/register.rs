//! Subscriptions come and go, and the queues come from another back end.

use std::collections::BTreeMap;

use tokio_postgres::Transaction;
use tokio_postgres::types::Json;

use super::super::postgres::{Connections, column, query, refused};
use super::super::queue::QueueError;
use super::super::registry;
use super::super::sequencer::{self, BACKEND, LOCK_ROWS, ORDER_LOCK, SEQUENCER_LOCK};
use super::super::subscription::Subscription;
use super::progress::{Partitions, partitions_of};
use super::{NAME, RedisStreams, failed};

/// Keys that Redis looks at in one step of a search: well under a millisecond of its time.
const SCAN_STEP: usize = 1_000;

impl RedisStreams {
    pub(super) async fn register_all(&self, subscriptions: &[Subscription]) -> Result<(), QueueError> {
        registry::register(&Connections::new(self.inner.database.clone()), subscriptions).await?;
        let mut client = self.client().await?;
        let refuse = |error| refused("register", error);
        let transaction = client.transaction().await.map_err(refuse)?;
        // Nothing is sequenced meanwhile, so that a subscription begins between two events.
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&SEQUENCER_LOCK]).await.map_err(refuse)?;
        let kept_by = transaction.query_one(&format!("SELECT {BACKEND}"), &[]).await.map_err(refuse)?;
        if column::<String>(&kept_by, "backend")? != NAME {
            self.take_over(&transaction).await?;
        }
        let tip = sequencer::tip(&transaction).await?;
        let partitions = transaction.query_one("SELECT partitions FROM delivery.backend", &[]).await.map_err(refuse)?;
        let partitions: i32 = column(&partitions, "partitions")?;
        let begin = Partitions::all_at(tip, partitions.unsigned_abs());
        let add = "INSERT INTO delivery.stream_progress (subscription, partitions) \
             SELECT name, $1 FROM delivery.subscription ON CONFLICT DO NOTHING";
        transaction.execute(add, &[&Json(&begin)]).await.map_err(refuse)?;
        transaction.commit().await.map_err(refuse)?;
        self.read_generation().await?;
        // Streams that are not there are made now; a Redis that is away does not stop the start.
        match self
            .run("register", &self.inner.scripts.next_due, |call, _| {
                call.arg("");
            })
            .await
        {
            Err(QueueError::Lost) => self.rebuild().await.map(drop),
            _ => Ok(()),
        }
    }

    /// What is a row or follows a cursor is pending; later events go to the streams.
    async fn take_over(&self, transaction: &Transaction<'_>) -> Result<(), QueueError> {
        let refuse = |error| refused("take over", error);
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&ORDER_LOCK]).await.map_err(refuse)?;
        transaction.execute(LOCK_ROWS, &[&None::<&str>]).await.map_err(refuse)?;
        let begin = Partitions::all_at(sequencer::tip(transaction).await?, self.inner.partitions);
        let mut progress = BTreeMap::<String, Partitions>::new();
        let waiting = "SELECT q.subscription, q.partition_key, s.ordinal FROM delivery.queue q \
                 JOIN delivery.sequenced s ON s.position = q.position \
             UNION SELECT c.subscription, a.partition_key, s.ordinal FROM delivery.cursor c \
                 JOIN delivery.subscription u ON u.name = c.subscription \
                 JOIN delivery.sequenced s ON s.slot = c.slot AND s.ordinal > c.ordinal AND s.event_type = ANY (u.event_types) \
                 JOIN delivery.archive a ON a.position = s.position";
        for row in transaction.query(waiting, &[]).await.map_err(refuse)? {
            let subscription: String = column(&row, "subscription")?;
            let (key, ordinal): (String, i64) = (column(&row, "partition_key")?, column(&row, "ordinal")?);
            let partitions = progress.entry(subscription).or_insert_with(|| begin.clone());
            partitions.stream_mut(&key).into_iter().for_each(|stream| stream.pending.push(ordinal));
        }
        let none = "DELETE FROM delivery.queue; DELETE FROM delivery.cursor; DELETE FROM delivery.reader";
        transaction.batch_execute(none).await.map_err(refuse)?;
        for (subscription, partitions) in progress {
            let keep = "INSERT INTO delivery.stream_progress (subscription, partitions) VALUES ($1, $2) \
                 ON CONFLICT (subscription) DO UPDATE SET partitions = excluded.partitions";
            transaction.execute(keep, &[&subscription, &Json(&partitions)]).await.map_err(refuse)?;
        }
        let change = "INSERT INTO delivery.backend (name, partitions) VALUES ($1, $2) ON CONFLICT (only_row) DO UPDATE \
             SET name = excluded.name, partitions = excluded.partitions, epoch = NULL, changed_at = now()";
        let partitions = i32::try_from(self.inner.partitions).unwrap_or(i32::MAX);
        transaction.execute(change, &[&NAME, &partitions]).await.map_err(refuse)?;
        tracing::info!("the event queues are now kept on Redis Streams");
        Ok(())
    }

    /// Makes a subscription's groups where Redis has none, from what is written down.
    pub(super) async fn restore(&self, subscription: &str) -> Result<(), QueueError> {
        let client = self.client().await?;
        let statement = "SELECT partitions FROM delivery.stream_progress WHERE subscription = $1";
        let rows = query(&client, "register", statement, &[&subscription]).await?;
        let Some(row) = rows.first() else {
            return Err(QueueError::Store {
                operation: "register",
                source: format!("no replica has registered the subscription `{subscription}`").into(),
            });
        };
        let partitions = partitions_of(column(row, "partitions")?)?;
        self.run("register", &self.inner.scripts.register, |call, _| {
            call.arg(subscription);
            for stream in &partitions.0 {
                let first = stream.pending.iter().min().map_or(i64::MAX, |first| first - 1);
                call.arg(stream.read.min(first));
            }
        })
        .await
        .map(drop)
    }

    pub(super) async fn end(&self, subscription: &str) -> Result<bool, QueueError> {
        let generation = self.generation().await?;
        let refuse = |error| refused("unsubscribe", error);
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(refuse)?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&ORDER_LOCK]).await.map_err(refuse)?;
        transaction.execute(LOCK_ROWS, &[&Some(subscription)]).await.map_err(refuse)?;
        // Its progress goes with it.
        let statement = "DELETE FROM delivery.subscription WHERE name = $1";
        let ended = transaction.execute(statement, &[&subscription]).await.map_err(refuse)? > 0;
        transaction.commit().await.map_err(refuse)?;
        self.run("unsubscribe", &self.inner.scripts.unregister, |call, generation| {
            call.arg(subscription).arg(generation.partitions);
        })
        .await?;
        let waiting = self.keys(&self.inner.names.waiting(generation.epoch, subscription)).await?;
        self.remove(&waiting).await?;
        Ok(ended)
    }

    /// The keys that match, found in steps.
    pub(super) async fn keys(&self, pattern: &str) -> Result<Vec<String>, QueueError> {
        let found = self.inner.server.keys(pattern, usize::MAX, SCAN_STEP, usize::MAX).await;
        Ok(found.map_err(|failure| failed("keys", failure))?.into_iter().flatten().collect())
    }

    pub(super) async fn remove(&self, keys: &[String]) -> Result<(), QueueError> {
        for chunk in keys.chunks(SCAN_STEP) {
            let _: redis::Value = self
                .inner
                .server
                .write(redis::cmd("UNLINK").arg(chunk))
                .await
                .map_err(|failure| failed("remove", failure))?;
        }
        Ok(())
    }
}
