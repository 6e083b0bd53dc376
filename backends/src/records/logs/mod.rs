//! What hosts and components log, kept for some days where an operator can ask for it: one trait, and a suite in
//! `backends/tests/conformance/logs` that runs over every back end.

mod mongo;
mod postgres;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::database::postgres::Database;
use crate::records::{Config, OpenError, PostgresConfig};

/// Of the runtime configuration.
const SECTION: &str = "log.keep";
/// Lines that one call writes or reads at most.
pub const BATCH_MAX: usize = 1_000;
/// Longer than a batch takes on a busy server; what is not written by then is tried again.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How much a line matters, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// In microseconds since 1970-01-01T00:00:00Z.
    pub at_us: i64,
    pub level: Level,
    /// Who it is from or about; none: the host itself.
    pub component: Option<String>,
    /// Of the request that it follows from.
    pub correlation_id: Option<String>,
    /// The module that logged it, such as `mindflow::guest`.
    pub target: String,
    pub message: String,
    pub fields: Map<String, Value>,
}

/// Which lines; the default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Filter {
    pub correlation_id: Option<String>,
    pub component: Option<String>,
    /// Those that matter at least as much.
    pub level: Option<Level>,
    /// Then or later, in microseconds since 1970-01-01T00:00:00Z.
    pub since_us: Option<i64>,
}

/// Why lines could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    #[error("the log store cannot be reached")]
    Connect(#[source] crate::database::sql::Error),
    #[error("the log store's database refused to {step}")]
    Statement {
        step: &'static str,
        #[source]
        source: tokio_postgres::Error,
    },
    #[error("the log store's MongoDB failed to {step}")]
    Mongo {
        step: &'static str,
        #[source]
        source: Box<mongodb::error::Error>,
    },
    #[error("the log store did not answer within {} s", ANSWER_WITHIN.as_secs())]
    Timeout,
    #[error("a stored line is invalid: {0}")]
    Malformed(&'static str),
}

/// Keeps lines.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// At most [`BATCH_MAX`]. After an error, some of them may be there.
    async fn append(&self, lines: &[Line]) -> Result<(), LogsError>;

    /// The newest that match, in the order in which they were logged. At most `last`, and no more than [`BATCH_MAX`].
    async fn read(&self, filter: &Filter, last: usize) -> Result<Vec<Line>, LogsError>;

    /// Takes away what was logged before, in microseconds since 1970-01-01T00:00:00Z; answers how many lines.
    async fn forget(&self, before_us: i64) -> Result<u64, LogsError>;

    /// Takes away what names this id, in its text or its fields; answers how many lines. It goes through all of them.
    async fn forget_named(&self, id: Uuid) -> Result<u64, LogsError>;
}

/// The store of this configuration.
///
/// # Errors
/// A setting that makes no sense, or a MongoDB that does not answer or refuses.
pub async fn open(config: &Config, databases: &BTreeMap<String, Database>) -> Result<Arc<dyn LogStore>, OpenError> {
    match config {
        Config::Postgres(PostgresConfig { database }) => match databases.get(database) {
            Some(found) => Ok(Arc::new(postgres::PostgresLogs::new(found.clone()))),
            None => Err(OpenError::NoDatabase { section: SECTION, name: database.clone() }),
        },
        Config::Mongo(config) => Ok(Arc::new(mongo::MongoLogs::open(config).await?)),
    }
}

// === impl Level ===

impl Level {
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// In lower case.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// The level of this word; none when there is none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }

    /// This one and those that matter more.
    fn and_above(self) -> Vec<&'static str> {
        Self::ALL.into_iter().filter(|level| *level <= self).map(Self::word).collect()
    }
}

async fn within<T>(work: impl Future<Output = Result<T, LogsError>>) -> Result<T, LogsError> {
    tokio::time::timeout(ANSWER_WITHIN, work).await.unwrap_or(Err(LogsError::Timeout))
}
