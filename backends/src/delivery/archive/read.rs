//! Reading the archive in order, for replays: a stream that asks for the next batch when it has given out
//! the last, so that neither an event is held longer than needed nor a transaction left open.

use std::collections::VecDeque;
use std::time::SystemTime;

use futures::Stream;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{ArchiveError, BATCH_MAX};
use crate::database::postgres::Database;
use crate::delivery::Event;
use crate::delivery::envelope::{COLUMNS, EnvelopeError};

/// An event and its place in the archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Archived {
    pub position: i64,
    /// Some milliseconds after its transaction committed.
    pub archived_at: Timestamp,
    pub event: Event,
}

/// Which events; the default is all that there are when reading begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Archived then or later.
    pub from: Option<Timestamp>,
    /// Archived before.
    pub to: Option<Timestamp>,
    /// Only this aggregate's.
    pub partition_key: Option<String>,
    /// Only of these types; none: of all.
    pub event_types: Vec<String>,
    /// Only after this position: to go on with where another read stopped.
    pub after: Option<i64>,
}

/// Events in order of position, `batch` at a time (1 to 1,000). Ends with the last that was there when it
/// began; what is archived meanwhile is not part of it.
pub fn read(
    database: &Database,
    filter: Filter,
    batch: usize,
) -> impl Stream<Item = Result<Archived, ArchiveError>> + Send + use<> {
    let reader = Reader {
        database: database.clone(),
        after: filter.after.unwrap_or(i64::MIN),
        filter,
        batch: batch.clamp(1, BATCH_MAX),
        until: None,
        ready: VecDeque::new(),
    };
    futures::stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next().await?;
        Ok(next.map(|archived| (archived, reader)))
    })
}

/// The position of the newest event; none: there is no event.
pub async fn last_position(database: &Database) -> Result<Option<i64>, ArchiveError> {
    last_before(database, None).await
}

async fn last_before(database: &Database, to: Option<Timestamp>) -> Result<Option<i64>, ArchiveError> {
    let failed = ArchiveError::statement("find the end");
    let client = database.admin().await.map_err(ArchiveError::Connect)?;
    let row = match to {
        None => client.query_one("SELECT max(position) FROM delivery.archive", &[]).await,
        Some(to) => {
            let newest = "SELECT max(position) FROM delivery.archive WHERE archived_at < $1";
            client.query_one(newest, &[&SystemTime::from(to)]).await
        }
    };
    Ok(row.map_err(failed)?.get(0))
}

struct Reader {
    database: Database,
    filter: Filter,
    batch: usize,
    after: i64,
    /// The end, known once reading has begun.
    until: Option<i64>,
    ready: VecDeque<Archived>,
}

// === impl Reader ===

impl Reader {
    async fn next(&mut self) -> Result<Option<Archived>, ArchiveError> {
        if let Some(archived) = self.ready.pop_front() {
            return Ok(Some(archived));
        }
        let until = match self.until {
            Some(until) => until,
            None => {
                let until = last_before(&self.database, self.filter.to).await?.unwrap_or(i64::MIN);
                // Positions never are of an earlier month than that of archiving: whole partitions are passed over.
                let month = self.filter.from.and_then(super::Month::of).map(|month| month.first_position() - 1);
                self.after = self.after.max(month.unwrap_or(i64::MIN));
                *self.until.insert(until)
            }
        };
        if self.after >= until {
            return Ok(None);
        }
        self.ready = self.fetch(until).await?;
        if self.ready.len() < self.batch {
            self.after = until;
        } else if let Some(last) = self.ready.back() {
            self.after = last.position;
        }
        Ok(self.ready.pop_front())
    }

    async fn fetch(&self, until: i64) -> Result<VecDeque<Archived>, ArchiveError> {
        let failed = ArchiveError::statement("read");
        let Filter { from, to, partition_key, event_types, .. } = &self.filter;
        let (from, to) = (from.map(SystemTime::from), to.map(SystemTime::from));
        // Only the conditions that there are, so that each combination gets the index that serves it.
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&self.after, &until];
        let mut conditions = String::new();
        let mut add = |condition: &str, value| {
            params.push(value);
            conditions.push_str(&format!(" AND {}", condition.replace('?', &format!("${}", params.len()))));
        };
        if let Some(from) = &from {
            add("a.archived_at >= ?", from);
        }
        if let Some(to) = &to {
            add("a.archived_at < ?", to);
        }
        if let Some(key) = partition_key {
            add("a.partition_key = ?", key);
        }
        if !event_types.is_empty() {
            add("a.event_type = ANY (?)", event_types);
        }
        let statement = format!(
            "SELECT a.position, a.archived_at, {COLUMNS} FROM delivery.archive a \
             WHERE a.position > $1 AND a.position <= $2{conditions} ORDER BY a.position LIMIT {}",
            self.batch
        );
        let client = self.database.admin().await.map_err(ArchiveError::Connect)?;
        // Planned with its values, so that the partitions of other months are not even looked at.
        let rows = client.query(&statement, &params).await.map_err(failed)?;
        rows.iter().map(archived_of).collect()
    }
}

fn archived_of(row: &Row) -> Result<Archived, ArchiveError> {
    let archived_at: SystemTime = row.try_get("archived_at").map_err(EnvelopeError::Column)?;
    Ok(Archived {
        position: row.try_get("position").map_err(EnvelopeError::Column)?,
        archived_at: Timestamp::try_from(archived_at).map_err(EnvelopeError::Timestamp)?,
        event: Event::from_row(row)?,
    })
}
