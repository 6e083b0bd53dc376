//! Replays: archived events handed to a handler once more, to repair or to rebuild what it keeps.
//!
//! [`play()`] calls the handler, in order within each partition key, keys side by side; [`mod@forget`] makes a
//! handler that applies once take them again; [`compare`] reports what a replay into a second database (made by
//! [`crate::database::postgres::scratch`]) has made otherwise than the live one, and brings the live one to it.

pub mod compare;
pub mod forget;
mod play;
mod tables;

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use crate::database::sql;
use crate::delivery::archive::ArchiveError;
use crate::delivery::hold::HoldError;

pub use play::play;

/// Failed entities that a report names; the rest is counted.
pub const FAILURES_NAMED_MAX: usize = 100;

/// Why a replay could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Hold(#[from] HoldError),
    #[error("database `{database}`")]
    Database {
        database: String,
        #[source]
        source: sql::Error,
    },
    #[error("database `{database}`: {operation}")]
    Statement {
        database: String,
        operation: &'static str,
        #[source]
        source: tokio_postgres::Error,
    },
    #[error("table {0} has no primary key, so that its rows cannot be identified")]
    NoPrimaryKey(String),
    #[error("a handler's task ended by itself: {0}")]
    Task(String),
}

/// What [`play()`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Played {
    /// Events that the handler took.
    pub events: u64,
    /// Events that are erased, which went to no handler.
    pub erased: u64,
    /// Events of an entity after one that failed: not tried.
    pub passed_over: u64,
    /// Entities that stopped, by partition key.
    pub failed: BTreeMap<String, Failed>,
    /// All of them, named or not.
    pub failed_count: u64,
}

/// The event at which an entity stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    pub event_id: Uuid,
    pub event_type: String,
    pub error: String,
}
