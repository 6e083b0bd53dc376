//! Registering subscriptions, sequencing, and the end of a replica.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::super::backend::{Backend, Relayed};
use super::super::postgres::{ORDER_LOCK, column, query, refused, within};
use super::super::queue::QueueError;
use super::super::redis_streams::progress::Progress;
use super::super::registry;
use super::super::sequencer::{self, BACKEND, QUEUE_CHANNEL, SEQUENCER_LOCK, Sequenced};
use super::super::subscription::Subscription;
use super::{LogQueue, statements};

/// As in the configuration and in `delivery.backend`.
const NAME: &str = "postgres";

#[async_trait]
impl Backend for LogQueue {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn register(&self, subscriptions: &[Subscription]) -> Result<(), QueueError> {
        let mut client = self.inner.rows.client().await?;
        sequencer::adopt_server(&client).await?;
        registry::register(&client, subscriptions).await?;
        let failed = |error| refused("register", error);
        let transaction = client.transaction().await.map_err(failed)?;
        // Nothing is sequenced meanwhile, so that a subscription begins between two events.
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&SEQUENCER_LOCK]).await.map_err(failed)?;
        let kept_by = transaction.query_one(&format!("SELECT {BACKEND}"), &[]).await.map_err(failed)?;
        if column::<String>(&kept_by, "backend")? != NAME {
            take_over(&transaction).await?;
        }
        transaction.execute(BEGIN_AT_TIP, &[]).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    async fn unsubscribe(&self, subscription: &str) -> Result<bool, QueueError> {
        self.forget(subscription);
        let mut client = self.inner.rows.client().await?;
        within("unsubscribe", async {
            let failed = |error| refused("unsubscribe", error);
            let transaction = client.transaction().await.map_err(failed)?;
            let lock = "SELECT pg_advisory_xact_lock($1)";
            transaction.execute(lock, &[&ORDER_LOCK]).await.map_err(failed)?;
            // Its cursors and readers go with it.
            let ended = "DELETE FROM delivery.subscription WHERE name = $1";
            let ended = transaction.execute(ended, &[&subscription]).await.map_err(failed)?;
            let waiting = "DELETE FROM delivery.queue WHERE subscription = $1";
            transaction.execute(waiting, &[&subscription]).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)?;
            Ok(ended > 0)
        })
        .await
    }

    async fn relay(&self, max: u32) -> Result<Relayed, QueueError> {
        let max = i32::try_from(max).unwrap_or(i32::MAX);
        let rows = self.inner.rows.query("relay", statements::RELAY, &[&max, &NAME, &self.inner.owner]).await?;
        let row = rows.first().ok_or(QueueError::Answer { operation: "relay" })?;
        let Some(sequenced) = Sequenced::of(row, NAME)? else { return Ok(Relayed::Busy) };
        self.inner.has_others.store(column(row, "has_others")?, Ordering::Relaxed);
        Ok(Relayed::Events { count: sequenced.count, wanted_by: column(row, "wanted_by")? })
    }

    async fn announce(&self, replica: Uuid) -> Result<(), QueueError> {
        if !self.inner.has_others.load(Ordering::Relaxed) {
            return Ok(());
        }
        let params: [&(dyn ToSql + Sync); 2] = [&QUEUE_CHANNEL, &replica.to_string()];
        self.inner.rows.rows("announce", "SELECT pg_notify($1, $2)", &params).await.map(drop)
    }

    async fn upkeep(&self) -> Result<(), QueueError> {
        for followed in self.all_followed() {
            let followed = &mut *followed.lock().await;
            if followed.reader.has_slots() {
                self.take_slots(followed).await?;
            }
            self.note_progress(followed).await?;
        }
        let client = self.inner.rows.client().await?;
        let passed = "SELECT min(ordinal) AS passed FROM delivery.cursor";
        let rows = query(&client, "upkeep", passed, &[]).await?;
        match rows.first().map(|row| column::<Option<i64>>(row, "passed")).transpose()?.flatten() {
            Some(passed) => sequencer::trim(&client, passed).await,
            None => Ok(()),
        }
    }

    async fn close(&self) -> Result<(), QueueError> {
        for followed in self.all_followed() {
            let followed = &mut *followed.lock().await;
            let slots: Vec<i16> = followed.reader.read_to().map(|(slot, _)| slot).collect();
            self.give_up(followed, &slots).await?;
            followed.reader.retain(&[]);
            self.inner.rows.rows("leave", statements::LEAVE, &[&followed.name, &self.inner.owner]).await?;
        }
        Ok(())
    }
}

const BEGIN_AT_TIP: &str = "INSERT INTO delivery.cursor (subscription, slot, ordinal) SELECT s.name, n, q.last_ordinal \
     FROM delivery.subscription s, generate_series(0, 7) AS n, delivery.sequencer q ON CONFLICT DO NOTHING";

/// Makes rows of what the streams had not delivered when they were last written down, and begins at the tip. At a clean stop
/// that is exact; after a crash, the last moment's acknowledged events come a second time.
async fn take_over(transaction: &Transaction<'_>) -> Result<(), QueueError> {
    let failed = |error| refused("take over", error);
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&ORDER_LOCK]).await.map_err(failed)?;
    for Progress { subscription, event_types, partitions } in Progress::all(transaction).await? {
        let of_type = "SELECT s.ordinal, a.partition_key FROM delivery.sequenced s \
             JOIN delivery.archive a ON a.position = s.position WHERE s.event_type = ANY ($1) AND s.ordinal > $2";
        let read_least = partitions.read_least();
        let mut ordinals: Vec<i64> = partitions.pending().collect();
        for row in transaction.query(of_type, &[&event_types, &read_least]).await.map_err(failed)? {
            let (ordinal, key): (i64, String) = (column(&row, "ordinal")?, column(&row, "partition_key")?);
            if ordinal > partitions.read_of(&key) {
                ordinals.push(ordinal);
            }
        }
        let queue = "INSERT INTO delivery.queue (subscription, partition_key, position, event_id, state) \
             SELECT $1, a.partition_key, a.position, a.event_id, 'waiting' FROM delivery.sequenced s \
             JOIN delivery.archive a ON a.position = s.position WHERE s.ordinal = ANY ($2) ON CONFLICT DO NOTHING";
        transaction.execute(queue, &[&subscription, &ordinals]).await.map_err(failed)?;
    }
    transaction
        .batch_execute(
            "UPDATE delivery.queue q SET state = 'ready' WHERE state = 'waiting' AND NOT EXISTS (SELECT 1 FROM delivery.queue e \
             WHERE e.subscription = q.subscription AND e.partition_key = q.partition_key AND e.position < q.position); \
             DELETE FROM delivery.stream_progress; DELETE FROM delivery.cursor; \
             UPDATE delivery.backend SET name = 'postgres', epoch = NULL, changed_at = now()",
        )
        .await
        .map_err(failed)
}
