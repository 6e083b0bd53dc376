//! Gives an ordinal to every event after it became visible. Producers commit in another order than they take positions, so
//! what follows the log follows ordinals. The work is `delivery.sequence_events` (`migrations/write/0007`); one session
//! of all replicas does it at a time.

use deadpool_postgres::Client;
use tokio_postgres::{Row, Transaction};

use super::postgres::{column, query, refused};
use super::queue::QueueError;

/// Key of the advisory lock that makes one sequencer of many; "mindflow" in ASCII.
pub(super) const SEQUENCER_LOCK: i64 = 0x6d69_6e64_666c_6f77;

/// Rings the dispatchers of every replica.
pub(super) const QUEUE_CHANNEL: &str = "mindflow_queue";

/// On which back end the queues are; a column.
pub(super) const BACKEND: &str = "coalesce((SELECT name FROM delivery.backend WHERE only_row), 'postgres') AS backend";

/// Ordinals given in one transaction: enough to spread its cost, few enough to take milliseconds.
pub(super) const BATCH_MAX: u32 = 2_000;

/// What one pass found.
pub(super) struct Sequenced {
    pub(super) count: u64,
    /// Of its first event, if there is one.
    pub(super) first_ordinal: i64,
}

/// Gives ordinals to up to `max` events. `None`: another session is at it.
pub(super) async fn sequence(
    transaction: &Transaction<'_>,
    backend: &str,
    max: u32,
) -> Result<Option<Sequenced>, QueueError> {
    let failed = |error| refused("sequence", error);
    let statement = "SELECT taken, first_ordinal, kept_by FROM delivery.sequence_events($1, $2)";
    let max = i32::try_from(max).unwrap_or(i32::MAX);
    let row = transaction.query_one(statement, &[&max, &backend]).await.map_err(failed)?;
    Sequenced::of(&row, backend)
}

// === impl Sequenced ===

impl Sequenced {
    /// An answer of `delivery.sequence_events`. `None`: another session is at it.
    pub(super) fn of(row: &Row, backend: &str) -> Result<Option<Self>, QueueError> {
        let taken: Option<i64> = column(row, "taken")?;
        match (taken, column::<Option<String>>(row, "kept_by")?) {
            (Some(taken), _) => {
                Ok(Some(Self { count: taken.unsigned_abs(), first_ordinal: column(row, "first_ordinal")? }))
            }
            (None, Some(to)) if to != backend => Err(QueueError::Moved { to }),
            (None, _) => Ok(None),
        }
    }
}

/// The last ordinal.
pub(super) async fn tip(transaction: &Transaction<'_>) -> Result<i64, QueueError> {
    let statement = "SELECT last_ordinal FROM delivery.sequencer";
    let row = transaction.query_one(statement, &[]).await.map_err(|error| refused("tip", error))?;
    column(&row, "last_ordinal")
}

/// After a restore on another server, stored transaction ids mean nothing: makes the log this server's.
pub(super) async fn adopt_server(client: &Client) -> Result<(), QueueError> {
    let statement = "SELECT delivery.adopt_server((SELECT system_identifier FROM pg_control_system())) AS added";
    let rows = query(client, "adopt server", statement, &[]).await?;
    if let Some(added) = rows.first().map(|row| column::<Option<i64>>(row, "added")).transpose()?.flatten()
        && added > 0
    {
        tracing::info!(
            events = added,
            "the event log comes from another server; events that were not sequenced there follow"
        );
    }
    Ok(())
}

/// Removes ordinals that every follower has passed and that are older than a day. An event that is a row keeps its own.
pub(super) async fn trim(client: &Client, passed: i64) -> Result<(), QueueError> {
    const TRIM: &str = "DELETE FROM delivery.sequenced WHERE ordinal = ANY (ARRAY(SELECT s.ordinal FROM delivery.sequenced s \
         WHERE s.ordinal <= $1 AND s.sequenced_at < now() - interval '1 day' \
         AND NOT EXISTS (SELECT FROM delivery.queue q WHERE q.position = s.position) ORDER BY s.ordinal LIMIT 10000))";
    query(client, "trim", TRIM, &[&passed]).await.map(drop)
}
