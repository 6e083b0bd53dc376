//! Delivery's database on Spin's PostgreSQL: one connection a call, one statement after another.
//!
//! A statement that needs no lock is a transaction of its own, in one round trip. One that does is `BEGIN`, the lock, the
//! statement and `COMMIT`: the statement must see what the lock's holders before it committed, and a statement sees nothing that
//! commits after its begin. Locks end with the transaction, since a session is others' afterwards.

use std::time::{Duration, Instant};

use async_lock::Mutex;
use async_trait::async_trait;
use mindflow_platform::delivery::queue::QueueError;
use mindflow_platform::delivery::{Commit, Lock, Machine, Named, Params, Store};
use mindflow_platform::sql::{Error, Value};
use send_wrapper::SendWrapper;
use uuid::Uuid;

use crate::postgres::Connection;
use crate::{clock, time};

/// What a crash of PostgreSQL takes back of these transactions comes again; those that must not say so. Spin's pool resets it.
const SETTINGS: &str = "SET synchronous_commit = off";

/// See the module.
pub struct Database {
    dsn: String,
    /// Open between two statements. It is taken out while it is used: what is given up in the middle of a transaction is not used
    /// again, and the next borrower of Spin's pool ends it.
    open: Mutex<Option<SendWrapper<Connection>>>,
}

// === impl Database ===

impl Database {
    /// Logged in to the write database as a role that delivery's or dead letters' statements are granted to.
    pub fn new(dsn: String) -> Self {
        Self { dsn, open: Mutex::new(None) }
    }

    async fn statement(
        &self,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
        around: Option<(Commit, Option<Lock>)>,
    ) -> Result<Vec<Named>, QueueError> {
        let values: Vec<Value> = params.iter().map(|param| param.value()).collect();
        let mut open = self.open.lock().await;
        let connection = match open.take() {
            Some(connection) => connection,
            None => SendWrapper::new(connect(&self.dsn).await.map_err(|error| failed(operation, error))?),
        };
        let run = run(&connection, statement, &values, around).await;
        if run.is_ok() {
            *open = Some(connection);
        }
        run.map_err(|error| failed(operation, error))
    }
}

async fn connect(dsn: &str) -> Result<Connection, Error> {
    let connection = Connection::open(dsn).await?;
    connection.execute(SETTINGS, &[]).await?;
    Ok(connection)
}

async fn run(
    connection: &Connection,
    statement: &str,
    values: &[Value],
    around: Option<(Commit, Option<Lock>)>,
) -> Result<Vec<Named>, Error> {
    let Some((commit, lock)) = around else {
        let rows = connection.query(statement, values).await?;
        return Ok(Named::rows(rows.columns, rows.rows));
    };
    connection.execute("BEGIN", &[]).await?;
    if let Commit::OnDisk = commit {
        connection.execute("SET LOCAL synchronous_commit = on", &[]).await?;
    }
    if let Some(lock) = lock {
        connection.execute(&lock.statement(), &[]).await?;
    }
    match connection.query(statement, values).await {
        Ok(rows) => {
            connection.commit().await?;
            Ok(Named::rows(rows.columns, rows.rows))
        }
        Err(error) => {
            // It is dropped with the error, and what it holds is free immediately.
            let _ = connection.rollback().await;
            Err(error)
        }
    }
}

fn failed(operation: &'static str, error: Error) -> QueueError {
    match error {
        Error::Timeout => QueueError::Timeout { operation },
        error @ (Error::Unavailable(_) | Error::PoolExhausted) => QueueError::Connect(error.into()),
        error => QueueError::Store { operation, source: error.into() },
    }
}

// An instance has one thread, and what is polled there stays there.

#[async_trait]
impl Machine for Database {
    fn now(&self) -> Instant {
        clock::instant()
    }

    fn random(&self) -> Uuid {
        clock::random()
    }

    async fn pause(&self, time: Duration) {
        SendWrapper::new(time::sleep(time)).await;
    }

    async fn step_aside(&self) {
        SendWrapper::new(wit_bindgen::yield_async()).await;
    }
}

#[async_trait]
impl Store for Database {
    type Row = Named;

    async fn query(
        &self,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<Named>, QueueError> {
        SendWrapper::new(self.statement(operation, statement, params, None)).await
    }

    async fn transact(
        &self,
        commit: Commit,
        lock: Option<Lock>,
        operation: &'static str,
        statement: &str,
        params: Params<'_>,
    ) -> Result<Vec<Named>, QueueError> {
        let around = match (commit, lock) {
            (Commit::Soon, None) => None,
            around => Some(around),
        };
        SendWrapper::new(self.statement(operation, statement, params, around)).await
    }

    /// Spin's pool has 64 connections for all instances of the component.
    async fn rest(&self) {
        let mut open = SendWrapper::new(self.open.lock()).await;
        drop(open.take());
    }
}
