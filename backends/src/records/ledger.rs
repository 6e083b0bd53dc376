//! The ledger of disclosures: what carried a user's text outside, written before it is sent. It is in a database with the platform's write
//! migrations, regardless of where the other records are: users read theirs, and it goes with the accounts there.

use std::time::Duration;

use async_trait::async_trait;
use mindflow_platform::disclosure::postgres::{self as statements, PAGE, RECORD};
use mindflow_platform::sql::Value;
use uuid::Uuid;

pub use mindflow_platform::disclosure::{
    Disclosed, Disclosure, Document, LEDGER_MS_MAX, LedgerError, PAGE_MAX, Refusal, Request, Subject, host_of, owner,
    row,
};

use crate::{
    database::{postgres::Database, sql},
    error::chain,
};

/// Keeps the ledger.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Writes one down for good. After an error it may be there; nothing is sent then.
    async fn record(&self, disclosure: &Disclosure) -> Result<(), LedgerError>;

    /// Those of one user, newest first, at most `first` and no more than [`PAGE_MAX`]; behind the row `before`.
    async fn page(&self, user_id: Uuid, first: u32, before: Option<Uuid>) -> Result<Vec<Disclosed>, LedgerError>;
}

/// The ledger in a database.
#[derive(Clone)]
pub struct PostgresLedger {
    database: Database,
}

// === impl PostgresLedger ===

impl PostgresLedger {
    /// `database`: one with the platform's write migrations.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    async fn rows(&self, statement: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, LedgerError> {
        let asked = async {
            let client = self.database.admin().await?;
            sql::rows(&client, statement, params).await
        };
        let limit = Duration::from_millis(LEDGER_MS_MAX.into());
        let answer = tokio::time::timeout(limit, asked).await;
        let answer = answer.map_err(|_| LedgerError(format!("no answer within {LEDGER_MS_MAX} ms")))?;
        answer.map_err(|error| LedgerError(chain(&error)))
    }
}

#[async_trait]
impl Ledger for PostgresLedger {
    async fn record(&self, disclosure: &Disclosure) -> Result<(), LedgerError> {
        self.rows(RECORD, &statements::record_params(disclosure)?).await.map(drop)
    }

    async fn page(&self, user_id: Uuid, first: u32, before: Option<Uuid>) -> Result<Vec<Disclosed>, LedgerError> {
        let rows = self.rows(PAGE, &statements::page_params(user_id, first, before)?).await?;
        rows.into_iter().map(statements::disclosed).collect()
    }
}
