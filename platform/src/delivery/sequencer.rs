//! Gives an ordinal to every event after it became visible. Producers commit in another order than they take positions, so
//! what follows the log follows ordinals. The work is `delivery.sequence_events` (`migrations/write/0007`); one session
//! of all replicas does it at a time.

use super::queue::QueueError;
use super::row::Row;
use super::store::Store;

/// Rings the dispatchers of every replica.
pub const QUEUE_CHANNEL: &str = "mindflow_queue";

/// On which back end the queues are; a column.
pub const BACKEND: &str = "coalesce((SELECT name FROM delivery.backend WHERE only_row), 'postgres') AS backend";

/// Ordinals given in one transaction: enough to spread its cost, few enough to take milliseconds.
pub const BATCH_MAX: u32 = 2_000;

/// What one look for committed events found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relayed {
    /// So many events, and the subscriptions that get any of them.
    Events { count: u64, wanted_by: Vec<String> },
    /// Another replica is relaying.
    Busy,
}

/// What one pass found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequenced {
    pub count: u64,
    /// Of its first event, if there is one.
    pub first_ordinal: i64,
}

// === impl Sequenced ===

impl Sequenced {
    /// An answer of `delivery.sequence_events`. `None`: another session is at it.
    ///
    /// # Errors
    /// The queues are on another back end, or the answer is none.
    pub fn of(row: &impl Row, backend: &str) -> Result<Option<Self>, QueueError> {
        let taken: Option<i64> = row.get("taken")?;
        match (taken, row.get::<Option<String>>("kept_by")?) {
            (Some(taken), _) => {
                Ok(Some(Self { count: taken.unsigned_abs(), first_ordinal: row.get("first_ordinal")? }))
            }
            (None, Some(to)) if to != backend => Err(QueueError::Moved { to }),
            (None, _) => Ok(None),
        }
    }
}

/// After a restore on another server, stored transaction ids mean nothing: makes the log this server's. Answers how many
/// events were not sequenced there and follow.
///
/// # Errors
/// The store's.
pub async fn adopt_server(store: &impl Store) -> Result<u64, QueueError> {
    const ADOPT: &str = "SELECT delivery.adopt_server((SELECT system_identifier FROM pg_control_system())) AS added";
    let rows = store.query("adopt server", ADOPT, &[]).await?;
    let added = rows.first().map(|row| row.get::<Option<i64>>("added")).transpose()?.flatten();
    Ok(added.unwrap_or_default().unsigned_abs())
}

/// Removes ordinals that every follower has passed and that are older than a day. An event that is a row keeps its own.
///
/// # Errors
/// The store's.
pub async fn trim(store: &impl Store, passed: i64) -> Result<(), QueueError> {
    // The log is in the order of time: where it is a day old is searched by halves, and not from its beginning.
    const TRIM: &str = "WITH RECURSIVE search(low, high) AS ( \
             SELECT min(s.ordinal) - 1, least($1, max(s.ordinal)) + 1 FROM delivery.sequenced s \
             UNION ALL \
             SELECT CASE WHEN h.is_old THEN h.half ELSE h.low END, CASE WHEN h.is_old THEN h.high ELSE h.half END \
             FROM (SELECT f.low, f.high, f.half, (SELECT s.sequenced_at < now() - interval '1 day' FROM delivery.sequenced s \
                     WHERE s.ordinal >= f.half ORDER BY s.ordinal LIMIT 1) AS is_old \
                 FROM (SELECT low, high, (low + high) / 2 AS half FROM search WHERE high - low > 1) f) h) \
         DELETE FROM delivery.sequenced WHERE ordinal = ANY (ARRAY(SELECT s.ordinal FROM delivery.sequenced s \
         WHERE s.ordinal <= (SELECT max(low) FROM search) \
         AND NOT EXISTS (SELECT FROM delivery.queue q WHERE q.position = s.position) ORDER BY s.ordinal LIMIT 10000))";
    store.query("trim", TRIM, &[&passed]).await.map(drop)
}
