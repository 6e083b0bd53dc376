//! What an operator does with dead letters on Postgres. A dead letter is the first row of its key; what
//! is parked behind it are the key's waiting rows, which go on as soon as the first one does, or is gone.

use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::envelope::{COLUMNS, EnvelopeError, Event};
use super::postgres::{ORDER_LOCK, PROMOTE, PostgresQueue, column, query, refused, within};
use super::queue::{DEAD_LETTERS_PAGE_MAX, DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetters, QueueError};
use super::sequencer::QUEUE_CHANNEL;

const FROM: &str = "FROM delivery.queue q JOIN delivery.archive a ON a.position = q.position WHERE q.state = 'dead'";

const PARKED: &str = "(SELECT count(*) FROM delivery.queue p WHERE p.subscription = q.subscription \
     AND p.partition_key = q.partition_key AND p.position > q.position) AS parked";

const REVIVE: &str = "UPDATE delivery.queue SET state = 'ready', attempts = 0, lost = 0, dead_at = NULL, first_failed_at = NULL \
     WHERE subscription = $1 AND event_id = $2 AND state = 'dead'";

// === impl PostgresQueue ===

#[async_trait]
impl DeadLetters for PostgresQueue {
    async fn list(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, QueueError> {
        let statement = format!(
            "SELECT q.subscription, q.attempts, q.last_error, q.first_failed_at, q.dead_at, {PARKED}, {COLUMNS} {FROM} \
             AND ($1::text IS NULL OR q.subscription = $1) \
             AND ($2::timestamptz IS NULL OR (q.dead_at, q.event_id) < ($2, $3)) \
             ORDER BY q.dead_at DESC, q.event_id DESC LIMIT $4"
        );
        let (before, before_id) = filter.before.map(|(at, id)| (SystemTime::from(at), id)).unzip();
        let limit = i64::from(filter.limit.min(DEAD_LETTERS_PAGE_MAX));
        let client = self.client().await?;
        let rows =
            query(&client, "list dead letters", &statement, &[&filter.subscription, &before, &before_id, &limit])
                .await?;
        rows.iter().map(letter_of).collect()
    }

    async fn show(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, QueueError> {
        let statement = format!(
            "SELECT q.subscription, q.attempts, q.last_error, q.first_failed_at, q.dead_at, {PARKED}, {COLUMNS} {FROM} \
             AND q.subscription = $1 AND q.event_id = $2"
        );
        let client = self.client().await?;
        let rows = query(&client, "show dead letter", &statement, &[&id.subscription, &id.event_id]).await?;
        rows.first().map(letter_of).transpose()
    }

    async fn redrive(&self, id: &DeadLetterId) -> Result<bool, QueueError> {
        self.release("redrive", id, REVIVE).await
    }

    async fn discard(&self, id: &DeadLetterId) -> Result<bool, QueueError> {
        let drop = format!(
            "WITH gone AS (DELETE FROM delivery.queue WHERE subscription = $1 AND event_id = $2 AND state = 'dead' \
             RETURNING partition_key, position), promoted AS ({PROMOTE}) SELECT * FROM gone"
        );
        self.release("discard", id, &drop).await
    }
}

impl PostgresQueue {
    /// Changes the dead row by `statement`, with the relay and all acknowledgements held off for a moment.
    async fn release(&self, operation: &'static str, id: &DeadLetterId, statement: &str) -> Result<bool, QueueError> {
        let mut client = self.client().await?;
        within(operation, async {
            let failed = |error| refused(operation, error);
            let transaction = client.transaction().await.map_err(failed)?;
            transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&ORDER_LOCK]).await.map_err(failed)?;
            let changed = transaction.execute(statement, &[&id.subscription, &id.event_id]).await.map_err(failed)?;
            transaction.execute("SELECT pg_notify($1, '')", &[&QUEUE_CHANNEL]).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)?;
            Ok(changed > 0)
        })
        .await
    }
}

fn letter_of(row: &Row) -> Result<DeadLetter, QueueError> {
    let event = Event::from_row(row)?;
    let consumer: String = column(row, "subscription")?;
    let id = DeadLetterId { subscription: consumer.clone(), event_id: event.event_id }.to_string();
    let attempts: i32 = column(row, "attempts")?;
    let parked: i64 = column(row, "parked")?;
    let first_failed_at: Option<SystemTime> = column(row, "first_failed_at")?;
    Ok(DeadLetter {
        id,
        consumer,
        event,
        attempts: u32::try_from(attempts).unwrap_or_default(),
        last_error: column::<Option<String>>(row, "last_error")?.unwrap_or_default(),
        first_failed_at: first_failed_at.map(timestamp).transpose()?,
        dead_at: timestamp(column(row, "dead_at")?)?,
        parked: u64::try_from(parked).unwrap_or_default(),
    })
}

fn timestamp(time: SystemTime) -> Result<Timestamp, QueueError> {
    Timestamp::try_from(time).map_err(|error| QueueError::Envelope(EnvelopeError::Timestamp(error)))
}
