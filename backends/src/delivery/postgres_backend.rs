//! Routing on Postgres: the rows of the queue are inserted by the statement that moves the events into the
//! archive, so an event is in the outbox, or delivered from the archive, never in both and never in neither.

use async_trait::async_trait;
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::backend::{Backend, Relayed};
use super::outbox::{BACKEND, MOVE, QUEUE_CHANNEL, RELAY_LOCK};
use super::postgres::{ORDER_LOCK, PostgresQueue, column, query, refused, within};
use super::queue::QueueError;
use super::redis_streams::progress::Progress;
use super::registry;
use super::subscription::Subscription;

/// As in the configuration and in `delivery.backend`.
const NAME: &str = "postgres";

/// As for the queue: commits without waiting for the disk (what a crash takes back is still in the outbox),
/// and keeps no plan that was made for empty tables.
const SETTINGS: &str = "SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off; SET LOCAL jit = off";

const QUEUED: &str = "queued AS (INSERT INTO delivery.queue (subscription, partition_key, position, event_id, state) \
     SELECT s.name, l.partition_key, l.position, l.event_id, \
         CASE WHEN row_number() OVER (PARTITION BY s.name, l.partition_key ORDER BY l.position) = 1 \
             AND NOT EXISTS (SELECT 1 FROM delivery.queue e WHERE e.subscription = s.name AND e.partition_key = l.partition_key) \
         THEN 'ready' ELSE 'waiting' END \
     FROM logged l JOIN delivery.subscription s ON l.event_type = ANY (s.event_types) RETURNING subscription)";

#[async_trait]
impl Backend for PostgresQueue {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn register(&self, subscriptions: &[Subscription]) -> Result<(), QueueError> {
        let mut client = self.client().await?;
        registry::register(&client, subscriptions).await?;
        let failed = |error| refused("take over", error);
        let kept_by = query(&client, "take over", &format!("SELECT {BACKEND}"), &[]).await?;
        if kept_by.first().map(|row| column::<String>(row, "backend")).transpose()?.is_some_and(|name| name != NAME) {
            let transaction = client.transaction().await.map_err(failed)?;
            take_over(&transaction).await?;
            transaction.commit().await.map_err(failed)?;
        }
        Ok(())
    }

    async fn unsubscribe(&self, subscription: &str) -> Result<bool, QueueError> {
        let mut client = self.client().await?;
        within("unsubscribe", async {
            let failed = |error| refused("unsubscribe", error);
            let transaction = client.transaction().await.map_err(failed)?;
            let lock = "SELECT pg_advisory_xact_lock($1)";
            transaction.execute(lock, &[&ORDER_LOCK]).await.map_err(failed)?;
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
        within("relay", async {
            let failed = |error| refused("relay", error);
            let mut client = self.client().await?;
            let statement = format!(
                "WITH {MOVE} RETURNING position, event_id, event_type, partition_key), {QUEUED} SELECT (SELECT count(*) FROM moved) AS moved, \
                 ARRAY(SELECT DISTINCT subscription FROM queued) AS wanted_by, {BACKEND}"
            );
            let locking = client.prepare_cached("SELECT pg_try_advisory_xact_lock($1)").await.map_err(failed)?;
            let ordering = client.prepare_cached("SELECT pg_advisory_xact_lock($1)").await.map_err(failed)?;
            let moving = client.prepare_cached(&statement).await.map_err(failed)?;
            let transaction = client.transaction().await.map_err(failed)?;
            transaction.batch_execute(SETTINGS).await.map_err(failed)?;
            // A statement of its own: the next one must see what the last relay committed.
            let locked: bool = transaction.query_one(&locking, &[&RELAY_LOCK]).await.map_err(failed)?.get(0);
            if !locked {
                return Ok(Relayed::Busy);
            }
            transaction.execute(&ordering, &[&ORDER_LOCK]).await.map_err(failed)?;
            let row = transaction.query_one(&moving, &[&i64::from(max), &NAME]).await.map_err(failed)?;
            let kept_by: String = column(&row, "backend")?;
            if kept_by != NAME {
                return Err(QueueError::Moved { to: kept_by });
            }
            let count: i64 = column(&row, "moved")?;
            let wanted_by: Vec<String> = column(&row, "wanted_by")?;
            transaction.commit().await.map_err(failed)?;
            Ok(Relayed::Events { count: count.unsigned_abs(), wanted_by })
        })
        .await
    }

    async fn announce(&self, replica: Uuid) -> Result<(), QueueError> {
        let client = self.client().await?;
        let replica = replica.to_string();
        query(&client, "announce", "SELECT pg_notify($1, $2)", &[&QUEUE_CHANNEL, &replica]).await.map(drop)
    }

    async fn upkeep(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

/// Queues what the streams had not delivered when they were last written down. At a clean stop that is exact;
/// after a crash, the last moment's acknowledged events come a second time.
async fn take_over(transaction: &Transaction<'_>) -> Result<(), QueueError> {
    let failed = |error| refused("take over", error);
    for lock in [RELAY_LOCK, ORDER_LOCK] {
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&lock]).await.map_err(failed)?;
    }
    for Progress { subscription, event_types, partitions } in Progress::all(transaction).await? {
        let of_type =
            "SELECT position, partition_key FROM delivery.archive WHERE event_type = ANY ($1) AND position > $2";
        let read_least = partitions.read_least();
        let mut positions: Vec<i64> = partitions.pending().collect();
        for row in transaction.query(of_type, &[&event_types, &read_least]).await.map_err(failed)? {
            let (position, key): (i64, String) = (column(&row, "position")?, column(&row, "partition_key")?);
            if position > partitions.read_of(&key) {
                positions.push(position);
            }
        }
        let queue = "INSERT INTO delivery.queue (subscription, partition_key, position, event_id, state) \
             SELECT $1, partition_key, position, event_id, 'waiting' FROM delivery.archive WHERE position = ANY ($2) \
             ON CONFLICT DO NOTHING";
        transaction.execute(queue, &[&subscription, &positions]).await.map_err(failed)?;
    }
    transaction
        .batch_execute(
            "UPDATE delivery.queue q SET state = 'ready' WHERE state = 'waiting' AND NOT EXISTS (SELECT 1 FROM delivery.queue e \
             WHERE e.subscription = q.subscription AND e.partition_key = q.partition_key AND e.position < q.position); \
             DELETE FROM delivery.stream_progress; \
             UPDATE delivery.backend SET name = 'postgres', epoch = NULL, changed_at = now()",
        )
        .await
        .map_err(failed)
}
