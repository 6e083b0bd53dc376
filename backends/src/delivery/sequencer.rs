//! Sequencing on connections of the host's own; what it is, is the same on every host.

use tokio_postgres::Transaction;

pub(super) use mindflow_platform::delivery::sequencer::{BACKEND, BATCH_MAX, QUEUE_CHANNEL, Sequenced, trim};
pub(super) use mindflow_platform::delivery::store::{ORDER_LOCK, SEQUENCER_LOCK};

use super::postgres::{Connections, column, refused};
use super::queue::QueueError;

/// Locks everything of a subscription, or null: of all. After [`ORDER_LOCK`]; see `mindflow_platform::delivery::store`.
pub(super) const LOCK_ROWS: &str = "SELECT delivery.lock_rows($1)";

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

/// The last ordinal.
pub(super) async fn tip(transaction: &Transaction<'_>) -> Result<i64, QueueError> {
    let statement = "SELECT last_ordinal FROM delivery.sequencer";
    let row = transaction.query_one(statement, &[]).await.map_err(|error| refused("tip", error))?;
    column(&row, "last_ordinal")
}

/// After a restore on another server, stored transaction ids mean nothing: makes the log this server's.
pub(super) async fn adopt_server(connections: &Connections) -> Result<(), QueueError> {
    let added = mindflow_platform::delivery::sequencer::adopt_server(connections).await?;
    if added > 0 {
        tracing::info!(
            events = added,
            "the event log comes from another server; events that were not sequenced there follow"
        );
    }
    Ok(())
}
