//! The archive: every event for good, a partition a month. Here is what is done with it besides delivering
//! from it: partitions made ahead ([`partitions`]), reading it in order for replays ([`mod@read`]), and
//! copies of it in object storage ([`mod@export`], [`mod@import`]).
//!
//! A position is `YYYYMM` and a number of ten digits: 2026110000000042 is the 42nd event that was archived
//! in November 2026 (UTC). `migrations/write/0004` says why they look so, and `0007` in which order they become visible:
//! within a partition key they rise, and below the sequencer's floor none appears any more.

pub mod export;
pub mod import;
mod line;
mod manifest;
mod month;
pub mod partitions;
pub mod read;
pub mod status;

use object_store::path::Path;

use crate::database::sql;
use crate::delivery::envelope::EnvelopeError;

pub use export::export;
pub use import::import;
pub use manifest::{Manifest, Part};
pub use month::{Month, MonthError, Months};
pub use read::{Archived, Cut, Filter, cut, read};

/// Rows that one statement reads or writes: enough to hide the round trip, few enough to stay within some megabytes.
const BATCH_MAX: usize = 1_000;

/// Why the archive could not be read, copied or filled.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("no connection to the archive's database")]
    Connect(#[source] sql::Error),
    #[error("the archive's database refused `{operation}`")]
    Statement {
        operation: &'static str,
        #[source]
        source: tokio_postgres::Error,
    },
    #[error("an archived event cannot be read")]
    Envelope(#[from] EnvelopeError),
    #[error("object `{path}`")]
    Object {
        path: String,
        #[source]
        source: object_store::Error,
    },
    #[error("manifest `{path}` cannot be read")]
    Manifest {
        path: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("manifest `{path}` has format {format}; this program knows format {}", manifest::FORMAT)]
    Format { path: String, format: u32 },
    #[error("manifest `{path}`: {reason}")]
    Inconsistent { path: String, reason: String },
    #[error("object `{path}` is not what its manifest says: {reason}")]
    Damaged { path: String, reason: String },
    #[error("object `{path}`, line {line}")]
    Line {
        path: String,
        line: u64,
        #[source]
        source: serde_json::Error,
    },
    #[error("events cannot be compressed")]
    Compress(#[source] std::io::Error),
    #[error("an event cannot be written as JSON")]
    Write(#[source] serde_json::Error),
    #[error(
        "object `{path}`: this archive has other events at its positions ({detail}); import before the first event is published"
    )]
    Occupied { path: String, detail: String },
}

// === impl ArchiveError ===

impl ArchiveError {
    fn statement(operation: &'static str) -> impl Fn(tokio_postgres::Error) -> Self {
        move |source| Self::Statement { operation, source }
    }

    fn object(path: &Path) -> impl Fn(object_store::Error) -> Self {
        move |source| Self::Object { path: path.to_string(), source }
    }
}

/// What a copy has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub month: Month,
    /// Events of this run so far.
    pub events: u64,
    /// Compressed bytes of this run so far.
    pub bytes: u64,
}

/// Called after each object.
pub type OnProgress<'a> = &'a (dyn Fn(Progress) + Send + Sync);
