//! Deliveries that left the order of the log: failed, put off, dead, or waiting behind such a one. A row each. Leases are
//! columns of the row, taken with `FOR UPDATE SKIP LOCKED`; every time is the database's own, so that all replicas
//! live by one clock.
//!
//! Only the first row of a key is `ready`, so leasing never walks over what waits behind it. The statement that removes a
//! first row makes the next one ready, and must not miss one that is just being added behind it: removals hold
//! [`ORDER_LOCK`](super::store::ORDER_LOCK) shared, additions hold it alone.
//!
//! These transactions commit without waiting for the disk (`synchronous_commit = off`): what a crash of
//! Postgres takes back is a lease or an acknowledgement, and the event is then delivered again, as
//! "at least once" allows. The order of the log on disk guarantees that an effect that survives never
//! outlives the event that caused it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::policy::LOST_SUSPECT;
use super::queue::{Depth, HoldRequest, Leased, Outcome, Queue, QueueError, Receipt, Settlement};
use super::row::{Row, duration};
use super::store::{Commit, Lock, Params, Store};
use crate::event::COLUMNS;

/// Makes the row after each of `gone` (partition_key, position) ready; a part of the statement that removes them.
pub(super) const PROMOTE: &str = "UPDATE delivery.queue n SET state = 'ready' FROM gone \
     WHERE n.subscription = $1 AND n.partition_key = gone.partition_key AND n.position = (SELECT e.position FROM delivery.queue e \
     WHERE e.subscription = $1 AND e.partition_key = gone.partition_key AND e.position > gone.position ORDER BY e.position LIMIT 1)";

/// What may be leased now: `suspects` or not, `limit` at most. A lease that ran out is counted when the next one is taken.
fn picked(suspects: bool, limit: &str) -> String {
    let (not, at) = (if suspects { "" } else { "NOT" }, LOST_SUSPECT);
    format!(
        "SELECT q.subscription, q.partition_key, q.position FROM delivery.queue q WHERE q.subscription = $1 AND q.state = 'ready' \
         AND {not} (q.lost >= {at} - 1 AND (q.lost >= {at} OR q.lease IS NOT NULL)) \
         AND NOT EXISTS (SELECT 1 FROM delivery.hold h WHERE h.subscription = $1 AND h.held_until > now()) \
         AND (q.not_before IS NULL OR q.not_before <= now()) AND (q.leased_until IS NULL OR q.leased_until <= now()) \
         ORDER BY q.position LIMIT {limit} FOR UPDATE OF q SKIP LOCKED"
    )
}

const NEXT_DUE: &str = "SELECT extract(epoch FROM min(not_before) - now())::float8 AS seconds FROM delivery.queue \
     WHERE subscription = $1 AND state = 'ready' AND not_before IS NOT NULL";

const DEPTH: &str = "SELECT s.name AS subscription, count(*) FILTER (WHERE q.state <> 'dead' AND d.state IS NULL) AS ready, \
     count(*) FILTER (WHERE q.leased_until > now()) AS leased, count(*) FILTER (WHERE q.state = 'dead') AS dead, \
     count(*) FILTER (WHERE q.state = 'waiting' AND d.state IS NOT NULL) AS parked, \
     extract(epoch FROM now() - min(a.archived_at) FILTER (WHERE q.state <> 'dead' AND d.state IS NULL))::float8 AS oldest \
     FROM delivery.subscription s LEFT JOIN delivery.queue q ON q.subscription = s.name \
     LEFT JOIN delivery.queue d ON d.subscription = q.subscription AND d.partition_key = q.partition_key AND d.state = 'dead' \
     LEFT JOIN delivery.archive a ON a.position = q.position GROUP BY s.name ORDER BY s.name";

/// See the module.
pub struct RowQueue<S> {
    pub(super) store: Arc<S>,
    lease: String,
    ack: String,
    retry: String,
    extend: String,
}

// === impl RowQueue ===

impl<S: Store> RowQueue<S> {
    #[must_use]
    pub fn new(store: Arc<S>) -> Self {
        // What the caller holds of the leases, locked in the order of positions.
        let held = "held AS MATERIALIZED (SELECT h.partition_key, h.position, h.lease FROM delivery.queue h \
             JOIN unnest($2::text[], $3::int8[], $4::uuid[]) AS r(partition_key, position, lease) \
             ON h.partition_key = r.partition_key AND h.position = r.position AND h.lease = r.lease \
             WHERE h.subscription = $1 AND h.state = 'ready' ORDER BY h.position FOR UPDATE OF h)";
        let same = "q.subscription = $1 AND q.partition_key = r.partition_key AND q.position = r.position";
        Self {
            store,
            lease: format!(
                "WITH suspect AS ({}), others AS ({}), picked AS (TABLE suspect UNION ALL TABLE others), leased AS (UPDATE delivery.queue q SET not_before = NULL, \
                 attempts = q.attempts + CASE WHEN q.lease IS NULL THEN 1 ELSE 0 END, lost = q.lost + CASE WHEN q.lease IS NULL THEN 0 ELSE 1 END, \
                 leased_until = now() + make_interval(secs => $3), lease = gen_random_uuid(), lease_owner = $4 FROM picked p \
                 WHERE q.subscription = p.subscription AND q.partition_key = p.partition_key \
                 AND q.position = p.position RETURNING q.position, q.attempts, q.lost, q.lease) \
                 SELECT l.position, l.attempts, l.lost, l.lease, {COLUMNS} FROM leased l \
                 JOIN delivery.archive a ON a.position = l.position ORDER BY l.position",
                picked(true, "CASE WHEN $5 THEN 1 ELSE 0 END"),
                picked(false, "$2::int8 - (SELECT count(*) FROM suspect)")
            ),
            ack: format!(
                "WITH {held}, gone AS (DELETE FROM delivery.queue q USING held r WHERE {same} \
                 RETURNING q.partition_key, q.position, r.lease), promoted AS ({PROMOTE}) SELECT * FROM gone"
            ),
            retry: format!(
                "WITH {held} UPDATE delivery.queue q SET leased_until = NULL, lease = NULL, lease_owner = NULL, last_error = o.error, \
                 not_before = CASE WHEN o.delay > 0 THEN now() + make_interval(secs => o.delay) END, \
                 attempts = q.attempts - CASE WHEN o.counted THEN 0 ELSE 1 END, \
                 first_failed_at = CASE WHEN o.counted THEN coalesce(q.first_failed_at, now()) ELSE q.first_failed_at END \
                 FROM held r JOIN unnest($4::uuid[], $5::text[], $6::float8[], $7::bool[]) AS o(lease, error, delay, counted) \
                 ON o.lease = r.lease WHERE {same} RETURNING q.partition_key, q.position, r.lease"
            ),
            extend: format!(
                "WITH {held} UPDATE delivery.queue q SET leased_until = now() + make_interval(secs => $5) FROM held r WHERE {same} \
                 RETURNING q.partition_key, q.position, r.lease"
            ),
        }
    }

    pub(super) async fn rows(
        &self,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<S::Row>, QueueError> {
        self.transact(Commit::Soon, None, operation, statement, params).await
    }

    pub(super) async fn query(
        &self,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<S::Row>, QueueError> {
        self.store.query(operation, statement, params).await
    }

    pub(super) async fn transact(
        &self,
        commit: Commit,
        lock: Option<Lock>,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<S::Row>, QueueError> {
        self.store.transact(commit, lock, operation, statement, params).await
    }

    async fn ack(&self, subscription: &str, receipts: &Receipts) -> Result<Vec<Receipt>, QueueError> {
        let Receipts { keys, positions, tokens } = receipts;
        let params: Params<'_> = &[&subscription, keys, positions, tokens];
        let rows = self.transact(Commit::Soon, Some(Lock::OrderShared), "ack", &self.ack, params).await?;
        receipts_of(&rows)
    }

    async fn retry(&self, subscription: &str, retries: &Retries) -> Result<Vec<Receipt>, QueueError> {
        let Receipts { keys, positions, tokens } = &retries.receipts;
        let Retries { errors, delays, counted, .. } = retries;
        let params: Params<'_> = &[&subscription, keys, positions, tokens, errors, delays, counted];
        receipts_of(&self.rows("retry", &self.retry, params).await?)
    }

    async fn bury(&self, subscription: &str, receipt: &Receipt, error: &str) -> Result<bool, QueueError> {
        const BURY: &str = "UPDATE delivery.queue SET state = 'dead', dead_at = now(), last_error = $5, \
             first_failed_at = coalesce(first_failed_at, now()), not_before = NULL, leased_until = NULL, lease = NULL, \
             lease_owner = NULL WHERE subscription = $1 AND partition_key = $2 AND position = $3 AND lease = $4 \
             AND state = 'ready' RETURNING position";
        let Receipt { position, partition_key, token } = receipt;
        let rows = self.rows("dead", BURY, &[&subscription, partition_key, position, token, &error]).await?;
        Ok(!rows.is_empty())
    }
}

#[async_trait]
impl<S: Store> Queue for RowQueue<S> {
    async fn lease(
        &self,
        subscription: &str,
        owner: Uuid,
        max: u32,
        lease_for: Duration,
        suspect: bool,
    ) -> Result<Vec<Leased>, QueueError> {
        let seconds = lease_for.as_secs_f64();
        let params: Params<'_> = &[&subscription, &i64::from(max), &seconds, &owner, &suspect];
        let rows = self.transact(Commit::Soon, Some(Lock::HoldShared), "lease", &self.lease, params).await?;
        rows.iter().map(leased_of).collect()
    }

    async fn settle(&self, subscription: &str, settlements: &[Settlement]) -> Result<Vec<Receipt>, QueueError> {
        let mut acks = Receipts::default();
        let mut retries = Retries::default();
        let mut held = Vec::with_capacity(settlements.len());
        for Settlement { receipt, outcome } in settlements {
            match outcome {
                Outcome::Ack => acks.push(receipt),
                Outcome::Retry { error, delay, counted } => retries.push(receipt, error, *delay, *counted),
                Outcome::Dead { error } => {
                    if self.bury(subscription, receipt, error).await? {
                        held.push(receipt.clone());
                    }
                }
            }
        }
        if !acks.positions.is_empty() {
            held.append(&mut self.ack(subscription, &acks).await?);
        }
        if !retries.errors.is_empty() {
            held.append(&mut self.retry(subscription, &retries).await?);
        }
        Ok(held)
    }

    async fn extend(
        &self,
        subscription: &str,
        receipts: &[Receipt],
        lease_for: Duration,
    ) -> Result<Vec<Receipt>, QueueError> {
        let mut wanted = Receipts::default();
        receipts.iter().for_each(|receipt| wanted.push(receipt));
        let Receipts { keys, positions, tokens } = &wanted;
        let params: Params<'_> = &[&subscription, keys, positions, tokens, &lease_for.as_secs_f64()];
        receipts_of(&self.rows("extend", &self.extend, params).await?)
    }

    async fn next_due(&self, subscription: &str) -> Result<Option<Duration>, QueueError> {
        let rows = self.rows("next due", NEXT_DUE, &[&subscription]).await?;
        rows.first().map_or(Ok(None), |row| duration(row, "seconds"))
    }

    async fn hold(&self, subscription: &str, holder: Uuid, request: HoldRequest) -> Result<bool, QueueError> {
        const TAKE: &str = "INSERT INTO delivery.hold AS h (subscription, holder, held_until) \
             VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3)) ON CONFLICT (subscription) DO UPDATE \
             SET holder = excluded.holder, held_until = excluded.held_until \
             WHERE h.holder = excluded.holder OR h.held_until <= clock_timestamp() RETURNING holder";
        const RENEW: &str = "UPDATE delivery.hold SET held_until = clock_timestamp() + make_interval(secs => $3) \
             WHERE subscription = $1 AND holder = $2 AND held_until > clock_timestamp() RETURNING holder";
        const RELEASE: &str = "DELETE FROM delivery.hold WHERE subscription = $1 AND holder = $2 RETURNING holder";
        let rows = match request {
            HoldRequest::Take(hold_for) => {
                let seconds = hold_for.as_secs_f64();
                let params: Params<'_> = &[&subscription, &holder, &seconds];
                self.transact(Commit::Soon, Some(Lock::Hold), "hold", TAKE, params).await?
            }
            HoldRequest::Renew(hold_for) => {
                self.rows("renew hold", RENEW, &[&subscription, &holder, &hold_for.as_secs_f64()]).await?
            }
            HoldRequest::Release => self.rows("release", RELEASE, &[&subscription, &holder]).await?,
        };
        Ok(!rows.is_empty())
    }

    async fn depth(&self) -> Result<Vec<Depth>, QueueError> {
        self.rows("depth", DEPTH, &[]).await?.iter().map(depth_of).collect()
    }
}

/// Receipts as the columns that `unnest` takes.
#[derive(Default)]
struct Receipts {
    keys: Vec<String>,
    positions: Vec<i64>,
    tokens: Vec<Uuid>,
}

#[derive(Default)]
struct Retries {
    receipts: Receipts,
    errors: Vec<String>,
    delays: Vec<f64>,
    counted: Vec<bool>,
}

// === impl Receipts ===

impl Receipts {
    fn push(&mut self, receipt: &Receipt) {
        self.keys.push(receipt.partition_key.clone());
        self.positions.push(receipt.position);
        self.tokens.push(receipt.token);
    }
}

// === impl Retries ===

impl Retries {
    fn push(&mut self, receipt: &Receipt, error: &str, delay: Duration, counted: bool) {
        self.receipts.push(receipt);
        self.errors.push(error.to_owned());
        self.delays.push(delay.as_secs_f64());
        self.counted.push(counted);
    }
}

fn leased_of(row: &impl Row) -> Result<Leased, QueueError> {
    let event = Arc::new(row.event()?);
    let receipt = Receipt {
        position: row.get("position")?,
        partition_key: event.partition_key.clone(),
        token: row.get("lease")?,
    };
    let count = |name| row.get::<i32>(name).map(|count| u32::try_from(count).unwrap_or_default());
    Ok(Leased { receipt, event, attempt: count("attempts")?, lost: count("lost")? })
}

fn receipts_of(rows: &[impl Row]) -> Result<Vec<Receipt>, QueueError> {
    rows.iter()
        .map(|row| {
            Ok(Receipt {
                position: row.get("position")?,
                partition_key: row.get("partition_key")?,
                token: row.get("lease")?,
            })
        })
        .collect()
}

pub(super) fn depth_of(row: &impl Row) -> Result<Depth, QueueError> {
    let count = |name| row.get::<i64>(name).map(|count| u64::try_from(count).unwrap_or_default());
    Ok(Depth {
        subscription: row.get("subscription")?,
        ready: count("ready")?,
        leased: count("leased")?,
        dead: count("dead")?,
        parked: count("parked")?,
        oldest: duration(row, "oldest")?,
    })
}
