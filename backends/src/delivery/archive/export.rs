//! Copies the archive to object storage. It can be stopped at any moment and run again: what is sealed is
//! not looked at again, a part that was being written is written again, and a run with nothing new to copy
//! writes nothing.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use bytes::Bytes;
use object_store::{ObjectStore, ObjectStoreExt};
use zstd::stream::write::Encoder;

use super::line::{COLUMNS, Line};
use super::{ArchiveError, BATCH_MAX, Manifest, Month, Months, OnProgress, Part, Progress};
use crate::clock;
use crate::database::postgres::Database;

/// Events in one object: some megabytes, compressed, of journal entries.
pub const PART_EVENTS_MAX: usize = 50_000;
/// Bytes of JSON in one object: what a part may take in memory is the compressed fraction of it.
const PART_BYTES_MAX: usize = 256 * 1024 * 1024;
/// zstd's own default: a fifth of the size at hundreds of megabytes a second.
const LEVEL: i32 = 3;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// Months that have events.
    pub months: u32,
    /// Objects written.
    pub parts_written: u32,
    /// Objects that were there and up to date.
    pub parts_kept: u32,
    /// Events in the objects written.
    pub events: u64,
    /// Compressed.
    pub bytes: u64,
}

/// Brings the copies of `months` up to date, [`PART_EVENTS_MAX`] events an object.
pub async fn export(
    database: &Database,
    store: Arc<dyn ObjectStore>,
    months: Months,
    progress: OnProgress<'_>,
) -> Result<Exported, ArchiveError> {
    export_in_parts(database, store, months, PART_EVENTS_MAX, progress).await
}

/// As [`export`()], with at most `part_events` events an object.
pub async fn export_in_parts(
    database: &Database,
    store: Arc<dyn ObjectStore>,
    months: Months,
    part_events: usize,
    progress: OnProgress<'_>,
) -> Result<Exported, ArchiveError> {
    let mut exporter = Exporter {
        horizon: horizon(database).await?,
        database,
        store: store.as_ref(),
        part_events: part_events.max(1),
        progress,
        done: Exported::default(),
    };
    let mut from = months.from.map_or(i64::MIN, Month::first_position);
    while let Some(month) = exporter.next_month(from).await? {
        if !months.contains(month) {
            break;
        }
        exporter.month(month).await?;
        from = month.next().first_position();
    }
    Ok(exporter.done)
}

/// How long an export waits for transactions in the middle, to copy also the newest events.
const HORIZON_WITHIN: Duration = Duration::from_secs(2);
const HORIZON_POLL: Duration = Duration::from_millis(20);

/// The last position, once all transactions that may have an earlier one have ended; where one goes on for long, the
/// sequencer's floor.
async fn horizon(database: &Database) -> Result<i64, ArchiveError> {
    let failed = ArchiveError::statement("find the end");
    let client = database.admin().await.map_err(ArchiveError::Connect)?;
    // A producer has its transaction id before it takes a position; so here the position comes first.
    let last = "SELECT coalesce(pg_sequence_last_value('delivery.archive_position'), 0)";
    let last: i64 = client.query_one(last, &[]).await.map_err(&failed)?.get(0);
    let then = "SELECT pg_current_xact_id()::text";
    let then: String = client.query_one(then, &[]).await.map_err(&failed)?.get(0);
    let ended = "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8";
    let until = clock::instant() + HORIZON_WITHIN;
    while clock::instant() < until {
        if client.query_one(ended, &[&then]).await.map_err(&failed)?.get(0) {
            return Ok(last);
        }
        tokio::time::sleep(HORIZON_POLL).await;
    }
    Ok(super::read::cut(database).await?.floor)
}

struct Exporter<'a> {
    /// No event appears at or below this position any more.
    horizon: i64,
    database: &'a Database,
    store: &'a dyn ObjectStore,
    part_events: usize,
    progress: OnProgress<'a>,
    done: Exported,
}

/// A part as it is written.
struct Written {
    encoder: Encoder<'static, Vec<u8>>,
    events: usize,
    bytes: usize,
    first: Option<i64>,
    last: i64,
}

// === impl Exporter ===

impl Exporter<'_> {
    /// The month of the first event at `from` or later.
    async fn next_month(&self, from: i64) -> Result<Option<Month>, ArchiveError> {
        let first = "SELECT min(position) FROM delivery.archive WHERE position >= $1";
        let first: Option<i64> = self.one("find the next month", first, from).await?;
        Ok(first.filter(|first| *first <= self.horizon).and_then(Month::of_position))
    }

    async fn one(&self, operation: &'static str, sql: &str, position: i64) -> Result<Option<i64>, ArchiveError> {
        let client = self.database.admin().await.map_err(ArchiveError::Connect)?;
        Ok(client.query_one(sql, &[&position]).await.map_err(ArchiveError::statement(operation))?.get(0))
    }

    async fn month(&mut self, month: Month) -> Result<(), ArchiveError> {
        let end = month.next().first_position();
        // Beyond the horizon events may still appear between those that are there.
        let over = self.horizon >= end;
        let until = "SELECT max(position) FROM delivery.archive WHERE position < $1";
        let until =
            self.one("find the month's end", until, end.min(self.horizon.saturating_add(1))).await?.unwrap_or(i64::MIN);
        let mut manifest = Manifest::load(self.store, month).await?.unwrap_or_else(|| Manifest::new(month));
        self.done.months += 1;
        if manifest.parts.last().is_some_and(|part| part.last_position == until && (part.sealed || !over)) {
            self.done.parts_kept += u32::try_from(manifest.parts.len()).unwrap_or(u32::MAX);
            return Ok(());
        }
        if manifest.parts.last().is_some_and(|part| !part.sealed) {
            manifest.parts.pop();
        }
        self.done.parts_kept += u32::try_from(manifest.parts.len()).unwrap_or(u32::MAX);
        let mut after = manifest.parts.last().map_or(month.first_position() - 1, |part| part.last_position);
        while after < until {
            let object = format!("part-{:05}.jsonl.zst", manifest.parts.len() + 1);
            let Some(part) = self.part(&manifest, object, after, until, over).await? else {
                break;
            };
            after = part.last_position;
            manifest.parts.push(part);
            manifest.save(self.store).await?;
            (self.progress)(Progress { month, events: self.done.events, bytes: self.done.bytes });
        }
        Ok(())
    }

    /// Writes the part that begins after a position.
    async fn part(
        &mut self,
        manifest: &Manifest,
        object: String,
        after: i64,
        until: i64,
        over: bool,
    ) -> Result<Option<Part>, ArchiveError> {
        let mut written = Written::new(after)?;
        while !self.is_full(&written) && written.last < until {
            let limit = BATCH_MAX.min(self.part_events - written.events);
            let lines = self.lines(written.last, until, limit).await?;
            if lines.is_empty() {
                break;
            }
            for line in lines {
                written.add(&line)?;
                if self.is_full(&written) {
                    break;
                }
            }
        }
        let sealed = over || self.is_full(&written);
        let Written { encoder, events, first: Some(first_position), last: last_position, .. } = written else {
            return Ok(None);
        };
        let bytes = Bytes::from(encoder.finish().map_err(ArchiveError::Compress)?);
        let sha256 = hex::encode(digest::digest(&digest::SHA256, &bytes));
        let (events, size) = (events as u64, bytes.len() as u64);
        let path = manifest.path_of(&object);
        self.store.put(&path, bytes.into()).await.map_err(ArchiveError::object(&path))?;
        self.done.parts_written += 1;
        self.done.events += events;
        self.done.bytes += size;
        Ok(Some(Part { object, events, first_position, last_position, bytes: size, sha256, sealed }))
    }

    fn is_full(&self, written: &Written) -> bool {
        written.events >= self.part_events || written.bytes >= PART_BYTES_MAX
    }

    async fn lines(&self, after: i64, until: i64, limit: usize) -> Result<Vec<Line>, ArchiveError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM delivery.archive WHERE position > $1 AND position <= $2 ORDER BY position LIMIT {limit}"
        );
        let client = self.database.admin().await.map_err(ArchiveError::Connect)?;
        let rows = client.query(&statement, &[&after, &until]).await.map_err(ArchiveError::statement("export"))?;
        rows.iter().map(Line::from_row).collect()
    }
}

// === impl Written ===

impl Written {
    fn new(after: i64) -> Result<Self, ArchiveError> {
        let encoder = Encoder::new(Vec::new(), LEVEL).map_err(ArchiveError::Compress)?;
        Ok(Self { encoder, events: 0, bytes: 0, first: None, last: after })
    }

    fn add(&mut self, line: &Line) -> Result<(), ArchiveError> {
        let text = line.to_json()?;
        self.encoder.write_all(&text).map_err(ArchiveError::Compress)?;
        self.events += 1;
        self.bytes += text.len();
        self.first.get_or_insert(line.position);
        self.last = line.position;
        Ok(())
    }
}
