//! Fills an archive from its copies. Every object is proven against its manifest before anything of it is
//! loaded; events that are there are passed over, so that an import can be stopped and run again. Events
//! keep their positions, hence their order. They are for reading and replaying: no subscription gets them
//! by this.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::SystemTime;

use aws_lc_rs::digest;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio_postgres::error::SqlState;

use super::line::Line;
use super::{ArchiveError, BATCH_MAX, Manifest, Month, Months, OnProgress, Part, Progress};
use crate::database::postgres::Database;

/// Bytes of one line: a row of Postgres' own bound for a JSON document would be more than an event can be.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

const LOAD: &str = "WITH given AS (SELECT * FROM unnest($1::int8[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], \
         $6::text[], $7::text[], $8::int8[], $9::text[], $10::text[], $11::text[], $12::uuid[], $13::text[], $14::text[], \
         $15::timestamptz[]) AS g(position, event_id, event_type, version, occurred_at, source, source_component, sequence, \
         partition_key, correlation_id, traceparent, user_id, tenant_id, payload, archived_at)), \
     known AS (INSERT INTO delivery.archived_event SELECT event_id FROM given ON CONFLICT DO NOTHING RETURNING event_id) \
     INSERT INTO delivery.archive (position, event_id, event_type, version, occurred_at, source, source_component, sequence, \
         partition_key, correlation_id, traceparent, user_id, tenant_id, payload, archived_at, xid) \
     SELECT position, event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key, \
         correlation_id, traceparent, user_id, tenant_id, payload::jsonb, archived_at, NULL FROM given JOIN known USING (event_id)";

/// New positions come after all that were imported.
const GO_ON_AFTER: &str =
    "SELECT setval('delivery.archive_position', greatest(last_value, $1)) FROM delivery.archive_position";

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    pub months: u32,
    pub parts: u32,
    /// Events that were missing and are there now.
    pub loaded: u64,
    /// Events that were there.
    pub already: u64,
}

/// Loads what the archive lacks of `months`.
pub async fn import(
    database: &Database,
    store: Arc<dyn ObjectStore>,
    months: Months,
    progress: OnProgress<'_>,
) -> Result<Imported, ArchiveError> {
    let mut done = Imported::default();
    let mut bytes = 0;
    for month in exported_months(store.as_ref(), months).await? {
        let Some(manifest) = Manifest::load(store.as_ref(), month).await? else {
            continue;
        };
        make_partition(database, month).await?;
        done.months += 1;
        for part in &manifest.parts {
            let path = manifest.path_of(&part.object);
            let object = fetch(store.as_ref(), &path, part).await?;
            let mut loader = Loader { database, path: &path, lines: Vec::with_capacity(BATCH_MAX), done: &mut done };
            // First all of it is read once: a damaged object loads nothing.
            Lines::new(&object, &path)?.prove(part)?;
            let mut lines = Lines::new(&object, &path)?;
            while let Some(line) = lines.next_line()? {
                loader.add(line).await?;
            }
            loader.flush().await?;
            done.parts += 1;
            bytes += part.bytes;
            progress(Progress { month, events: done.loaded + done.already, bytes });
        }
    }
    Ok(done)
}

/// Proves the copies of `months` against their manifests and loads nothing. Answers how many events there are.
pub async fn verify(
    store: Arc<dyn ObjectStore>,
    months: Months,
    progress: OnProgress<'_>,
) -> Result<u64, ArchiveError> {
    let (mut events, mut bytes) = (0, 0);
    for month in exported_months(store.as_ref(), months).await? {
        let Some(manifest) = Manifest::load(store.as_ref(), month).await? else {
            continue;
        };
        for part in &manifest.parts {
            let path = manifest.path_of(&part.object);
            let object = fetch(store.as_ref(), &path, part).await?;
            Lines::new(&object, &path)?.prove(part)?;
            events += part.events;
            bytes += part.bytes;
            progress(Progress { month, events, bytes });
        }
    }
    Ok(events)
}

/// Those of `months` that have a manifest, in order.
pub(super) async fn exported_months(store: &dyn ObjectStore, months: Months) -> Result<Vec<Month>, ArchiveError> {
    let root = Manifest::root();
    let objects: Vec<_> = store.list(Some(&root)).try_collect().await.map_err(ArchiveError::object(&root))?;
    let found = objects.iter().filter_map(|object| Manifest::month_at(&object.location));
    let mut found: Vec<_> = found.filter(|month| months.contains(*month)).collect();
    found.sort_unstable();
    Ok(found)
}

async fn make_partition(database: &Database, month: Month) -> Result<(), ArchiveError> {
    let client = database.admin().await.map_err(ArchiveError::Connect)?;
    let make = "SELECT delivery.make_archive_partition($1::text::date)";
    client.execute(make, &[&month.first_day()]).await.map_err(ArchiveError::statement("make a partition"))?;
    Ok(())
}

/// The object, if its bytes are those that were written.
async fn fetch(store: &dyn ObjectStore, path: &Path, part: &Part) -> Result<Bytes, ArchiveError> {
    let object = store.get(path).await.map_err(ArchiveError::object(path))?;
    let bytes = object.bytes().await.map_err(ArchiveError::object(path))?;
    let damaged = |reason: String| Err(ArchiveError::Damaged { path: path.to_string(), reason });
    if bytes.len() as u64 != part.bytes {
        return damaged(format!("{} bytes instead of {}", bytes.len(), part.bytes));
    }
    let sha256 = hex::encode(digest::digest(&digest::SHA256, &bytes));
    if sha256 != part.sha256 {
        return damaged(format!("SHA-256 {sha256} instead of {}", part.sha256));
    }
    Ok(bytes)
}

/// The lines of one object.
struct Lines<'a> {
    reader: BufReader<zstd::Decoder<'static, BufReader<&'a [u8]>>>,
    path: &'a Path,
    number: u64,
    text: Vec<u8>,
}

// === impl Lines ===

impl<'a> Lines<'a> {
    fn new(object: &'a [u8], path: &'a Path) -> Result<Self, ArchiveError> {
        let decoder = zstd::Decoder::new(object).map_err(ArchiveError::Compress)?;
        Ok(Self { reader: BufReader::new(decoder), path, number: 0, text: Vec::new() })
    }

    fn next_line(&mut self) -> Result<Option<Line>, ArchiveError> {
        self.text.clear();
        let mut reader = (&mut self.reader).take(LINE_BYTES_MAX);
        reader.read_until(b'\n', &mut self.text).map_err(ArchiveError::Compress)?;
        if self.text.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        serde_json::from_slice(&self.text).map(Some).map_err(|source| ArchiveError::Line {
            path: self.path.to_string(),
            line: self.number,
            source,
        })
    }

    /// Whether it holds the events that its manifest says, in order.
    fn prove(mut self, part: &Part) -> Result<(), ArchiveError> {
        let (mut first, mut last) = (None, i64::MIN);
        while let Some(Line { position, .. }) = self.next_line()? {
            if position <= last {
                return self.damaged(format!("line {} is out of order", self.number));
            }
            first.get_or_insert(position);
            last = position;
        }
        if self.number != part.events {
            return self.damaged(format!("{} events instead of {}", self.number, part.events));
        }
        if first != Some(part.first_position) || last != part.last_position {
            return self.damaged("other positions".to_owned());
        }
        Ok(())
    }

    fn damaged<T>(&self, reason: String) -> Result<T, ArchiveError> {
        Err(ArchiveError::Damaged { path: self.path.to_string(), reason })
    }
}

struct Loader<'a> {
    database: &'a Database,
    path: &'a Path,
    lines: Vec<Line>,
    done: &'a mut Imported,
}

// === impl Loader ===

impl Loader<'_> {
    async fn add(&mut self, line: Line) -> Result<(), ArchiveError> {
        self.lines.push(line);
        if self.lines.len() >= BATCH_MAX { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), ArchiveError> {
        let lines = std::mem::take(&mut self.lines);
        let Some(last) = lines.last().map(|line| line.position) else {
            return Ok(());
        };
        let failed = ArchiveError::statement("import");
        let mut client = self.database.admin().await.map_err(ArchiveError::Connect)?;
        let transaction = client.transaction().await.map_err(&failed)?;
        // No producer takes a position meanwhile.
        let lock = "LOCK TABLE delivery.archive IN SHARE ROW EXCLUSIVE MODE";
        transaction.batch_execute(lock).await.map_err(&failed)?;
        fn column<'a, T>(lines: &'a [Line], of: impl Fn(&'a Line) -> T) -> Vec<T> {
            lines.iter().map(of).collect()
        }
        let loaded = transaction
            .execute(
                LOAD,
                &[
                    &column(&lines, |line| line.position),
                    &column(&lines, |line| line.event_id),
                    &column(&lines, |line| line.event_type.as_str()),
                    &column(&lines, |line| line.version.as_str()),
                    &column(&lines, |line| SystemTime::from(line.timestamp)),
                    &column(&lines, |line| line.source.as_str()),
                    &column(&lines, |line| line.source_component.as_str()),
                    &column(&lines, |line| line.sequence),
                    &column(&lines, |line| line.partition_key.as_str()),
                    &column(&lines, |line| line.correlation_id.as_str()),
                    &column(&lines, |line| line.traceparent.as_deref()),
                    &column(&lines, |line| line.metadata.user_id),
                    &column(&lines, |line| line.metadata.tenant_id.as_deref()),
                    &column(&lines, |line| line.payload.get()),
                    &column(&lines, |line| SystemTime::from(line.archived_at)),
                ],
            )
            .await
            .map_err(|error| self.occupied(error))?;
        transaction.execute(GO_ON_AFTER, &[&last]).await.map_err(&failed)?;
        transaction.commit().await.map_err(&failed)?;
        self.done.loaded += loaded;
        self.done.already += lines.len() as u64 - loaded;
        Ok(())
    }

    fn occupied(&self, source: tokio_postgres::Error) -> ArchiveError {
        match source.as_db_error() {
            Some(error) if *error.code() == SqlState::UNIQUE_VIOLATION => ArchiveError::Occupied {
                path: self.path.to_string(),
                detail: error.detail().unwrap_or_default().to_owned(),
            },
            _ => ArchiveError::Statement { operation: "import", source },
        }
    }
}
