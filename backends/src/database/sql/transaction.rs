//! A component's transaction. It owns a connection of the component's role for as long as it is open;
//! dropped, it is rolled back before the connection can be used again, and a connection whose state is
//! not known is closed instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use futures::future::join;
use mindflow_platform::sql::{Mode, PUBLISH, is_broken, is_stale_plan};
use tokio::sync::Notify;
use tokio_postgres::Statement;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::lease::Lease;
use super::rowset::{self, ReadError};
use super::{Error, Identity, NewEvent, Rowset, Value, decode, encode, guard};
use crate::database::postgres::{Database, pool::Connection};
use crate::failpoint;

/// Prepared statements that one connection keeps. A component has a few dozen; statements put together
/// from texts would otherwise fill the server's memory.
const STATEMENTS_MAX: usize = 256;
/// What the server gets beyond its own statement timeout before the connection counts as dead.
const ANSWER_GRACE: Duration = Duration::from_secs(5);
/// How long the end of a dropped transaction may take before its connection is closed instead.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection may turn out dead at its first use; so may the next one of a server that restarted.
pub(super) const CONNECTION_ATTEMPTS_MAX: u32 = 3;

/// An open transaction (READ COMMITTED). Statements may be sent concurrently; they run one after another.
pub struct Transaction {
    /// There until the transaction ends.
    client: Option<Connection>,
    tls: MakeRustlsConnect,
    answer_timeout: Duration,
    /// Set when a caller went away before a statement's answer.
    abandoned: AtomicBool,
    /// Set when the connection must not be used again.
    broken: AtomicBool,
    /// Set when a statement failed, so that the server may have given up the transaction.
    failed: AtomicBool,
    /// Whether there is an event to relay after the commit, and the bell to ring then.
    published: AtomicBool,
    published_bell: Option<Arc<Notify>>,
}

impl Database {
    /// Opens a transaction on a connection of the component's role, for `identity`. `component` is the
    /// component's name, such as `command`. Waits for a free connection for a bounded time, also when whom it works for has its part of
    /// them.
    pub async fn begin(&self, component: &str, identity: &Identity) -> Result<Transaction, Error> {
        let published_bell = self.published_bell();
        let mut begin = identity.begin(Mode::ReadWrite, self.statement_timeout_ms());
        if published_bell.is_some() {
            begin.push_str("; SET LOCAL mindflow.doorbell = 'local'");
        }
        let (answer_timeout, asker) = (answer_timeout(self), self.asker(identity));
        let mut attempt = 1;
        loop {
            let lease = Lease::new(self.pools().component(component, &asker).await?);
            let client = lease.client().ok_or_else(ended)?;
            match tokio::time::timeout(answer_timeout, client.batch_execute(&begin)).await {
                Ok(Ok(())) => {
                    return Ok(Transaction {
                        client: lease.into_client(),
                        tls: self.pools().endpoint().tls(),
                        answer_timeout,
                        abandoned: AtomicBool::new(false),
                        broken: AtomicBool::new(false),
                        failed: AtomicBool::new(false),
                        published: AtomicBool::new(false),
                        published_bell,
                    });
                }
                Ok(Err(error)) if is_broken(&error) && attempt < CONNECTION_ATTEMPTS_MAX => {
                    self.pools().sweep(component);
                    attempt += 1;
                }
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => return Err(Error::Timeout),
            }
        }
    }
}

pub(super) fn answer_timeout(database: &Database) -> Duration {
    Duration::from_millis(u64::from(database.statement_timeout_ms())) + ANSWER_GRACE
}

// === impl Transaction ===

impl Transaction {
    /// Runs one statement and answers the number of rows affected.
    ///
    /// # Errors
    /// After any error that the server reported, the transaction can only be rolled back.
    pub async fn execute(&self, statement: &str, params: &[Value]) -> Result<u64, Error> {
        guard::check(statement)?;
        self.run(statement, params).await.map(|(_, affected)| affected)
    }

    /// Runs one statement and answers its rows, at most [`super::ROWS_MAX`].
    pub async fn query(&self, statement: &str, params: &[Value]) -> Result<Rowset, Error> {
        guard::check(statement)?;
        self.run(statement, params).await.map(|(rowset, _)| rowset)
    }

    /// Writes the event to the log: it is published if, and only if, this transaction commits.
    pub async fn publish(&self, event: &NewEvent) -> Result<(), Error> {
        self.published.store(true, Ordering::Release);
        self.run(PUBLISH, &event.params()).await.map(|_| ())
    }

    /// Makes everything permanent.
    ///
    /// # Errors
    /// `Statement` with 25P02 when a statement of the transaction had failed: then nothing was written.
    /// `Unavailable` and `Timeout` leave open whether it was.
    pub async fn commit(mut self) -> Result<(), Error> {
        let client = self.client.take().ok_or_else(ended)?;
        if self.broken.load(Ordering::Acquire) {
            client.close();
            return Err(Error::aborted());
        }
        // COMMIT of a failed transaction answers ROLLBACK without an error, and its tag is not available here. A select
        // fails in one, and travels in the same round trip.
        let doubtful = self.failed.load(Ordering::Acquire) || self.abandoned.load(Ordering::Acquire);
        let alive = async { if doubtful { client.batch_execute("SELECT").await } else { Ok(()) } };
        let ended = tokio::time::timeout(self.answer_timeout, join(alive, client.batch_execute("COMMIT"))).await;
        let Ok((alive, committed)) = ended else {
            client.close();
            return Err(Error::Timeout);
        };
        // Also when the outcome is unknown: a look costs little, and a committed event must not wait.
        if let Some(bell) = self.published_bell.as_ref().filter(|_| self.published.load(Ordering::Acquire)) {
            bell.notify_one();
        }
        match (alive, committed) {
            (Ok(()), Ok(())) => {
                if self.published.load(Ordering::Acquire) {
                    failpoint!("after-commit");
                }
                Ok(())
            }
            (Err(error), Ok(())) if !is_broken(&error) => Err(error.into()),
            (_, Err(error)) if !is_broken(&error) => {
                // A deferred constraint or a serialization failure: the server has rolled back.
                Err(error.into())
            }
            (Err(error), _) | (_, Err(error)) => {
                client.close();
                Err(error.into())
            }
        }
    }

    /// Undoes everything now, where dropping would do it a little later.
    pub async fn rollback(mut self) -> Result<(), Error> {
        let client = self.client.take().ok_or_else(ended)?;
        finish(client, None).await;
        Ok(())
    }

    async fn run(&self, sql: &str, params: &[Value]) -> Result<(Rowset, u64), Error> {
        if self.broken.load(Ordering::Acquire) {
            return Err(Error::aborted());
        }
        let client = self.client.as_ref().ok_or_else(ended)?;
        let waiting = AbandonGuard::new(&self.abandoned);
        let answer = tokio::time::timeout(self.answer_timeout, async {
            let statement = prepare(client, sql).await?;
            decode::check_columns(statement.columns())?;
            let params = encode::params(params, statement.params())?;
            let stream = match client.query_raw(&statement, &params).await {
                Err(error) if is_stale_plan(&error) => {
                    client.statement_cache.clear();
                    return Err(error.into());
                }
                other => other?,
            };
            match rowset::collect(column_names(&statement), stream, &AtomicUsize::new(0)).await {
                Err(ReadError::TooLarge(what)) => {
                    self.broken.store(true, Ordering::Release);
                    Err(ReadError::TooLarge(what).into())
                }
                Err(ReadError::Database(error)) if is_stale_plan(&error) => {
                    client.statement_cache.clear();
                    Err(error.into())
                }
                other => other.map_err(Error::from),
            }
        })
        .await;
        waiting.disarm();
        if !matches!(answer, Ok(Ok(_))) {
            self.failed.store(true, Ordering::Release);
        }
        // Without an answer the connection is of no more use, unlike after the server's own timeout.
        if matches!(answer, Err(_) | Ok(Err(Error::Unavailable(_)))) {
            self.broken.store(true, Ordering::Release);
        }
        answer.unwrap_or(Err(Error::Timeout))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !self.broken.load(Ordering::Acquire) => {
                let cancel = self.abandoned.load(Ordering::Acquire).then(|| self.tls.clone());
                runtime.spawn(finish(client, cancel));
            }
            _ => client.close(),
        }
    }
}

/// Rolls back and gives the connection to its pool; one that does not answer is closed. With `cancel`, the
/// statement that still runs is asked to stop first.
async fn finish(client: Connection, cancel: Option<MakeRustlsConnect>) {
    let ending = async {
        if let Some(tls) = cancel {
            // When it cannot be sent, the statement timeout ends the statement.
            let _ = client.cancel_token().cancel_query(tls).await;
        }
        client.batch_execute("ROLLBACK").await
    };
    match tokio::time::timeout(ROLLBACK_TIMEOUT, ending).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => client.close(),
    }
}

/// Prepares a statement, or finds it among those that the connection keeps.
pub(super) async fn prepare(client: &ClientWrapper, sql: &str) -> Result<Statement, tokio_postgres::Error> {
    if client.statement_cache.size() >= STATEMENTS_MAX {
        client.statement_cache.clear();
    }
    client.prepare_cached(sql).await
}

pub(super) fn column_names(statement: &Statement) -> Vec<String> {
    statement.columns().iter().map(|column| column.name().to_owned()).collect()
}

fn ended() -> Error {
    Error::Other("the transaction has ended".to_owned())
}

/// Notes when a statement's answer is no longer awaited although it has not come.
struct AbandonGuard<'a>(Option<&'a AtomicBool>);

impl<'a> AbandonGuard<'a> {
    fn new(abandoned: &'a AtomicBool) -> Self {
        Self(Some(abandoned))
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for AbandonGuard<'_> {
    fn drop(&mut self) {
        if let Some(abandoned) = self.0 {
            abandoned.store(true, Ordering::Release);
        }
    }
}
