//! The rows of schedules and of their runs. The time is the caller's, so that a test can hold it.
//!
//! Each change is one statement that names what was seen before it, so that of several replicas one makes it, and nothing is
//! half done when a replica dies.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use uuid::Uuid;

use super::decision::{Due, Step, next_after};
use super::error::ScheduleError;
use super::{Occurrence, Outcome, Schedule};
use crate::delivery::queue::QueueError;
use crate::delivery::{Params, Row, Store};

/// Beyond a run's own bound, before its replica is taken for dead: what clocks may differ by.
const GRACE: Duration = Duration::from_secs(30);
/// Runs kept a schedule: three months of a daily one.
const RUNS_KEPT: i64 = 100;
/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 4_000;
/// An occurrence is given up, then the next one is taken; or another replica was quicker.
const STEPS_MAX: u32 = 3;

const REGISTER: &str = "INSERT INTO mindflow.schedule AS s (name, cron, next_run) VALUES ($1, $2, $3) ON CONFLICT (name) \
     DO UPDATE SET cron = excluded.cron, next_run = excluded.next_run WHERE s.cron <> excluded.cron";

const DUE: &str = "SELECT next_run, running, coalesce((SELECT attempt FROM mindflow.schedule_run r \
     WHERE r.name = s.name AND r.occurrence = s.running), 1) AS attempt FROM mindflow.schedule s \
     WHERE name = $1 AND (running IS NULL OR running_until <= $2) AND (running IS NOT NULL OR next_run <= $2)";

/// `$2` is due as it was seen; the occurrence `$3` is begun, or noted as skipped, and the next one is at `$4`. An occurrence that is
/// noted already is not begun.
const TAKE: &str = "WITH seen AS (SELECT name FROM mindflow.schedule WHERE name = $1 AND next_run = $2 AND running IS NULL \
         FOR UPDATE SKIP LOCKED), \
     noted AS (INSERT INTO mindflow.schedule_run AS r (name, occurrence, owner, started_at, outcome) \
         SELECT name, $3::timestamptz, $5::uuid, $7::timestamptz, $8::text FROM seen \
         ON CONFLICT (name, occurrence) DO NOTHING RETURNING outcome = 'running' AS begun), \
     taken AS (UPDATE mindflow.schedule s SET next_run = $4, running = CASE WHEN n.begun THEN $3::timestamptz END, \
         running_until = CASE WHEN n.begun THEN $6::timestamptz END, owner = CASE WHEN n.begun THEN $5::uuid END \
         FROM seen, (SELECT coalesce(bool_or(begun), false) AS begun FROM noted) n WHERE s.name = seen.name \
         RETURNING s.running IS NOT NULL AS begun) \
     SELECT begun FROM taken";

const AGAIN: &str = "WITH taken AS (UPDATE mindflow.schedule SET running_until = $5, owner = $4 \
         WHERE name = $1 AND running = $2 AND running_until <= $6 RETURNING name), \
     again AS (UPDATE mindflow.schedule_run r SET attempt = $3, owner = $4 FROM taken \
         WHERE r.name = taken.name AND r.occurrence = $2) \
     SELECT true AS begun FROM taken";

const GIVE_UP: &str = "WITH given_up AS (UPDATE mindflow.schedule SET running = NULL, running_until = NULL, owner = NULL, \
         last_run = $2, last_outcome = 'abandoned' WHERE name = $1 AND running = $2 AND running_until <= $3 RETURNING name) \
     UPDATE mindflow.schedule_run r SET outcome = 'abandoned', finished_at = $3 FROM given_up \
     WHERE r.name = given_up.name AND r.occurrence = $2";

const END: &str = "WITH ended AS (UPDATE mindflow.schedule SET running = NULL, running_until = NULL, owner = NULL, \
         last_run = $2, last_outcome = $4 WHERE name = $1 AND running = $2 AND owner = $3 RETURNING name) \
     UPDATE mindflow.schedule_run r SET finished_at = $6, outcome = $4, error = $5 FROM ended \
     WHERE r.name = ended.name AND r.occurrence = $2";

const PRUNE: &str = "DELETE FROM mindflow.schedule_run WHERE name = $1 AND occurrence < (SELECT occurrence \
     FROM mindflow.schedule_run WHERE name = $1 ORDER BY occurrence DESC OFFSET $2 LIMIT 1)";

/// A schedule, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub name: String,
    pub cron: String,
    pub next_run: Timestamp,
    /// The occurrence that runs now.
    pub running: Option<Timestamp>,
    /// The occurrence that ended last, and how.
    pub last_run: Option<Timestamp>,
    pub last_outcome: Option<String>,
}

/// One run, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub occurrence: Timestamp,
    pub attempt: u32,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// `running`, `succeeded`, `failed`, `timed-out`, `abandoned` or `skipped`.
    pub outcome: String,
    pub error: Option<String>,
}

impl From<QueueError> for ScheduleError {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::Connect(source) => Self::Connect(source),
            QueueError::Store { operation, source } => Self::Statement { operation, source },
            other => Self::Answer(other),
        }
    }
}

/// All schedules that were ever started, by name.
///
/// # Errors
/// The store's.
pub async fn list(store: &impl Store) -> Result<Vec<Status>, ScheduleError> {
    let all = "SELECT name, cron, next_run, running, last_run, last_outcome FROM mindflow.schedule ORDER BY name";
    let rows = store.query("list", all, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Status {
                name: row.get("name")?,
                cron: row.get("cron")?,
                next_run: time(row.get("next_run")?)?,
                running: optional_time(row, "running")?,
                last_run: optional_time(row, "last_run")?,
                last_outcome: row.get("last_outcome")?,
            })
        })
        .collect()
}

/// A schedule's latest runs, newest first, of the hundred that are kept.
///
/// # Errors
/// The store's.
pub async fn runs(store: &impl Store, name: &str, limit: u32) -> Result<Vec<Run>, ScheduleError> {
    let latest = "SELECT occurrence, attempt, started_at, finished_at, outcome, error FROM mindflow.schedule_run \
         WHERE name = $1 ORDER BY occurrence DESC LIMIT $2";
    let rows = store.query("list runs", latest, &[&name, &i64::from(limit)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Run {
                occurrence: time(row.get("occurrence")?)?,
                attempt: row.get::<i32>("attempt")?.unsigned_abs(),
                started_at: time(row.get("started_at")?)?,
                finished_at: optional_time(row, "finished_at")?,
                outcome: row.get("outcome")?,
                error: row.get("error")?,
            })
        })
        .collect()
}

/// Makes the row, or moves it on when its expression has changed.
///
/// # Errors
/// The store's.
pub async fn register(store: &impl Store, schedule: &Schedule, now: Timestamp) -> Result<(), ScheduleError> {
    let next = SystemTime::from(next_after(schedule, now)?);
    store.query("register", REGISTER, &[&schedule.name, &schedule.cron.as_str(), &next]).await?;
    Ok(())
}

/// When there may be something to do: the next occurrence, or the end of a run's time. `None`: there is no such row.
///
/// # Errors
/// The store's.
pub async fn due_at(store: &impl Store, name: &str) -> Result<Option<Timestamp>, ScheduleError> {
    let due = "SELECT CASE WHEN running IS NULL THEN next_run ELSE running_until END AS due FROM mindflow.schedule WHERE name = $1";
    let rows = store.query("look", due, &[&name]).await?;
    rows.first().map(|row| time(row.get("due")?)).transpose()
}

/// What became of a schedule that was due.
#[derive(Debug, Default)]
pub struct Claimed {
    /// To be run, by this replica.
    pub occurrence: Option<Occurrence>,
    /// No attempt at this one came to an end.
    pub given_up: Option<Timestamp>,
}

/// Takes what is due, unless another replica has.
///
/// # Errors
/// The store's.
pub async fn claim(
    store: &impl Store,
    schedule: &Schedule,
    owner: Uuid,
    now: Timestamp,
) -> Result<Claimed, ScheduleError> {
    let (name, now_) = (&schedule.name, SystemTime::from(now));
    let until = now_ + schedule.run_max + GRACE;
    let mut claimed = Claimed::default();
    for _ in 0..STEPS_MAX {
        let rows = store.query("look", DUE, &[name, &now_]).await?;
        let Some(row) = rows.first() else { break };
        let attempts = row.get::<i32>("attempt")?.unsigned_abs();
        let dead = optional_time(row, "running")?.map(|at| (at, attempts));
        let due = Due { next_run: time(row.get("next_run")?)?, dead };
        let (at, attempt, late, begun) = match Step::of(schedule, due, now)? {
            Step::Take { at, next, late, skipped } => {
                let outcome = if skipped { "skipped" } else { "running" };
                let (seen, next) = (SystemTime::from(due.next_run), SystemTime::from(next));
                let occurrence = SystemTime::from(at);
                let params: Params<'_> = &[name, &seen, &occurrence, &next, &owner, &until, &now_, &outcome];
                (at, 1, late, begun(store, "claim", TAKE, params).await?)
            }
            Step::Again { at, attempt } => {
                let (occurrence, number) = (SystemTime::from(at), i32::try_from(attempt).unwrap_or(i32::MAX));
                let params: Params<'_> = &[name, &occurrence, &number, &owner, &until, &now_];
                (at, attempt, true, begun(store, "claim again", AGAIN, params).await?)
            }
            Step::GiveUp { at } => {
                store.query("give up", GIVE_UP, &[name, &SystemTime::from(at), &now_]).await?;
                claimed.given_up = Some(at);
                continue;
            }
        };
        store.query("prune", PRUNE, &[name, &(RUNS_KEPT - 1)]).await?;
        claimed.occurrence = begun.then(|| Occurrence { schedule: name.clone(), at, attempt, late });
        break;
    }
    Ok(claimed)
}

/// Whether the occurrence is this replica's. No row: another one was quicker.
async fn begun(
    store: &impl Store,
    operation: &'static str,
    statement: &str,
    params: Params<'_>,
) -> Result<bool, ScheduleError> {
    let rows = store.query(operation, statement, params).await?;
    Ok(rows.first().map(|row| row.get("begun")).transpose()?.unwrap_or(false))
}

/// Writes how a run ended. Nothing happens when the run is no longer this replica's.
///
/// # Errors
/// The store's.
pub async fn end(
    store: &impl Store,
    occurrence: &Occurrence,
    owner: Uuid,
    outcome: Outcome,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), ScheduleError> {
    let error: Option<String> = error.map(|text| text.chars().filter(|c| *c != '\0').take(ERROR_CHARS_MAX).collect());
    let (at, now) = (SystemTime::from(occurrence.at), SystemTime::from(now));
    store.query("end", END, &[&occurrence.schedule, &at, &owner, &outcome.as_str(), &error, &now]).await?;
    Ok(())
}

/// Lets another replica have the run immediately, as if this one had died.
///
/// # Errors
/// The store's.
pub async fn release(store: &impl Store, name: &str, owner: Uuid, now: Timestamp) -> Result<(), ScheduleError> {
    let release =
        "UPDATE mindflow.schedule SET running_until = $3 WHERE name = $1 AND owner = $2 AND running IS NOT NULL";
    store.query("release", release, &[&name, &owner, &SystemTime::from(now)]).await?;
    Ok(())
}

fn time(time: SystemTime) -> Result<Timestamp, ScheduleError> {
    Timestamp::try_from(time).map_err(ScheduleError::Timestamp)
}

fn optional_time(row: &impl Row, name: &str) -> Result<Option<Timestamp>, ScheduleError> {
    row.get::<Option<SystemTime>>(name)?.map(time).transpose()
}
