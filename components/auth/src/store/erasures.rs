//! Erasures and what services have said of them, in the write database. Each change is of a state that it names, so that of two that make the
//! same one, at the same moment or again, one does.

use super::accounts::DATABASE;
use crate::erasure::{Erasure, Report};
use mindflow_guest::{
    call::Error,
    erasing, params,
    sql::{self, Abort, Identity, Json, Row, RowError, Time, Tx},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Erasures read together.
const PAGE_ROWS: i64 = 1_000;

/// `SELECT` of erasures; `$condition` follows.
macro_rules! select_erasures {
    ($condition:literal) => {
        concat!(
            "SELECT id, user_id, entry_id, requested_at, due_at, first_sequence, keys_destroyed_at, last_sequence, completed_at
             FROM auth.erasures WHERE ",
            $condition
        )
    };
}

fn read(row: Row<'_>) -> Result<Erasure, RowError> {
    let time = |name| Ok::<_, RowError>(row.get::<Option<Time>>(name)?.map(|Time(at_us)| at_us));
    Ok(Erasure {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        entry_id: row.get("entry_id")?,
        requested_at_us: row.get::<Time>("requested_at")?.0,
        due_at_us: row.get::<Time>("due_at")?.0,
        first_sequence: row.get("first_sequence")?,
        keys_destroyed_at_us: time("keys_destroyed_at")?,
        last_sequence: row.get("last_sequence")?,
        completed_at_us: time("completed_at")?,
    })
}

/// The erasure of that id, with all that services have said.
pub async fn by_id(id: Uuid) -> Result<Option<(Erasure, Vec<Report>)>, Error> {
    let statements = vec![
        (select_erasures!("id = $1::uuid").to_owned(), params![id]),
        (
            "SELECT sequence, service, counts FROM auth.erasure_reports WHERE erasure_id = $1::uuid ORDER BY sequence, service".to_owned(),
            params![id],
        ),
    ];
    let answers = sql::query_many(DATABASE, Identity::Service, statements).await?;
    let mut answers = answers.iter();
    let Some(erasure) = answers.next().and_then(|rows| rows.first()).map(read).transpose()? else { return Ok(None) };
    let reports = answers.next().map(|rows| rows.map(report)).transpose()?.unwrap_or_default();
    Ok(Some((erasure, reports)))
}

fn report(row: Row<'_>) -> Result<Report, RowError> {
    let Json(counts) = row.get("counts")?;
    // What is no object of numbers was not written here; it counts as nothing.
    let counts: BTreeMap<String, u64> = serde_json::from_str(&counts).unwrap_or_default();
    Ok(Report { sequence: row.get("sequence")?, service: row.get("service")?, counts })
}

/// That of a user's account.
pub async fn of_account(tx: &Tx, user_id: Uuid) -> Result<Option<Erasure>, Abort> {
    let rows = tx.query(select_erasures!("user_id = $1::uuid AND entry_id IS NULL"), params![user_id]).await?;
    Ok(rows.first().map(read).transpose()?)
}

/// Those that are due and not complete, the earliest first.
pub async fn to_do(now_us: i64) -> Result<Vec<Uuid>, Error> {
    let statement = "SELECT id FROM auth.erasures WHERE completed_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2";
    let rows = sql::query(DATABASE, Identity::Service, statement, params![Time(now_us), PAGE_ROWS]).await?;
    Ok(rows.map(|row| row.get("id"))?)
}

/// The newest.
pub async fn newest() -> Result<Vec<Erasure>, Error> {
    let statement = select_erasures!("true ORDER BY requested_at DESC, id LIMIT $1");
    Ok(sql::query(DATABASE, Identity::Service, statement, params![PAGE_ROWS]).await?.map(read)?)
}

pub async fn add(tx: &Tx, erasure: &Erasure) -> Result<(), Abort> {
    let Erasure { id, user_id, entry_id, requested_at_us, due_at_us, first_sequence, .. } = erasure;
    tx.execute(
        "INSERT INTO auth.erasures (id, user_id, entry_id, requested_at, due_at, first_sequence, event_sequence)
         VALUES ($1::uuid, $2::uuid, $3::uuid, $4::timestamptz, $5::timestamptz, $6::bigint, coalesce($6::bigint, 0)) ON CONFLICT (id) DO NOTHING",
        params![*id, *user_id, *entry_id, Time(*requested_at_us), Time(*due_at_us), *first_sequence],
    )
    .await?;
    Ok(())
}

/// Takes back one that has not begun. Answers its user.
pub async fn cancel(tx: &Tx, id: Uuid) -> Result<Option<Uuid>, Abort> {
    let statement = "DELETE FROM auth.erasures WHERE id = $1::uuid AND entry_id IS NULL AND first_sequence IS NULL RETURNING user_id";
    let rows = tx.query(statement, params![id]).await?;
    Ok(rows.first().map(|row| row.get("user_id")).transpose()?)
}

/// Has one that waits be due, and one that is complete begin once more.
pub async fn hurry(tx: &Tx, id: Uuid, now_us: i64) -> Result<(), Abort> {
    tx.execute(
        "UPDATE auth.erasures SET due_at = greatest(requested_at, least(due_at, $2::timestamptz)), first_sequence = NULL,
            keys_destroyed_at = NULL, last_sequence = NULL, completed_at = NULL
         WHERE id = $1::uuid AND (first_sequence IS NULL OR completed_at IS NOT NULL)",
        params![id, Time(now_us)],
    )
    .await?;
    Ok(())
}

/// Answers the sequence of the event that begins it; `None` when it has begun.
pub async fn begin(tx: &Tx, id: Uuid) -> Result<Option<u64>, Abort> {
    let statement = "UPDATE auth.erasures SET first_sequence = event_sequence + 1, event_sequence = event_sequence + 1
        WHERE id = $1::uuid AND first_sequence IS NULL RETURNING first_sequence AS sequence";
    sequence(tx, statement, id).await
}

/// Answers the sequence of the event that repeats it; `None` when it was repeated.
pub async fn repeat(tx: &Tx, id: Uuid) -> Result<Option<u64>, Abort> {
    let statement = "UPDATE auth.erasures SET last_sequence = event_sequence + 1, event_sequence = event_sequence + 1
        WHERE id = $1::uuid AND keys_destroyed_at IS NOT NULL AND last_sequence IS NULL RETURNING last_sequence AS sequence";
    sequence(tx, statement, id).await
}

async fn sequence(tx: &Tx, statement: &str, id: Uuid) -> Result<Option<u64>, Abort> {
    let rows = tx.query(statement, params![id]).await?;
    Ok(rows.first().map(|row| row.get("sequence")).transpose()?)
}

pub async fn note_keys_destroyed(id: Uuid, now_us: i64) -> Result<(), Error> {
    let statement = "UPDATE auth.erasures SET keys_destroyed_at = $2::timestamptz WHERE id = $1::uuid AND keys_destroyed_at IS NULL";
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute(statement, params![id, Time(now_us)]).await?;
        Ok(())
    })
    .await
}

/// Deletes lines of the log once more as well: deliveries that failed meanwhile have left lines that name whom they were about.
pub async fn note_completed(erasure: &Erasure, now_us: i64) -> Result<(), Error> {
    let statement =
        "UPDATE auth.erasures SET completed_at = $2::timestamptz WHERE id = $1::uuid AND completed_at IS NULL";
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute(statement, params![erasure.id, Time(now_us)]).await?;
        deleted(tx, LOG_LINES, named(erasure)).await?;
        Ok(())
    })
    .await
}

/// Has all that were completed begin once more. Answers how many.
pub async fn begin_all_again(tx: &Tx) -> Result<u64, Abort> {
    let statement = "UPDATE auth.erasures SET first_sequence = NULL, keys_destroyed_at = NULL, last_sequence = NULL, completed_at = NULL
        WHERE completed_at IS NOT NULL";
    Ok(tx.execute(statement, Vec::new()).await?)
}

/// Keeps what a service has said. Said again, it changes nothing.
pub async fn add_report(tx: &Tx, id: Uuid, report: &Report) -> Result<(), Abort> {
    let counts = serde_json::to_string(&report.counts).map_err(mindflow_guest::failure::internal)?;
    tx.execute(
        "INSERT INTO auth.erasure_reports (erasure_id, sequence, service, counts) VALUES ($1::uuid, $2::bigint, $3::text, $4::jsonb)
         ON CONFLICT DO NOTHING",
        params![id, report.sequence, &report.service, Json(counts)],
    )
    .await?;
    Ok(())
}

/// Deletes what this service and the host have: of an account all, of an entry the lines of the log. Answers how much.
pub async fn erase(tx: &Tx, erasure: &Erasure) -> Result<BTreeMap<String, u64>, Abort> {
    let named = named(erasure);
    let mut counts = deleted(tx, LOG_LINES, named).await?;
    if erasure.entry_id.is_none() {
        counts.extend(deleted(tx, "SELECT disclosure.erase($1::uuid) AS counts", named).await?);
        counts.extend(deleted(tx, "SELECT auth.erase($1::uuid) AS counts", named).await?);
    }
    Ok(counts)
}

const LOG_LINES: &str = "SELECT logs.erase($1::uuid) AS counts";

/// Whose id is in lines of the log.
fn named(erasure: &Erasure) -> Uuid {
    erasure.entry_id.unwrap_or(erasure.user_id)
}

async fn deleted(tx: &Tx, statement: &str, id: Uuid) -> Result<BTreeMap<String, u64>, Abort> {
    Ok(erasing::counts(&tx.query(statement, params![id]).await?)?)
}
