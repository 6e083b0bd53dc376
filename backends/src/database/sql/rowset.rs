//! The answer of a query, bounded: it is held in memory here and copied into a component's.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, TryStreamExt};
use tokio_postgres::RowStream;

use super::row::row_values;
use super::{Error, ROWS_MAX, Value};

/// Most bytes of the answers to one call, as PostgreSQL sent them: a quarter of a component's memory.
pub const ROWSET_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Column names, and rows with one value a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rowset {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

/// Why a stream of rows was not read to its end.
pub(super) enum ReadError {
    Database(tokio_postgres::Error),
    /// The rest is still on its way over the connection.
    TooLarge(&'static str),
    Value(String),
}

/// Reads all rows. `bytes` counts those of all answers of one call.
pub(super) async fn collect(
    columns: Vec<String>,
    stream: RowStream,
    bytes: &AtomicUsize,
) -> Result<(Rowset, u64), ReadError> {
    let mut stream = pin!(stream);
    let mut rowset = Rowset { columns, rows: Vec::new() };
    while let Some(row) = stream.next().await {
        let row = row.map_err(ReadError::Database)?;
        let before = bytes.fetch_add(row.raw_size_bytes(), Ordering::Relaxed);
        if rowset.rows.len() == ROWS_MAX {
            return Err(ReadError::TooLarge("more than 10,000 rows: read in pages"));
        }
        if before.saturating_add(row.raw_size_bytes()) > ROWSET_BYTES_MAX {
            return Err(ReadError::TooLarge("more than 32 MiB: read in pages"));
        }
        match row_values(&row) {
            Ok(values) => rowset.rows.push(values),
            Err(error) => {
                let text = match std::error::Error::source(&error) {
                    Some(source) => format!("{error}: {source}"),
                    None => error.to_string(),
                };
                // Read on, so that the connection is at rest afterwards.
                drain(&mut stream).await?;
                return Err(ReadError::Value(text));
            }
        }
    }
    let affected = stream.rows_affected().unwrap_or_default();
    Ok((rowset, affected))
}

async fn drain(stream: &mut std::pin::Pin<&mut RowStream>) -> Result<(), ReadError> {
    let mut rows = 0_usize;
    while stream.try_next().await.map_err(ReadError::Database)?.is_some() {
        rows += 1;
        if rows > ROWS_MAX {
            return Err(ReadError::TooLarge("more than 10,000 rows: read in pages"));
        }
    }
    Ok(())
}

// === impl ReadError ===

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Database(error) => error.into(),
            ReadError::TooLarge(what) => Self::Other(format!("the answer has {what}")),
            ReadError::Value(text) => Self::Other(text),
        }
    }
}
