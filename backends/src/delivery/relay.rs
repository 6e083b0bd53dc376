//! The relay moves committed events from the outbox to the archive and puts one row a subscription into
//! the queue, all in one transaction: an event is in the outbox, or delivered from the archive, never
//! in both and never in neither. One replica at a time relays, so that the archive's positions rise in
//! the order in which they become visible; any replica can be the one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::doorbell::Bells;
use super::health::Part;
use super::meter;
use super::postgres::{ORDER_LOCK, QUEUE_CHANNEL, column, refused, within};
use super::queue::QueueError;
use crate::postgres::Database;

/// Key of the advisory lock that makes one relay of many; "mindflow" in ASCII.
pub(super) const RELAY_LOCK: i64 = 0x6d69_6e64_666c_6f77;

/// Events moved in one transaction: large enough to spread its cost, small enough to take milliseconds.
const BATCH_MAX: i64 = 500;

/// Another relay may have read the outbox just before the commit that woke this one, so it looks again.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// As for the queue: commits without waiting for the disk (what a crash takes back is still in the outbox),
/// and keeps no plan that was made for empty tables.
const SETTINGS: &str = "SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off";

const MOVE: &str = "WITH moved AS (DELETE FROM delivery.outbox WHERE position = ANY (ARRAY( \
         SELECT position FROM delivery.outbox ORDER BY position LIMIT $1)) RETURNING *), \
     logged AS (INSERT INTO delivery.archive (event_id, event_type, version, occurred_at, source, source_component, sequence, \
         partition_key, correlation_id, traceparent, user_id, tenant_id, payload) \
         SELECT event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key, correlation_id, \
         traceparent, user_id, tenant_id, payload FROM moved ORDER BY position \
         ON CONFLICT (event_id) DO NOTHING RETURNING position, event_id, event_type, partition_key), \
     queued AS (INSERT INTO delivery.queue (subscription, partition_key, position, event_id, state) \
         SELECT s.name, l.partition_key, l.position, l.event_id, \
             CASE WHEN row_number() OVER (PARTITION BY s.name, l.partition_key ORDER BY l.position) = 1 \
                 AND NOT EXISTS (SELECT 1 FROM delivery.queue e WHERE e.subscription = s.name AND e.partition_key = l.partition_key) \
             THEN 'ready' ELSE 'waiting' END \
         FROM logged l JOIN delivery.subscription s ON l.event_type = ANY (s.event_types) RETURNING subscription) \
     SELECT (SELECT count(*) FROM moved) AS moved, ARRAY(SELECT DISTINCT subscription FROM queued) AS wanted_by";

/// What one look at the outbox found.
enum Moved {
    /// So many events, and the subscriptions that get any of them.
    Events { count: u64, wanted_by: Vec<String> },
    /// Another replica is relaying.
    Busy,
}

pub(super) struct Relay {
    pub(super) database: Database,
    /// This replica; its own notifications do not wake it.
    pub(super) replica: Uuid,
    pub(super) poll: Duration,
    /// Rung when the outbox may have something.
    pub(super) wake: Arc<Notify>,
    /// To ring when the queue has something.
    pub(super) dispatchers: Bells,
    pub(super) stop: CancellationToken,
    pub(super) health: Part,
}

// === impl Relay ===

impl Relay {
    /// Runs until `stop`.
    pub(super) async fn run(mut self) {
        while !self.stop.is_cancelled() {
            let pause = match self.pass().await {
                Ok(Moved::Events { count, wanted_by }) => {
                    self.health.succeeded();
                    wanted_by.iter().filter_map(|name| self.dispatchers.get(name)).for_each(|bell| bell.notify_one());
                    meter::relayed(count);
                    // A full batch: there may be more.
                    if count >= BATCH_MAX.unsigned_abs() { Duration::ZERO } else { self.poll }
                }
                Ok(Moved::Busy) => {
                    self.health.succeeded();
                    BUSY_PAUSE
                }
                Err(error) => {
                    let pause = self.health.failed(&error);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.stop.cancelled() => {}
                    }
                    continue;
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn pass(&self) -> Result<Moved, QueueError> {
        within("relay", async {
            let failed = |error| refused("relay", error);
            let mut client = self.database.admin().await.map_err(|error| QueueError::Connect(error.into()))?;
            let locking = client.prepare_cached("SELECT pg_try_advisory_xact_lock($1)").await.map_err(failed)?;
            let ordering = client.prepare_cached("SELECT pg_advisory_xact_lock($1)").await.map_err(failed)?;
            let moving = client.prepare_cached(MOVE).await.map_err(failed)?;
            let transaction = client.transaction().await.map_err(failed)?;
            transaction.batch_execute(SETTINGS).await.map_err(failed)?;
            // A statement of its own: the next one must see what the last relay committed.
            let locked: bool = transaction.query_one(&locking, &[&RELAY_LOCK]).await.map_err(failed)?.get(0);
            if !locked {
                return Ok(Moved::Busy);
            }
            transaction.execute(&ordering, &[&ORDER_LOCK]).await.map_err(failed)?;
            let row = transaction.query_one(&moving, &[&BATCH_MAX]).await.map_err(failed)?;
            let count: i64 = column(&row, "moved")?;
            let wanted_by: Vec<String> = column(&row, "wanted_by")?;
            if !wanted_by.is_empty() {
                let replica = self.replica.to_string();
                let notify = transaction.prepare_cached("SELECT pg_notify($1, $2)").await.map_err(failed)?;
                transaction.execute(&notify, &[&QUEUE_CHANNEL, &replica]).await.map_err(failed)?;
            }
            transaction.commit().await.map_err(failed)?;
            Ok(Moved::Events { count: count.unsigned_abs(), wanted_by })
        })
        .await
    }
}
