//! The audit trail: every event for good, in the order in which they came, each record bound to the one
//! before by its hash. A record that is changed, removed or moved breaks the chain there, and the verifier
//! names the place. The chain itself and the statements on Postgres are in [`mindflow_platform::audit`].

pub mod export;
mod mongo;
mod postgres;
mod rechain;
pub mod verify;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use mindflow_platform::audit::Malformed;

pub use mindflow_platform::audit::{
    BATCH_MAX, Broken, ChainDefect, Content, Filter, Hash, Head, PAGE_MAX, Record, Walk,
};
pub use mongo::MongoAudit;
pub use postgres::PostgresAudit;
pub use rechain::rechain;
pub use verify::{Report, verify};

use crate::{
    clock::Clock,
    database::postgres::{Database, Session},
    delivery::Event,
    records::{Config, OpenError, PostgresConfig},
};

/// Of the runtime configuration.
const SECTION: &str = "audit-log";
/// Why the trail could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the audit trail cannot be reached")]
    Connect(#[source] crate::database::sql::Error),
    #[error("the audit trail's database refused to {step}")]
    Statement {
        step: &'static str,
        #[source]
        source: crate::database::sql::Error,
    },
    #[error("the audit trail's MongoDB failed to {step}")]
    Mongo {
        step: &'static str,
        #[source]
        source: Box<mongodb::error::Error>,
    },
    #[error("other replicas took the next number {0} times")]
    Contended(usize),
    #[error("the audit trail did not answer within {0} s")]
    Timeout(u64),
    #[error("a task of the audit trail ended early")]
    Task(#[from] tokio::task::JoinError),
    #[error("a record cannot be written or read as JSON")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the audit trail is being chained again")]
    Closed,
    #[error("payloads of the audit trail cannot be sealed: {0}")]
    Keys(String),
}

/// Held by the one replica that chains a trail again.
pub struct Alone(#[expect(dead_code, reason = "it is held, not used")] Option<Session>);

/// Keeps the trail. Appends of all replicas come one after another.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// The event's record. The same event again has the record that it has.
    async fn append(&self, event: &Event) -> Result<Head, AuditError>;

    /// Each of the events, in order. After an error some may have their records.
    async fn append_all(&self, events: Vec<Event>) -> Result<(), AuditError> {
        for event in &events {
            self.append(event).await?;
        }
        Ok(())
    }

    /// Newest first, at most `first` and no more than [`BATCH_MAX`]; only numbers below `before`.
    async fn page(&self, filter: &Filter, first: u32, before: Option<u64>) -> Result<Vec<Record>, AuditError>;

    /// In order, at most `first` and no more than [`BATCH_MAX`], behind the number `after`.
    async fn read(&self, after: u64, first: u32) -> Result<Vec<Record>, AuditError>;

    /// Begins to chain the trail again; none: that is done already, or another replica is at it.
    async fn begin_rechaining(&self) -> Result<Option<Alone>, AuditError>;

    /// How far the second chain has come.
    async fn rechained(&self) -> Result<Head, AuditError>;

    /// Adds to the second chain, in order.
    async fn add_rechained(&self, records: &[Record]) -> Result<(), AuditError>;

    /// The second chain, with this record behind it, takes the place of the first, if that still ends with `former`.
    async fn take_place(&self, former: Head, last: &Record) -> Result<bool, AuditError>;

    /// The newest record, as the store remembers it apart from the records themselves.
    async fn head(&self) -> Result<Head, AuditError>;
}

/// The trail of this configuration.
///
/// # Errors
/// A setting that makes no sense, or a MongoDB that does not answer or refuses.
pub async fn open(
    config: &Config,
    databases: &BTreeMap<String, Database>,
    clock: Clock,
) -> Result<Arc<dyn AuditLog>, OpenError> {
    match config {
        Config::Postgres(PostgresConfig { database }) => match databases.get(database) {
            Some(found) => Ok(Arc::new(PostgresAudit::new(found.clone(), clock))),
            None => Err(OpenError::NoDatabase { section: SECTION, name: database.clone() }),
        },
        Config::Mongo(config) => Ok(Arc::new(MongoAudit::open(config, clock).await?)),
    }
}
