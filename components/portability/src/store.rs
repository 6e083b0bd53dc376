//! Jobs, their parts and uploads in the database.

use crate::DATABASE;
use crate::failure::{Failure, Reason};
use mindflow_guest::call::Error;
use mindflow_guest::caller::Caller;
use mindflow_guest::failure::conflict;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::{self, Abort, Date, Identity, Json, Row, RowError, Time, Tx, violated_constraint};
use mindflow_guest::{clock, id, params};
use serde_json::{Value, json};
use uuid::Uuid;

/// A stretch takes some ten seconds; one whose host was killed waits so long for another.
const LEASE_US: i64 = 90 * 1_000_000;
/// So often in a row a stretch may fail, or end with its instance, before its job does: an hour of a store that is away.
const FAILURES_MAX: u32 = 30;
/// The least time after a failure.
const PAUSE_US: i64 = 60 * 1_000_000;

macro_rules! columns {
    () => {
        "id, user_id, kind, format, status, dry_run, premium, time_zone, upload_id, book_id, state::text AS state, report::text AS report,
        done, total, media_done, media_total, bytes, error, failure::text AS failure, created_at, completed_at, expires_at"
    };
}

const BEGIN: &str = concat!(
    "INSERT INTO portability.jobs (id, user_id, kind, format, status, dry_run, premium, time_zone, upload_id, book_id, created_at, advanced_at)
    VALUES ($1::uuid, $2::uuid, $3::text, $4::text, 'WAITING', $5::boolean, $6::boolean, $7::text, $8::uuid, $9::uuid, $10::timestamptz, $10::timestamptz)
    RETURNING ",
    columns!()
);
const ONE_RUNS: &str = "jobs_one_runs";
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM portability.jobs WHERE user_id = $1::uuid AND kind = $2::text ORDER BY id DESC LIMIT 50"
);
const CANCEL: &str = concat!(
    "UPDATE portability.jobs SET status = 'CANCELLED', completed_at = $4::timestamptz, expires_at = NULL, leased_until = NULL
    WHERE id = $1::uuid AND user_id = $2::uuid AND kind = $3::text
        AND (status IN ('WAITING', 'RUNNING') OR (kind = 'export' AND status = 'READY'))
    RETURNING ",
    columns!()
);
/// The one that has waited for the longest time. `$1` now, `$2` until when it is leased, `$3` so many failures end a job. A stretch counts as
/// failed until it is over, since one may end with its instance and say nothing.
const LEASE: &str = concat!(
    "UPDATE portability.jobs SET status = 'RUNNING', leased_until = $2::timestamptz, advanced_at = $1::timestamptz, failures = failures + 1
    WHERE id = (
        SELECT id FROM portability.jobs
        WHERE status IN ('WAITING', 'RUNNING') AND (leased_until IS NULL OR leased_until <= $1::timestamptz) AND failures < $3::bigint
        ORDER BY advanced_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING ",
    columns!()
);
/// Only of a job that was not cancelled meanwhile, and that no other has taken.
const ADVANCE: &str = "UPDATE portability.jobs SET status = $2::text, format = COALESCE($3::text, format), state = $4::jsonb, report = $5::jsonb,
    done = $6::bigint, total = $7::bigint, media_done = $8::bigint, media_total = $9::bigint, bytes = $10::bigint, error = $11::text,
    completed_at = $12::timestamptz, expires_at = $13::timestamptz, leased_until = NULL, failures = 0, advanced_at = $14::timestamptz,
    failure = $16::jsonb
    WHERE id = $1::uuid AND status = 'RUNNING' AND leased_until = $15::timestamptz RETURNING id";
const FAIL: &str =
    "UPDATE portability.jobs SET leased_until = $2::timestamptz WHERE id = $1::uuid AND status = 'RUNNING'";
/// Jobs that have failed too often. `$1` now, `$2` so often, `$3` and `$4` what users read of an export and of an import, `$5` what programs do.
const GIVE_UP: &str =
    "UPDATE portability.jobs SET status = 'FAILED', completed_at = $1::timestamptz, leased_until = NULL,
    error = CASE kind WHEN 'export' THEN $3::text ELSE $4::text END, failure = $5::jsonb
    WHERE status = 'RUNNING' AND leased_until <= $1::timestamptz AND failures >= $2::bigint";
const ADD_PART: &str = "INSERT INTO portability.parts (job_id, user_id, number, bytes, directory_bytes)
    VALUES ($1::uuid, $2::uuid, $3::integer, $4::bigint, $5::bigint)";
const PARTS: &str =
    "SELECT number, bytes, directory_bytes FROM portability.parts WHERE job_id = $1::uuid ORDER BY number";
const READY_EXPORT: &str = "SELECT format, completed_at FROM portability.jobs
    WHERE id = $1::uuid AND kind = 'export' AND status = 'READY' AND ($2::uuid IS NULL OR user_id = $2::uuid)";
/// `$2`: until when it was leased.
const IS_HELD: &str =
    "SELECT id FROM portability.jobs WHERE id = $1::uuid AND status = 'RUNNING' AND leased_until = $2::timestamptz";
const IS_WANTED: &str = "SELECT id FROM portability.jobs WHERE id = $1::uuid AND status IN ('RUNNING', 'READY')";
const EXPIRED: &str = concat!(
    "UPDATE portability.jobs SET status = 'EXPIRED', expires_at = NULL
    WHERE id IN (SELECT id FROM portability.jobs WHERE expires_at <= $1::timestamptz AND status = 'READY' LIMIT 100 FOR UPDATE SKIP LOCKED)
    RETURNING ",
    columns!()
);
const FORGET_JOBS: &str =
    "DELETE FROM portability.jobs WHERE status NOT IN ('WAITING', 'RUNNING', 'READY') AND created_at < $1::timestamptz";
const FORGET_DAYS: &str = "DELETE FROM portability.days WHERE day < $1::date";
const BEGIN_UPLOAD: &str =
    "INSERT INTO portability.uploads (id, user_id, created_at) VALUES ($1::uuid, $2::uuid, $3::timestamptz)
    ON CONFLICT (id) DO NOTHING";
const ADD_PIECE: &str = "INSERT INTO portability.pieces (upload_id, user_id, starts_at, id, bytes)
    VALUES ($1::uuid, $2::uuid, $3::bigint, $4::uuid, $5::bigint) ON CONFLICT (upload_id, starts_at) DO NOTHING RETURNING id";
const PIECES: &str = "SELECT p.id, p.bytes FROM portability.uploads u JOIN portability.pieces p ON p.upload_id = u.id
    WHERE u.id = $1::uuid AND u.user_id = $2::uuid ORDER BY p.starts_at";
const FORGET_UPLOAD: &str = "DELETE FROM portability.uploads WHERE id = $1::uuid";
const OLD_UPLOADS: &str = "SELECT id, user_id FROM portability.uploads u WHERE created_at < $1::timestamptz
    AND NOT EXISTS (SELECT FROM portability.jobs j WHERE j.upload_id = u.id AND j.status IN ('WAITING', 'RUNNING')) LIMIT 1000";
const COUNT_DAY: &str = "INSERT INTO portability.days AS d (user_id, day, entries, bytes) VALUES ($1::uuid, $2::date, $3::bigint, $4::bigint)
    ON CONFLICT (user_id, day) DO UPDATE SET entries = d.entries + $3::bigint, bytes = d.bytes + $4::bigint";
/// Until the transaction ends, no other counts for the user's day.
const HOLD_DAY: &str = "INSERT INTO portability.days AS d (user_id, day) VALUES ($1::uuid, $2::date)
    ON CONFLICT (user_id, day) DO UPDATE SET bytes = d.bytes RETURNING bytes";
const DAY: &str = "SELECT entries, bytes FROM portability.days WHERE user_id = $1::uuid AND day = $2::date";
const HAS_BOOK: &str = "SELECT id FROM portability.books WHERE id = $1::uuid AND user_id = $2::uuid";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Export,
    Import,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Waiting,
    Running,
    Ready,
    Failed,
    Cancelled,
    Expired,
}

pub struct NewJob {
    pub kind: Kind,
    pub format: Option<&'static str>,
    pub dry_run: bool,
    pub premium: bool,
    pub time_zone: String,
    pub upload_id: Option<Uuid>,
    pub book_id: Option<Uuid>,
}

/// A job as it is written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub id: Uuid,
    pub user_id: Uuid,
    pub kind: Kind,
    pub format: Option<String>,
    pub status: Status,
    pub dry_run: bool,
    pub time_zone: String,
    pub upload_id: Option<Uuid>,
    pub book_id: Option<Uuid>,
    pub state: Value,
    pub report: Value,
    pub done: u64,
    pub total: u64,
    pub media_done: u64,
    pub media_total: u64,
    pub bytes: u64,
    pub error: Option<String>,
    /// The same for programs. Jobs of earlier releases have none.
    pub failure: Option<Failure>,
    pub created_at_us: i64,
    pub completed_at_us: Option<i64>,
    pub expires_at_us: Option<i64>,
}

/// A job that this run goes on with, until then.
pub struct Leased {
    pub job: Job,
    until_us: i64,
}

impl Leased {
    /// The same lease, of the job as it is after a stretch.
    pub fn with(&self, job: Job) -> Self {
        Self { job, until_us: self.until_us }
    }
}

/// A part of an export, as it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub number: u32,
    pub bytes: u64,
    pub directory_bytes: u64,
}

/// What a user has imported on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Day {
    pub entries: u64,
    pub bytes: u64,
}

/// An export that can be fetched.
pub struct ReadyExport {
    pub content_type: &'static str,
    pub file_name: String,
    pub completed_at_us: i64,
    /// Numbers and bytes, in order.
    pub parts: Vec<(u32, u64)>,
}

// === impl Kind, impl Status ===

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Import => "import",
        }
    }
}

impl Status {
    const ALL: [Self; 6] = [Self::Waiting, Self::Running, Self::Ready, Self::Failed, Self::Cancelled, Self::Expired];

    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Running => "RUNNING",
            Self::Ready => "READY",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
        }
    }
}

fn job(row: &Row<'_>) -> Result<Job, RowError> {
    let (kind, status): (String, String) = (row.get("kind")?, row.get("status")?);
    let json = |text: String| serde_json::from_str(&text).unwrap_or_default();
    let time = |time: Option<Time>| time.map(|time| time.0);
    Ok(Job {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        kind: if kind == Kind::Export.name() { Kind::Export } else { Kind::Import },
        format: row.get("format")?,
        status: Status::ALL.into_iter().find(|known| known.name() == status).unwrap_or(Status::Failed),
        dry_run: row.get("dry_run")?,
        time_zone: row.get("time_zone")?,
        upload_id: row.get("upload_id")?,
        book_id: row.get("book_id")?,
        state: json(row.get("state")?),
        report: json(row.get("report")?),
        done: row.get("done")?,
        total: row.get("total")?,
        media_done: row.get("media_done")?,
        media_total: row.get("media_total")?,
        bytes: row.get("bytes")?,
        error: row.get("error")?,
        failure: row.get::<Option<String>>("failure")?.and_then(|text| serde_json::from_str(&text).ok()),
        created_at_us: row.get::<Time>("created_at")?.0,
        completed_at_us: time(row.get("completed_at")?),
        expires_at_us: time(row.get("expires_at")?),
    })
}

// === what calls write and read, as the caller ===

/// `None` while another of the kind is under way.
pub async fn begin(caller: &Caller, new: NewJob, now_us: i64) -> Result<Option<Job>, Error> {
    let begun = sql::transaction(DATABASE, &caller.identity(), async |tx| {
        let row = params![
            id::new(now_us),
            caller.user_id,
            new.kind.name(),
            new.format,
            new.dry_run,
            new.premium,
            &new.time_zone,
            new.upload_id,
            new.book_id,
            Time(now_us),
        ];
        match tx.query(BEGIN, row).await {
            // The transaction has nothing to keep.
            Err(error) if violated_constraint(&error) == Some(ONE_RUNS) => Err(conflict("", Rule::InUse, "").into()),
            answered => Ok(answered?.first().map(|row| job(&row)).transpose()?),
        }
    })
    .await;
    match begun {
        Err(Error::Conflict(_)) => Ok(None),
        other => other,
    }
}

pub async fn list(caller: &Caller, kind: Kind) -> Result<Vec<Job>, Error> {
    let rows = sql::query(DATABASE, caller.identity(), LIST, params![caller.user_id, kind.name()]).await?;
    Ok(rows.map(|row| job(&row))?)
}

pub async fn cancel(caller: &Caller, id: Uuid, kind: Kind, now_us: i64) -> Result<Option<Job>, Error> {
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        let rows = tx.query(CANCEL, params![id, caller.user_id, kind.name(), Time(now_us)]).await?;
        Ok(rows.first().map(|row| job(&row)).transpose()?)
    })
    .await
}

pub async fn has_upload(caller: &Caller, id: Uuid) -> Result<bool, Error> {
    Ok(!pieces(id, caller.user_id).await?.is_empty())
}

pub async fn has_book(user_id: Uuid, id: Uuid) -> Result<bool, Error> {
    Ok(!sql::query(DATABASE, Identity::Service, HAS_BOOK, params![id, user_id]).await?.is_empty())
}

// === what stretches write and read ===

/// The job that has waited for the longest time.
pub async fn lease(now_us: i64) -> Result<Option<Leased>, Error> {
    let until_us = now_us.saturating_add(LEASE_US);
    let leased = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let rows = tx.query(LEASE, params![Time(now_us), Time(until_us), u64::from(FAILURES_MAX)]).await?;
        Ok(rows.first().map(|row| job(&row)).transpose()?)
    })
    .await?;
    Ok(leased.map(|job| Leased { job, until_us }))
}

/// Writes the job's place down with what the stretch has made. What belongs to the same transaction is done by `with`.
pub async fn advance(
    leased: &Leased,
    with: impl AsyncFn(&Tx) -> Result<(), Abort>,
    now_us: i64,
) -> Result<bool, Error> {
    let Leased { job, until_us } = leased;
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let row = params![
            job.id,
            job.status.name(),
            job.format.as_deref(),
            sql::Value::Json(job.state.to_string()),
            sql::Value::Json(job.report.to_string()),
            job.done,
            job.total,
            job.media_done,
            job.media_total,
            job.bytes,
            job.error.as_deref(),
            job.completed_at_us.map(Time),
            job.expires_at_us.map(Time),
            Time(now_us),
            Time(*until_us),
            job.failure.as_ref().map(kept),
        ];
        let rows = tx.query(ADVANCE, row).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        with(tx).await?;
        Ok(true)
    })
    .await
}

/// Whether the job is this run's still: neither cancelled nor taken over by another, as after a lease that was too short.
pub async fn is_held(Leased { job, until_us }: &Leased) -> Result<bool, Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        Ok(!tx.query(IS_HELD, params![job.id, Time(*until_us)]).await?.is_empty())
    })
    .await
}

/// Whether the job goes on or is done, and not cancelled or gone.
pub async fn is_wanted(id: Uuid) -> Result<bool, Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| Ok(!tx.query(IS_WANTED, params![id]).await?.is_empty()))
        .await
}

/// After a stretch that failed: another is tried after a while.
pub async fn fail(id: Uuid, now_us: i64) -> Result<(), Error> {
    let again = Time(now_us.saturating_add(PAUSE_US));
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute(FAIL, params![id, again]).await?;
        Ok(())
    })
    .await
}

/// Ends jobs whose stretches have failed too often, or ended with their instances. `why` says it of the kind.
pub async fn give_up(why: impl Fn(Kind) -> &'static str, now_us: i64) -> Result<(), Error> {
    let (export, import) = (why(Kind::Export), why(Kind::Import));
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let failure = kept(&Failure::of(Reason::GaveUp));
        tx.execute(GIVE_UP, params![Time(now_us), u64::from(FAILURES_MAX), export, import, failure]).await?;
        Ok(())
    })
    .await
}

fn kept(failure: &Failure) -> Json {
    Json(json!(failure).to_string())
}

pub async fn add_part(tx: &Tx, job: Uuid, user_id: Uuid, part: Part) -> Result<(), Abort> {
    let number = i32::try_from(part.number).unwrap_or(i32::MAX);
    tx.execute(ADD_PART, params![job, user_id, number, part.bytes, part.directory_bytes]).await?;
    Ok(())
}

pub async fn parts(job: Uuid) -> Result<Vec<Part>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, PARTS, params![job]).await?;
    Ok(rows.map(|row| {
        Ok::<_, RowError>(Part {
            number: row.get("number")?,
            bytes: row.get("bytes")?,
            directory_bytes: row.get("directory_bytes")?,
        })
    })?)
}

/// `user_id`: whose it must be, if anyone's.
pub async fn ready_export(id: Uuid, user_id: Option<Uuid>) -> Result<Option<ReadyExport>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, READY_EXPORT, params![id, user_id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let format: Option<String> = row.get("format")?;
    let completed_at_us = row.get::<Option<Time>>("completed_at")?.map_or(0, |time| time.0);
    let day = clock::day_of(&jiff::tz::TimeZone::UTC, completed_at_us);
    let (content_type, ending) = match format.as_deref() {
        Some("HTML") => ("text/html; charset=utf-8", "html"),
        _ => ("application/zip", "zip"),
    };
    let parts = parts(id).await?.into_iter().map(|part| (part.number, part.bytes)).collect();
    Ok(Some(ReadyExport { content_type, file_name: format!("journal-{day}.{ending}"), completed_at_us, parts }))
}

/// Exports whose time is over; they are no longer ready.
pub async fn expire(now_us: i64) -> Result<Vec<Job>, Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let rows = tx.query(EXPIRED, params![Time(now_us)]).await?;
        Ok(rows.map(|row| job(&row))?)
    })
    .await
}

/// Jobs that were over before then, and days before it.
pub async fn forget(before_us: i64) -> Result<(), Error> {
    let day = clock::day_of(&jiff::tz::TimeZone::UTC, before_us);
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute(FORGET_JOBS, params![Time(before_us)]).await?;
        tx.execute(FORGET_DAYS, params![Date(day)]).await?;
        Ok(())
    })
    .await
}

// === uploads ===

/// A piece of an upload, in the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadedPiece {
    pub id: Uuid,
    pub bytes: u64,
}

/// Where a piece belongs: which upload, whose it is, and where in it the piece begins.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub upload: Uuid,
    pub user_id: Uuid,
    pub starts_at: u64,
}

/// What became of a piece. Only one that is kept counts as of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    Kept,
    /// Another begins at the same byte.
    Elsewhere,
    /// The day has no room for it: so many bytes are used.
    Full(u64),
}

/// Writes the piece down, unless the user's day had more than `limit` bytes with it. Pieces that come side by side are counted one after
/// the other.
pub async fn add_piece(place: Place, piece: UploadedPiece, limit: u64, now_us: i64) -> Result<Added, Error> {
    let Place { upload, user_id, starts_at } = place;
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let held = tx.query(HOLD_DAY, params![user_id, Date(clock::day_of(&jiff::tz::TimeZone::UTC, now_us))]).await?;
        let used: u64 = held.first().map_or(Ok(0), |row| row.get("bytes"))?;
        if used.saturating_add(piece.bytes) > limit {
            return Ok(Added::Full(used));
        }
        tx.execute(BEGIN_UPLOAD, params![upload, user_id, Time(now_us)]).await?;
        let row = params![upload, user_id, starts_at, piece.id, piece.bytes];
        if tx.query(ADD_PIECE, row).await?.is_empty() {
            return Ok(Added::Elsewhere);
        }
        count_day(tx, user_id, Day { entries: 0, bytes: piece.bytes }, now_us).await?;
        Ok(Added::Kept)
    })
    .await
}

/// The pieces of the user's upload, in order; none of one that there is not.
pub async fn pieces(upload: Uuid, user_id: Uuid) -> Result<Vec<UploadedPiece>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, PIECES, params![upload, user_id]).await?;
    Ok(rows.map(|row| Ok::<_, RowError>(UploadedPiece { id: row.get("id")?, bytes: row.get("bytes")? }))?)
}

pub async fn forget_upload(id: Uuid) -> Result<(), Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute(FORGET_UPLOAD, params![id]).await?;
        Ok(())
    })
    .await
}

/// Uploads from before then that no job reads, and whose they are.
pub async fn old_uploads(before_us: i64) -> Result<Vec<(Uuid, Uuid)>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, OLD_UPLOADS, params![Time(before_us)]).await?;
    Ok(rows.map(|row| Ok::<_, RowError>((row.get("id")?, row.get("user_id")?)))?)
}

pub async fn count_day(tx: &Tx, user_id: Uuid, more: Day, now_us: i64) -> Result<(), Abort> {
    let day = Date(clock::day_of(&jiff::tz::TimeZone::UTC, now_us));
    tx.execute(COUNT_DAY, params![user_id, day, more.entries, more.bytes]).await?;
    Ok(())
}

pub async fn day(user_id: Uuid, now_us: i64) -> Result<Day, Error> {
    let day = Date(clock::day_of(&jiff::tz::TimeZone::UTC, now_us));
    let rows = sql::query(DATABASE, Identity::Service, DAY, params![user_id, day]).await?;
    let Some(row) = rows.first() else { return Ok(Day::default()) };
    Ok(Day { entries: row.get("entries")?, bytes: row.get("bytes")? })
}
