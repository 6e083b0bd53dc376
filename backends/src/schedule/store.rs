//! The rows of schedules and of their runs. The time is the caller's, so that a test can hold it.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use super::{Missed, Occurrence, Outcome, RUNS_MAX, Schedule};
use crate::database::postgres::Database;
use crate::database::sql;

/// Later than so is missed: replicas look every few seconds, and a restart takes less.
const LATE_AFTER: Duration = Duration::from_secs(60);
/// Beyond a run's own bound, before its replica is taken for dead: what clocks may differ by.
const GRACE: Duration = Duration::from_secs(30);
/// Runs kept a schedule: three months of a daily one.
const RUNS_KEPT: i64 = 100;
/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 4_000;

const REGISTER: &str = "INSERT INTO mindflow.schedule AS s (name, cron, next_run) VALUES ($1, $2, $3) ON CONFLICT (name) \
     DO UPDATE SET cron = excluded.cron, next_run = excluded.next_run WHERE s.cron <> excluded.cron";

const LOCK: &str = "SELECT next_run, running, coalesce((SELECT attempt FROM mindflow.schedule_run r \
     WHERE r.name = s.name AND r.occurrence = s.running), 1) AS attempt FROM mindflow.schedule s \
     WHERE name = $1 AND (running IS NULL OR running_until <= $2) AND (running IS NOT NULL OR next_run <= $2) \
     FOR UPDATE OF s SKIP LOCKED";

const BEGIN_RUN: &str = "INSERT INTO mindflow.schedule_run AS r (name, occurrence, owner, started_at, outcome) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name, occurrence) DO NOTHING";

const TAKE: &str =
    "UPDATE mindflow.schedule SET next_run = $2, running = $3, running_until = $4, owner = $5 WHERE name = $1";

const END: &str = "WITH ended AS (UPDATE mindflow.schedule SET running = NULL, running_until = NULL, owner = NULL, \
         last_run = $2, last_outcome = $4 WHERE name = $1 AND running = $2 AND owner = $3 RETURNING name) \
     UPDATE mindflow.schedule_run r SET finished_at = $6, outcome = $4, error = $5 FROM ended \
     WHERE r.name = ended.name AND r.occurrence = $2";

const PRUNE: &str = "DELETE FROM mindflow.schedule_run WHERE name = $1 AND occurrence < (SELECT occurrence \
     FROM mindflow.schedule_run WHERE name = $1 ORDER BY occurrence DESC OFFSET $2 LIMIT 1)";

/// Why schedules cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    #[error("no connection to the schedules' database")]
    Connect(#[source] sql::Error),
    #[error("the schedules' database refused `{operation}`")]
    Statement {
        operation: &'static str,
        #[source]
        source: tokio_postgres::Error,
    },
    #[error("a time is outside the calendar")]
    Timestamp(#[source] jiff::Error),
    #[error("schedule `{0}` comes to an end")]
    End(String),
}

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

/// All schedules that were ever started, by name.
pub async fn list(database: &Database) -> Result<Vec<Status>, ScheduleError> {
    let client = database.admin().await.map_err(ScheduleError::Connect)?;
    let all = "SELECT name, cron, next_run, running, last_run, last_outcome FROM mindflow.schedule ORDER BY name";
    let rows = client.query(all, &[]).await.map_err(refused("list"))?;
    rows.iter()
        .map(|row| {
            Ok(Status {
                name: column(row, "name")?,
                cron: column(row, "cron")?,
                next_run: time(column(row, "next_run")?)?,
                running: optional_time(row, "running")?,
                last_run: optional_time(row, "last_run")?,
                last_outcome: column(row, "last_outcome")?,
            })
        })
        .collect()
}

/// A schedule's latest runs, newest first, of the hundred that are kept.
pub async fn runs(database: &Database, name: &str, limit: u32) -> Result<Vec<Run>, ScheduleError> {
    let client = database.admin().await.map_err(ScheduleError::Connect)?;
    let latest = "SELECT occurrence, attempt, started_at, finished_at, outcome, error FROM mindflow.schedule_run \
         WHERE name = $1 ORDER BY occurrence DESC LIMIT $2";
    let rows = client.query(latest, &[&name, &i64::from(limit)]).await.map_err(refused("list runs"))?;
    rows.iter()
        .map(|row| {
            Ok(Run {
                occurrence: time(column(row, "occurrence")?)?,
                attempt: column::<i32>(row, "attempt")?.unsigned_abs(),
                started_at: time(column(row, "started_at")?)?,
                finished_at: optional_time(row, "finished_at")?,
                outcome: column(row, "outcome")?,
                error: column(row, "error")?,
            })
        })
        .collect()
}

/// Makes the row, or moves it on when its expression has changed.
pub(super) async fn register(database: &Database, schedule: &Schedule, now: Timestamp) -> Result<(), ScheduleError> {
    let next = next_after(schedule, now)?;
    let client = database.admin().await.map_err(ScheduleError::Connect)?;
    let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&schedule.name, &schedule.cron.as_str(), &SystemTime::from(next)];
    client.execute(REGISTER, &params).await.map_err(refused("register"))?;
    Ok(())
}

/// When there may be something to do: the next occurrence, or the end of a run's time.
pub(super) async fn due_at(database: &Database, name: &str) -> Result<Option<Timestamp>, ScheduleError> {
    let client = database.admin().await.map_err(ScheduleError::Connect)?;
    let due = "SELECT CASE WHEN running IS NULL THEN next_run ELSE running_until END AS due FROM mindflow.schedule WHERE name = $1";
    let row = client.query_opt(due, &[&name]).await.map_err(refused("look"))?;
    row.map(|row| time(column(&row, "due")?)).transpose()
}

/// Takes what is due, unless another replica has.
pub(super) async fn claim(
    database: &Database,
    schedule: &Schedule,
    owner: Uuid,
    now: Timestamp,
) -> Result<Option<Occurrence>, ScheduleError> {
    let failed = refused("claim");
    let mut client = database.admin().await.map_err(ScheduleError::Connect)?;
    let transaction = client.transaction().await.map_err(&failed)?;
    let at = SystemTime::from(now);
    let Some(row) = transaction.query_opt(LOCK, &[&schedule.name, &at]).await.map_err(&failed)? else {
        return Ok(None);
    };
    let due = time(column(&row, "next_run")?)?;
    let dead = optional_time(&row, "running")?;
    let attempts = column::<i32>(&row, "attempt")?.unsigned_abs();
    let claim = Claim { transaction: &transaction, schedule, owner, now };
    let taken = match dead {
        Some(dead) if due > now && attempts < RUNS_MAX => claim.again(dead, due, attempts + 1).await?,
        Some(dead) => {
            claim.give_up(dead).await?;
            if due <= now { claim.take_due(due).await? } else { None }
        }
        None => claim.take_due(due).await?,
    };
    transaction.execute(PRUNE, &[&schedule.name, &(RUNS_KEPT - 1)]).await.map_err(&failed)?;
    transaction.commit().await.map_err(&failed)?;
    Ok(taken)
}

/// Writes how a run ended. Nothing happens when the run is no longer this replica's.
pub(super) async fn end(
    database: &Database,
    occurrence: &Occurrence,
    owner: Uuid,
    outcome: Outcome,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), ScheduleError> {
    let client = database.admin().await.map_err(ScheduleError::Connect)?;
    let error: Option<String> = error.map(|text| text.chars().filter(|c| *c != '\0').take(ERROR_CHARS_MAX).collect());
    let (name, at, now) = (&occurrence.schedule, SystemTime::from(occurrence.at), SystemTime::from(now));
    client.execute(END, &[name, &at, &owner, &outcome.as_str(), &error, &now]).await.map_err(refused("end"))?;
    Ok(())
}

/// Lets another replica have the run immediately, as if this one had died.
pub(super) async fn release(database: &Database, name: &str, owner: Uuid, now: Timestamp) -> Result<(), ScheduleError> {
    let client = database.admin().await.map_err(ScheduleError::Connect)?;
    let release =
        "UPDATE mindflow.schedule SET running_until = $3 WHERE name = $1 AND owner = $2 AND running IS NOT NULL";
    client.execute(release, &[&name, &owner, &SystemTime::from(now)]).await.map_err(refused("release"))?;
    Ok(())
}

struct Claim<'a> {
    transaction: &'a Transaction<'a>,
    schedule: &'a Schedule,
    owner: Uuid,
    now: Timestamp,
}

// === impl Claim ===

impl Claim<'_> {
    /// The latest occurrence that is due; it stands for all that were missed before it.
    async fn take_due(&self, due: Timestamp) -> Result<Option<Occurrence>, ScheduleError> {
        let Self { schedule, now, .. } = *self;
        let at = schedule.cron.last_until(now).filter(|last| *last > due).unwrap_or(due);
        let next = next_after(schedule, now.max(at))?;
        let late = at > due || at.duration_until(now).unsigned_abs() > LATE_AFTER;
        let skipped = late && schedule.missed == Missed::Skip;
        let outcome = if skipped { "skipped" } else { "running" };
        let begun = self.begin(at, outcome).await?;
        if skipped || !begun {
            self.take(next, None).await?;
            return Ok(None);
        }
        self.take(next, Some(at)).await?;
        Ok(Some(Occurrence { schedule: schedule.name.clone(), at, attempt: 1, late }))
    }

    /// The occurrence over which another replica died.
    async fn again(&self, at: Timestamp, next: Timestamp, attempt: u32) -> Result<Option<Occurrence>, ScheduleError> {
        let again = "UPDATE mindflow.schedule_run SET attempt = $3, owner = $4 WHERE name = $1 AND occurrence = $2";
        let Self { transaction, schedule, owner, .. } = self;
        let number = i32::try_from(attempt).unwrap_or(i32::MAX);
        transaction
            .execute(again, &[&schedule.name, &SystemTime::from(at), &number, owner])
            .await
            .map_err(refused("claim again"))?;
        self.take(next, Some(at)).await?;
        tracing::warn!(schedule = schedule.name, occurrence = %at, attempt, "the replica that ran it is gone; it runs again");
        Ok(Some(Occurrence { schedule: schedule.name.clone(), at, attempt, late: true }))
    }

    async fn give_up(&self, at: Timestamp) -> Result<(), ScheduleError> {
        let give_up = "WITH run AS (UPDATE mindflow.schedule_run SET outcome = 'abandoned', finished_at = $3 \
             WHERE name = $1 AND occurrence = $2) UPDATE mindflow.schedule SET running = NULL, running_until = NULL, \
             owner = NULL, last_run = $2, last_outcome = 'abandoned' WHERE name = $1";
        let Self { transaction, schedule, now, .. } = self;
        transaction
            .execute(give_up, &[&schedule.name, &SystemTime::from(at), &SystemTime::from(*now)])
            .await
            .map_err(refused("give up"))?;
        tracing::error!(schedule = schedule.name, occurrence = %at, "no attempt came to an end; given up");
        Ok(())
    }

    async fn begin(&self, at: Timestamp, outcome: &str) -> Result<bool, ScheduleError> {
        let Self { transaction, schedule, owner, now } = self;
        let (at, now) = (SystemTime::from(at), SystemTime::from(*now));
        let begun = transaction.execute(BEGIN_RUN, &[&schedule.name, &at, owner, &now, &outcome]).await;
        Ok(begun.map_err(refused("begin"))? > 0)
    }

    async fn take(&self, next: Timestamp, running: Option<Timestamp>) -> Result<(), ScheduleError> {
        let Self { transaction, schedule, owner, now } = self;
        let running = running.map(SystemTime::from);
        let until = running.map(|_| SystemTime::from(*now) + schedule.run_max + GRACE);
        let owner = running.map(|_| *owner);
        transaction
            .execute(TAKE, &[&schedule.name, &SystemTime::from(next), &running, &until, &owner])
            .await
            .map_err(refused("take"))?;
        Ok(())
    }
}

fn next_after(schedule: &Schedule, at: Timestamp) -> Result<Timestamp, ScheduleError> {
    schedule.cron.next_after(at).ok_or_else(|| ScheduleError::End(schedule.name.clone()))
}

fn refused(operation: &'static str) -> impl Fn(tokio_postgres::Error) -> ScheduleError {
    move |source| ScheduleError::Statement { operation, source }
}

fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, ScheduleError> {
    row.try_get(name).map_err(refused("read a column"))
}

fn time(time: SystemTime) -> Result<Timestamp, ScheduleError> {
    Timestamp::try_from(time).map_err(ScheduleError::Timestamp)
}

fn optional_time(row: &Row, name: &str) -> Result<Option<Timestamp>, ScheduleError> {
    column::<Option<SystemTime>>(row, name)?.map(time).transpose()
}
