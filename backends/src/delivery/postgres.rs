//! Delivery's store on connections of the host's own: prepared statements, and a transaction in one round trip.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use deadpool_postgres::Client;
use mindflow_platform::delivery::{Commit, Lock, Machine, Params, Store};
use mindflow_platform::event::EnvelopeError;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::queue::QueueError;
use crate::database::postgres::Database;
use crate::{clock, ids};

/// A queue statement takes milliseconds; after this long the connection is taken for lost.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// The administrator's connections to the database with the schema `delivery`.
#[derive(Clone)]
pub struct Connections {
    database: Database,
}

// === impl Connections ===

impl Connections {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    pub(super) async fn client(&self) -> Result<Client, QueueError> {
        within("connect", async { self.database.admin().await.map_err(|error| QueueError::Connect(error.into())) })
            .await
    }
}

#[async_trait]
impl Machine for Connections {
    fn now(&self) -> Instant {
        clock::instant().into_std()
    }

    fn random(&self) -> Uuid {
        ids::random()
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    async fn step_aside(&self) {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl Store for Connections {
    type Row = Row;

    async fn query(
        &self,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, QueueError> {
        query(&self.client().await?, operation, statement, &binary(params)).await
    }

    /// All of it is sent together: one round trip, and no transaction is left open when the caller goes away.
    async fn transact(
        &self,
        commit: Commit,
        lock: Option<Lock>,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, QueueError> {
        let client = self.client().await?;
        let begin = begin(commit, lock);
        let params = binary(params);
        within(operation, async {
            let failed = |error| refused(operation, error);
            let prepared = client.prepare_cached(statement).await.map_err(failed)?;
            let (begun, rows, committed) = tokio::join!(
                client.batch_execute(&begin),
                client.query(&prepared, &params),
                client.batch_execute("COMMIT")
            );
            begun.map_err(failed)?;
            let rows = rows.map_err(failed)?;
            committed.map_err(failed)?;
            Ok(rows)
        })
        .await
    }
}

/// As the driver takes them.
fn binary<'a>(params: Params<'a>) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| *param as &(dyn ToSql + Sync)).collect()
}

/// For statements whose plans are kept. Arrays of unknown length would make PostgreSQL plan each time, which takes longer than the run.
/// Sequential scans are off because a plan made while the queue was empty would scan all of it when it no longer is. The
/// price that this puts on a scan which must be makes the planner compile the statement, half a second for nothing, so that is
/// off too.
pub(super) const KEEP_PLANS: &str =
    "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off; SET LOCAL jit = off";

/// Opens each transaction.
fn begin(commit: Commit, lock: Option<Lock>) -> String {
    let lock = lock.map_or_else(String::new, |lock| format!("; {}", lock.statement()));
    format!("BEGIN; SET LOCAL synchronous_commit = {}; {KEEP_PLANS}{lock}", commit.setting())
}

/// Runs one prepared statement, in one round trip once it is prepared on the connection.
pub(super) async fn query(
    client: &Client,
    operation: &'static str,
    statement: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, QueueError> {
    within(operation, async {
        let prepared = client.prepare_cached(statement).await.map_err(|error| refused(operation, error))?;
        client.query(&prepared, params).await.map_err(|error| refused(operation, error))
    })
    .await
}

/// Bounds a call to the store by [`STATEMENT_TIMEOUT`].
pub(super) async fn within<T>(
    operation: &'static str,
    call: impl Future<Output = Result<T, QueueError>>,
) -> Result<T, QueueError> {
    tokio::time::timeout(STATEMENT_TIMEOUT, call).await.unwrap_or(Err(QueueError::Timeout { operation }))
}

pub(super) fn refused(operation: &'static str, error: tokio_postgres::Error) -> QueueError {
    QueueError::Store { operation, source: error.into() }
}

pub(super) fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, QueueError> {
    row.try_get(name).map_err(|error| QueueError::Envelope(EnvelopeError::Column(error)))
}

/// A span in seconds; one in the past is zero.
pub(super) fn duration(row: &Row, name: &str) -> Result<Option<Duration>, QueueError> {
    let seconds: Option<f64> = column(row, name)?;
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)))
}
