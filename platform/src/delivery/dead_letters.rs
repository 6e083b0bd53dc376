//! What an operator does with dead letters on Postgres. A dead letter is the first row of its key; what
//! is parked behind it are the key's waiting rows, which go on as soon as the first one does, or is gone.

use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;

use super::queue::{DEAD_LETTERS_PAGE_MAX, DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetters, QueueError};
use super::row::Row;
use super::rows::{PROMOTE, RowQueue};
use super::sequencer::QUEUE_CHANNEL;
use super::store::{Commit, Lock, Store};
use crate::event::{COLUMNS, EnvelopeError};

const FROM: &str = "FROM delivery.queue q JOIN delivery.archive a ON a.position = q.position WHERE q.state = 'dead'";

const PARKED: &str = "(SELECT count(*) FROM delivery.queue p WHERE p.subscription = q.subscription \
     AND p.partition_key = q.partition_key AND p.position > q.position) AS parked";

const REVIVE: &str = "WITH changed AS (UPDATE delivery.queue SET state = 'ready', attempts = 0, lost = 0, dead_at = NULL, first_failed_at = NULL \
     WHERE subscription = $1 AND event_id = $2 AND state = 'dead' RETURNING position) \
     SELECT count(*) AS changed, pg_notify($3, '') FROM changed";

// === impl RowQueue ===

#[async_trait]
impl<S: Store> DeadLetters for RowQueue<S> {
    async fn list(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, QueueError> {
        let statement = format!(
            "SELECT q.subscription, q.attempts, q.last_error, q.first_failed_at, q.dead_at, {PARKED}, {COLUMNS} {FROM} \
             AND ($1::text IS NULL OR q.subscription = $1) \
             AND ($2::timestamptz IS NULL OR (q.dead_at, q.event_id) < ($2, $3)) \
             ORDER BY q.dead_at DESC, q.event_id DESC LIMIT $4"
        );
        let (before, before_id) = filter.before.map(|(at, id)| (SystemTime::from(at), id)).unzip();
        let limit = i64::from(filter.limit.min(DEAD_LETTERS_PAGE_MAX));
        let rows =
            self.query("list dead letters", &statement, &[&filter.subscription, &before, &before_id, &limit]).await?;
        rows.iter().map(letter_of).collect()
    }

    async fn show(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, QueueError> {
        let statement = format!(
            "SELECT q.subscription, q.attempts, q.last_error, q.first_failed_at, q.dead_at, {PARKED}, {COLUMNS} {FROM} \
             AND q.subscription = $1 AND q.event_id = $2"
        );
        let rows = self.query("show dead letter", &statement, &[&id.subscription, &id.event_id]).await?;
        rows.first().map(letter_of).transpose()
    }

    async fn redrive(&self, id: &DeadLetterId) -> Result<bool, QueueError> {
        self.release("redrive", id, REVIVE).await
    }

    async fn discard(&self, id: &DeadLetterId) -> Result<bool, QueueError> {
        let drop = format!(
            "WITH gone AS (DELETE FROM delivery.queue WHERE subscription = $1 AND event_id = $2 AND state = 'dead' \
             RETURNING partition_key, position), promoted AS ({PROMOTE}) SELECT count(*) AS changed, pg_notify($3, '') FROM gone"
        );
        self.release("discard", id, &drop).await
    }
}

impl<S: Store> RowQueue<S> {
    /// Changes the dead row by `statement`, with the relay and all acknowledgements held off for a moment.
    async fn release(&self, operation: &'static str, id: &DeadLetterId, statement: &str) -> Result<bool, QueueError> {
        let (commit, lock) = (Commit::OnDisk, Some(Lock::Order));
        let rows = self
            .transact(commit, lock, operation, statement, &[&id.subscription, &id.event_id, &QUEUE_CHANNEL])
            .await?;
        let changed: i64 = rows.first().ok_or(QueueError::Answer { operation })?.get("changed")?;
        Ok(changed > 0)
    }
}

fn letter_of(row: &impl Row) -> Result<DeadLetter, QueueError> {
    let event = row.event()?;
    let consumer: String = row.get("subscription")?;
    let id = DeadLetterId { subscription: consumer.clone(), event_id: event.event_id }.to_string();
    let attempts: i32 = row.get("attempts")?;
    let parked: i64 = row.get("parked")?;
    let first_failed_at: Option<SystemTime> = row.get("first_failed_at")?;
    Ok(DeadLetter {
        id,
        consumer,
        event,
        attempts: u32::try_from(attempts).unwrap_or_default(),
        last_error: row.get::<Option<String>>("last_error")?.unwrap_or_default(),
        first_failed_at: first_failed_at.map(timestamp).transpose()?,
        dead_at: timestamp(row.get("dead_at")?)?,
        parked: u64::try_from(parked).unwrap_or_default(),
    })
}

fn timestamp(time: SystemTime) -> Result<Timestamp, QueueError> {
    Timestamp::try_from(time).map_err(|error| QueueError::Envelope(EnvelopeError::Timestamp(error)))
}
