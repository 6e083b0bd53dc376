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

/// A moment of the log: everything that had become visible. It is the events with positions up to `floor`, and those with
/// ordinals up to `ordinal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub ordinal: i64,
    /// No event appears at or below this position any more.
    pub floor: i64,
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
    /// Only what became visible after this: to go on with where another read stopped, a day later at most.
    pub after: Option<Cut>,
    /// Only what was visible then.
    pub until: Option<Cut>,
}

/// Events in an order in which each partition key's are as they were published, `batch` at a time (1 to 1,000). What becomes
/// visible after the beginning is not part of it.
pub fn read(
    database: &Database,
    filter: Filter,
    batch: usize,
) -> impl Stream<Item = Result<Archived, ArchiveError>> + Send + use<> {
    let reader = Reader {
        database: database.clone(),
        filter,
        batch: batch.clamp(1, BATCH_MAX),
        phase: Phase::Begin,
        ready: VecDeque::new(),
    };
    futures::stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next().await?;
        Ok(next.map(|archived| (archived, reader)))
    })
}

/// The present.
///
/// # Errors
/// The database's.
pub async fn cut(database: &Database) -> Result<Cut, ArchiveError> {
    let client = database.admin().await.map_err(ArchiveError::Connect)?;
    let statement = "SELECT last_ordinal, floor FROM delivery.sequencer";
    let row = client.query_one(statement, &[]).await.map_err(ArchiveError::statement("find the end"))?;
    Ok(Cut { ordinal: row.get(0), floor: row.get(1) })
}

struct Reader {
    database: Database,
    filter: Filter,
    batch: usize,
    phase: Phase,
    ready: VecDeque<Archived>,
}

/// Below the floor, positions are complete and quick to read, also for months; above it, ordinals say what is visible.
#[derive(Clone, Copy)]
enum Phase {
    Begin,
    Positions { after: i64, until: Cut },
    Ordinals { after: i64, until: Cut },
    End,
}

// === impl Reader ===

impl Reader {
    async fn next(&mut self) -> Result<Option<Archived>, ArchiveError> {
        loop {
            if let Some(archived) = self.ready.pop_front() {
                return Ok(Some(archived));
            }
            match self.phase {
                Phase::Begin => {
                    let until = match self.filter.until {
                        Some(until) => until,
                        None => cut(&self.database).await?,
                    };
                    self.phase = match self.filter.after {
                        Some(after) => Phase::Ordinals { after: after.ordinal, until },
                        None => Phase::Positions { after: self.first_position(), until },
                    };
                }
                Phase::Positions { after, until } => {
                    let rows = self.fetch(after, until).await?;
                    self.phase = match rows.last() {
                        Some((position, _)) if rows.len() >= self.batch => Phase::Positions { after: *position, until },
                        _ => Phase::Ordinals { after: i64::MIN, until },
                    };
                    self.ready.extend(rows.into_iter().map(|(_, archived)| archived));
                }
                Phase::Ordinals { after, until } => {
                    let rows = if after < until.ordinal { self.fetch(after, until).await? } else { Vec::new() };
                    self.phase = match rows.last() {
                        Some((ordinal, _)) if rows.len() >= self.batch => Phase::Ordinals { after: *ordinal, until },
                        _ => Phase::End,
                    };
                    self.ready.extend(rows.into_iter().map(|(_, archived)| archived));
                }
                Phase::End => return Ok(None),
            }
        }
    }

    /// Positions never are of an earlier month than that of archiving: whole partitions are passed over.
    fn first_position(&self) -> i64 {
        self.filter.from.and_then(super::Month::of).map_or(i64::MIN, |month| month.first_position() - 1)
    }

    /// The next events of the phase, each with what the phase counts.
    async fn fetch(&self, after: i64, until: Cut) -> Result<Vec<(i64, Archived)>, ArchiveError> {
        let failed = ArchiveError::statement("read");
        let Filter { from, to, partition_key, event_types, after: began, .. } = &self.filter;
        let (from, to) = (from.map(SystemTime::from), to.map(SystemTime::from));
        let by_ordinal = matches!(self.phase, Phase::Ordinals { .. });
        let (counted, source, last) = if by_ordinal {
            ("s.ordinal", "delivery.sequenced s JOIN delivery.archive a ON a.position = s.position", until.ordinal)
        } else {
            ("a.position", "delivery.archive a", i64::MAX)
        };
        // Only the conditions that there are, so that each combination gets the index that serves it.
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&after, &last];
        let mut conditions = String::new();
        let mut add = |condition: &str, value| {
            params.push(value);
            conditions.push_str(&format!(" AND {}", condition.replace('?', &format!("${}", params.len()))));
        };
        if by_ordinal && began.is_none() {
            // The others were read by position.
            add("s.position > ?", &until.floor);
        }
        if !by_ordinal {
            // What was imported has no ordinal.
            add("(a.position <= ? OR a.xid IS NULL)", &until.floor);
        }
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
            "SELECT {counted} AS counted, a.position, a.archived_at, {COLUMNS} FROM {source} \
             WHERE {counted} > $1 AND {counted} <= $2{conditions} ORDER BY {counted} LIMIT {}",
            self.batch
        );
        let client = self.database.admin().await.map_err(ArchiveError::Connect)?;
        // Planned with its values, so that the partitions of other months are not even looked at.
        let rows = client.query(&statement, &params).await.map_err(failed)?;
        rows.iter().map(|row| Ok((row.try_get("counted").map_err(EnvelopeError::Column)?, archived_of(row)?))).collect()
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
