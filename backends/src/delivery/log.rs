//! The log on Postgres as one of the host's back ends. See [`mindflow_platform::delivery::log`].

use async_trait::async_trait;
use mindflow_platform::delivery;
use mindflow_platform::delivery::log::{BEGIN_AT_TIP, NAME};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::backend::{Backend, Relayed};
use super::postgres::{Connections, column, refused, within};
use super::queue::QueueError;
use super::redis_streams::progress::Progress;
use super::registry;
use super::sequencer::{self, BACKEND, LOCK_ROWS, ORDER_LOCK, SEQUENCER_LOCK};
use super::subscription::Subscription;

/// On connections of the host's own.
pub type LogQueue = delivery::LogQueue<Connections>;

#[async_trait]
impl Backend for LogQueue {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn register(&self, subscriptions: &[Subscription]) -> Result<(), QueueError> {
        sequencer::adopt_server(self.store()).await?;
        registry::register(self.store(), subscriptions).await?;
        let mut client = self.store().client().await?;
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
        let mut client = self.store().client().await?;
        within("unsubscribe", async {
            let failed = |error| refused("unsubscribe", error);
            let transaction = client.transaction().await.map_err(failed)?;
            let lock = "SELECT pg_advisory_xact_lock($1)";
            transaction.execute(lock, &[&ORDER_LOCK]).await.map_err(failed)?;
            transaction.execute(LOCK_ROWS, &[&Some(subscription)]).await.map_err(failed)?;
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
        self.relay(max).await
    }

    async fn announce(&self, replica: Uuid) -> Result<(), QueueError> {
        self.announce(replica).await
    }

    async fn upkeep(&self) -> Result<(), QueueError> {
        self.upkeep().await
    }

    async fn close(&self) -> Result<(), QueueError> {
        self.close().await
    }
}

/// Makes rows of what the streams had not delivered when they were last written down, and begins at the tip. At a clean stop
/// that is exact; after a crash, the last moment's acknowledged events come a second time.
async fn take_over(transaction: &Transaction<'_>) -> Result<(), QueueError> {
    let failed = |error| refused("take over", error);
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&ORDER_LOCK]).await.map_err(failed)?;
    transaction.execute(LOCK_ROWS, &[&None::<&str>]).await.map_err(failed)?;
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
