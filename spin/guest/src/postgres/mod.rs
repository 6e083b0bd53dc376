//! A connection to PostgreSQL, one of Spin's pool for the component and the address.
//!
//! What Spin does otherwise than a driver: a connection that is dropped, or whose guest traps, goes back to the pool with its
//! transaction open; a call runs one statement; parameters must have the statement's exact types; several types come as the
//! bytes of their binary form, and a row costs a tenth of a millisecond. So each connection begins with `ROLLBACK`, parameters
//! are literals, and all rows of an answer come as one.

mod dsn;
mod failure;
mod permits;
mod rows;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mindflow_platform::sql::{Error, Identity, Mode, Value, literal, record};

use crate::bindings::spin::postgres::postgres as spin;
use crate::time;
pub use rows::Rows;

/// A connection may turn out dead at its first use; so may the next one of a server that restarted.
const ATTEMPTS_MAX: u32 = 3;
/// For opening, which may wait for Spin's pool.
const OPEN_MAX: Duration = Duration::from_secs(5);
/// For the `ROLLBACK` that follows.
const CLEAN_MAX: Duration = Duration::from_secs(5);
/// What a statement may take, whatever its transaction sets, and five seconds; after that the connection counts as dead.
const ANSWER_MAX: Duration = Duration::from_millis(dsn::STATEMENT_MS_MAX as u64 + 5_000);

/// An open connection, with no transaction of another's. Statements may be sent concurrently; they run one after another.
pub struct Connection {
    spin: spin::Connection,
    /// Statements that failed, or whose answer has not come or was not awaited: the server may have given up the transaction.
    doubtful: AtomicUsize,
    /// Given back after the connection, which is dropped first.
    _permit: permits::Permit,
}

// === impl Connection ===

impl Connection {
    /// Opens one and ends what its last user left open.
    ///
    /// # Errors
    /// `PoolExhausted`, or `Unavailable`.
    pub async fn open(dsn: &str) -> Result<Self, Error> {
        let permit = permits::acquire(dsn).await?;
        let address = dsn::with_settings(dsn);
        let mut attempt = 1;
        loop {
            match open_clean(&address).await {
                Ok(spin) => return Ok(Self { spin, doubtful: AtomicUsize::new(0), _permit: permit }),
                Err(Error::Unavailable(_)) if attempt < ATTEMPTS_MAX => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Runs one statement and answers how many rows it affected.
    ///
    /// # Errors
    /// `InvalidParams`, or the server's own.
    pub async fn execute(&self, statement: &str, params: &[Value]) -> Result<u64, Error> {
        let bound = literal::bind(statement, params)?;
        self.run(bound).await
    }

    /// Runs one statement and answers its rows, each value in its exact type.
    ///
    /// # Errors
    /// As [`Self::execute`]; `Other` for more than [`mindflow_platform::sql::ROWS_MAX`] rows, or a column without a value.
    pub async fn query(&self, statement: &str, params: &[Value]) -> Result<Rows, Error> {
        let bound = literal::bind(statement, params)?;
        let Some(wrapped) = record::wrap(&bound) else {
            self.run(bound).await?;
            return Ok(Rows::default());
        };
        let answer = self.sent(async {
            let (_, mut stream, end) = self.spin.query_async(wrapped, Vec::new()).await?;
            let row = stream.next().await;
            // The end is only reported when all rows were taken. To read behind the end is a trap.
            if row.is_some() {
                while stream.next().await.is_some() {}
            }
            end.await.map(|()| row)
        });
        rows::read(answer.await?.ok_or_else(|| Error::Other("the statement answered no row at all".to_owned()))?)
    }

    /// Opens a transaction (READ COMMITTED) for an identity.
    ///
    /// # Errors
    /// The server's own.
    pub async fn begin(&self, identity: &Identity, mode: Mode, timeout_ms: u32) -> Result<(), Error> {
        for statement in identity.begin_statements(mode, timeout_ms) {
            self.run(statement).await?;
        }
        Ok(())
    }

    /// Makes everything permanent.
    ///
    /// # Errors
    /// `Statement` with 25P02 when a statement of the transaction had failed: then nothing was written. `Unavailable` and
    /// `Timeout` leave open whether it was.
    pub async fn commit(&self) -> Result<(), Error> {
        // COMMIT of a failed transaction answers ROLLBACK without an error, and its tag is not available here. A select fails
        // in one.
        if self.doubtful.load(Ordering::Acquire) > 0
            && let Err(error) = self.run("SELECT".to_owned()).await
        {
            let _ = self.rollback().await;
            return Err(error);
        }
        self.run("COMMIT".to_owned()).await.map(drop)
    }

    /// # Errors
    /// The connection is of no more use.
    pub async fn rollback(&self) -> Result<(), Error> {
        self.run("ROLLBACK".to_owned()).await?;
        self.doubtful.store(0, Ordering::Release);
        Ok(())
    }

    /// As [`Self::rollback`] where nothing can be awaited, as in a destructor. The instance does nothing else meanwhile.
    pub fn rollback_now(&self) {
        // When it fails, the next borrower's own ends the transaction, or the server after a while.
        let _ = self.spin.execute("ROLLBACK", &[]);
    }

    async fn run(&self, statement: String) -> Result<u64, Error> {
        self.sent(self.spin.execute_async(statement, Vec::new())).await
    }

    async fn sent<T>(&self, answer: impl Future<Output = Result<T, spin::Error>>) -> Result<T, Error> {
        self.doubtful.fetch_add(1, Ordering::AcqRel);
        let answer = time::within(ANSWER_MAX, answer).await.ok_or(Error::Timeout)?.map_err(failure::of_statement)?;
        self.doubtful.fetch_sub(1, Ordering::AcqRel);
        Ok(answer)
    }
}

async fn open_clean(address: &str) -> Result<spin::Connection, Error> {
    let opened = time::within(OPEN_MAX, spin::Connection::open_async(address.to_owned())).await;
    let connection = opened.ok_or(Error::PoolExhausted)?.map_err(failure::of_opening)?;
    let clean = time::within(CLEAN_MAX, connection.execute_async("ROLLBACK".to_owned(), Vec::new())).await;
    match clean {
        Some(Ok(_)) => Ok(connection),
        Some(Err(error)) => Err(failure::of_opening(error)),
        None => Err(Error::Unavailable("the server did not answer in time".to_owned())),
    }
}
