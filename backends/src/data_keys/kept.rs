//! Payloads that the log had before there were keys, or has from a host of an earlier version, are sealed in the background, a batch
//! per transaction. Each transaction stores the position that it reached, and the next run goes on there.

use mindflow_platform::data_keys::postgres::KEPT_UNDER;
use mindflow_platform::data_keys::{About, Clear, DataKeys, Sealed, Subject};
use serde_json::Value;
use uuid::Uuid;

use super::KeyError;
use super::destroyed::DestroyedError;
use crate::database::postgres::Database;
use crate::database::sql;

/// Payloads of one transaction: some tens of milliseconds.
const BATCH: i64 = 500;
/// Held by the one replica that seals ("data" in ASCII).
const LOCK: i64 = 0x6461_7461;

const READ: &str = "SELECT position, event_id, event_type, partition_key, user_id, payload::text AS payload, \
     delivery.kept_under(partition_key) AS under FROM delivery.archive \
     WHERE position > $1 AND position <= $2 AND user_id IS NOT NULL AND NOT payload ? '$sealed' \
     AND delivery.kept_under(partition_key) <> '' ORDER BY position LIMIT $3";

/// Why it cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error("no connection to the event log")]
    Connect(#[source] sql::Error),
    #[error("the event log refused it")]
    Statement(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// How much of the log is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Where no event appears any more.
    Floor,
    /// All that is there now, also what was imported.
    End,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Payloads sealed by this call.
    pub sealed: u64,
    /// Everything up to here is sealed.
    pub position: i64,
    /// How far it goes.
    pub last: i64,
    /// Where the log ended when it began: beyond the floor as long as events may still appear before it.
    pub end: i64,
}

/// A payload in clear.
struct Kept {
    position: i64,
    event_id: Uuid,
    event_type: String,
    partition_key: String,
    user_id: Uuid,
    payload: String,
    under: String,
}

/// To whom payloads belong that were published before there were keys, by the events' partition keys.
///
/// # Errors
/// The database's.
pub(super) async fn subjects(log: &Database, partition_keys: &[String]) -> Result<Vec<Subject>, DestroyedError> {
    let client = log.admin().await.map_err(DestroyedError::Connect)?;
    let rows = client.query(KEPT_UNDER, &[&partition_keys]).await?;
    rows.iter().map(|row| Ok(subject(row.try_get(0)?))).collect()
}

fn subject(under: String) -> Subject {
    if under.is_empty() { Subject::Unsealed } else { Subject::Aggregate(under) }
}

/// Seals all that is in clear, unless another replica does. Can be ended at any moment and called again.
///
/// # Errors
/// What was done stays done.
pub async fn seal(
    log: &Database,
    keys: &DataKeys,
    until: Until,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Option<Progress>, KeptError> {
    // The lock is the session's, and goes with it.
    let session = log.session().await.map_err(KeptError::Connect)?;
    let alone: bool = session.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await?.try_get(0)?;
    if !alone {
        return Ok(None);
    }
    let begin = "SELECT s.position, q.floor, coalesce(pg_sequence_last_value('delivery.archive_position'), 0) \
         FROM delivery.sealing s, delivery.sequencer q";
    let begin = session.query_one(begin, &[]).await?;
    let (floor, end): (i64, i64) = (begin.try_get(1)?, begin.try_get(2)?);
    let mut at = match until {
        Until::Floor => Progress { sealed: 0, position: begin.try_get(0)?, last: floor, end },
        // What was imported may be anywhere.
        Until::End => Progress { sealed: 0, position: i64::MIN, last: end, end },
    };
    while at.position < at.last {
        let batch = read(log, at).await?;
        let is_last = (batch.len() as u64) < BATCH.unsigned_abs();
        let reached = batch.last().filter(|_| !is_last).map_or(at.last, |kept| kept.position);
        let payloads = sealed(keys, &batch).await?;
        let positions: Vec<i64> = batch.iter().map(|kept| kept.position).collect();
        let client = log.admin().await.map_err(KeptError::Connect)?;
        let seal = "SELECT delivery.seal_payloads($1, $2, $3)";
        let done: i64 = client.query_one(seal, &[&positions, &payloads, &reached.min(floor)]).await?.try_get(0)?;
        at = Progress { sealed: at.sealed.saturating_add(done.unsigned_abs()), position: reached, ..at };
        progress(at);
    }
    if at.sealed > 0 {
        // What was in clear is still in the table's pages, and goes now.
        session.batch_execute("VACUUM delivery.archive").await?;
    }
    Ok(Some(at))
}

async fn read(log: &Database, at: Progress) -> Result<Vec<Kept>, KeptError> {
    let client = log.admin().await.map_err(KeptError::Connect)?;
    let rows = client.query(READ, &[&at.position, &at.last, &BATCH]).await?;
    let kept = rows.iter().map(|row| {
        Ok(Kept {
            position: row.try_get("position")?,
            event_id: row.try_get("event_id")?,
            event_type: row.try_get("event_type")?,
            partition_key: row.try_get("partition_key")?,
            user_id: row.try_get("user_id")?,
            payload: row.try_get("payload")?,
            under: row.try_get("under")?,
        })
    });
    Ok(kept.collect::<Result<_, tokio_postgres::Error>>()?)
}

/// Their payloads as they are to be kept, each as PostgreSQL had it, to the last digit.
async fn sealed(keys: &DataKeys, batch: &[Kept]) -> Result<Vec<String>, KeyError> {
    let clear = batch.iter().map(|kept| {
        let Kept { event_id, event_type, partition_key, user_id, .. } = kept;
        let about = About { event_id: *event_id, event_type, partition_key, user_id: *user_id };
        let under = Some(kept.under.as_str()).filter(|under| under != partition_key);
        Clear { about, under, text: kept.payload.clone() }
    });
    let sealed = keys.seal(clear.collect()).await?;
    let text = |sealed: Option<Sealed>| Value::Object(sealed.unwrap_or_else(Sealed::nothing).members()).to_string();
    Ok(sealed.into_iter().map(text).collect())
}
