//! The store of a drain on Spin, on a connection of the driver: one statement a call, parameters as literals, rows as
//! records, logged in as delivery's own role.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::BoxFuture;
use mindflow_platform::delivery::queue::QueueError;
use mindflow_platform::delivery::{Commit, Lock, Machine, Named, Params, Store};
use mindflow_platform::sql::{Value, literal, record};
use postgres_types::{FromSql, Type};
use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::Client;
use uuid::Uuid;

use mindflow_test_support::TestDatabase;

/// Called with the name of an operation that has its lock, before its statement.
pub type Between = dyn Fn(&'static str) -> BoxFuture<'static, ()> + Send + Sync;

/// See the module.
pub struct Literals {
    client: Mutex<Client>,
    between: Option<Box<Between>>,
}

/// A column as it comes.
struct Raw(Vec<u8>);

// === impl Literals ===

impl Literals {
    pub async fn of(database: &TestDatabase) -> Self {
        let (client, connection) = tokio_postgres::connect(&database.dsn(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("SET ROLE mindflow_delivery; SET synchronous_commit = off").await.unwrap();
        Self { client: Mutex::new(client), between: None }
    }

    /// Waits for `between` where an operation has its lock and nothing else yet.
    pub fn with_between(self, between: Box<Between>) -> Self {
        Self { between: Some(between), ..self }
    }
}

async fn run(
    client: &MutexGuard<'_, Client>,
    operation: &'static str,
    statement: &str,
    params: Params<'_>,
) -> Result<Vec<Named>, QueueError> {
    let values: Vec<Value> = params.iter().map(|param| param.value()).collect();
    let bound = literal::bind(statement, &values).map_err(|error| refused(operation, error))?;
    let Some(wrapped) = record::wrap(&bound) else {
        client.execute(&bound, &[]).await.map_err(|error| refused(operation, error))?;
        return Ok(Vec::new());
    };
    let row = client.query_one(&wrapped, &[]).await.map_err(|error| refused(operation, error))?;
    let Some(Raw(raw)) = row.get::<_, Option<Raw>>(0) else { return Ok(Vec::new()) };
    Ok(Named::rows(row.get(1), record::rows(&raw).map_err(|error| refused(operation, error))?))
}

fn refused(operation: &'static str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> QueueError {
    QueueError::Store { operation, source: error.into() }
}

#[async_trait]
impl Machine for Literals {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn random(&self) -> Uuid {
        Uuid::new_v4()
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn step_aside(&self) {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl Store for Literals {
    type Row = Named;

    async fn query(
        &self,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<Named>, QueueError> {
        run(&self.client.lock().await, operation, statement, params).await
    }

    async fn transact(
        &self,
        commit: Commit,
        lock: Option<Lock>,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<Named>, QueueError> {
        let client = self.client.lock().await;
        let begin = format!("BEGIN; SET LOCAL synchronous_commit = {}", commit.setting());
        client.batch_execute(&begin).await.map_err(|error| refused(operation, error))?;
        if let Some(lock) = lock {
            client.batch_execute(&lock.statement()).await.map_err(|error| refused(operation, error))?;
            if let Some(between) = &self.between {
                between(operation).await;
            }
        }
        let rows = run(&client, operation, statement, params).await;
        let end = if rows.is_ok() { "COMMIT" } else { "ROLLBACK" };
        client.batch_execute(end).await.map_err(|error| refused(operation, error))?;
        rows
    }
}

// === impl Raw ===

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
