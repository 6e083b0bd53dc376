//! How a database says no, in the terms of `wit/platform/sql.wit`. This is the one place where
//! PostgreSQL's codes become ours.

/// An error that the server reported.
#[derive(Clone, Debug, PartialEq)]
pub struct DbError {
    /// Five characters, as in PostgreSQL's appendix A.
    pub sqlstate: String,
    pub message: String,
    /// The constraint that was violated.
    pub constraint: Option<String>,
}

/// Why a statement, or the wait for a connection, failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The guard refused the statement.
    #[error("not allowed: {0}")]
    AccessDenied(String),
    /// The server cannot be reached now.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    #[error("no connection became free in time")]
    PoolExhausted,
    #[error("the statement took too long")]
    Timeout,
    #[error("invalid parameters: {0}")]
    InvalidParams(String),
    /// Nothing was written; run the whole transaction again.
    #[error("conflict: {}", .0.message)]
    Conflict(DbError),
    #[error("{} ({})", .0.message, .0.sqlstate)]
    Statement(DbError),
    #[error("{0}")]
    Other(String),
}

/// "cached plan must not change result type": a migration changed a table under a prepared statement.
pub const CACHED_PLAN_CHANGED: &str = "cached plan must not change result type";

/// Class 08 (connection), 57P01..03 (shut down, crashed, starting), 58030 (I/O), and the server's end of
/// a connection that idled in a transaction.
pub fn is_unavailable(code: &str) -> bool {
    code.starts_with("08") || code.starts_with("57P") || matches!(code, "58030" | "25P03")
}

// === impl Error ===

impl Error {
    /// For a statement of a transaction that failed earlier, where the server is not asked any more.
    pub fn aborted() -> Self {
        Self::Statement(DbError {
            sqlstate: "25P02".to_owned(),
            message: "the transaction failed earlier; roll it back".to_owned(),
            constraint: None,
        })
    }
}

impl From<DbError> for Error {
    /// By PostgreSQL's code.
    fn from(detail: DbError) -> Self {
        match detail.sqlstate.as_str() {
            "40001" | "40P01" => Self::Conflict(detail),
            // The transaction ran on a plan that no longer fits; nothing of it was written.
            "0A000" if detail.message == CACHED_PLAN_CHANGED => Self::Conflict(detail),
            "57014" => Self::Timeout,
            "53300" => Self::PoolExhausted,
            // Nothing was written, and the statement itself is as good as ever.
            "53100" => Self::Unavailable(format!("the disk is full, free some space: {}", detail.message)),
            "53200" => Self::Unavailable(detail.message),
            code if is_unavailable(code) => Self::Unavailable(detail.message),
            _ => Self::Statement(detail),
        }
    }
}

/// The host's driver and pool.
#[cfg(feature = "driver")]
mod driver {
    use super::{CACHED_PLAN_CHANGED, DbError, Error, is_unavailable};
    use deadpool_postgres::{PoolError, TimeoutType};
    use tokio_postgres::error::SqlState;

    /// Whether the statement has to be prepared again because its tables changed.
    pub fn is_stale_plan(error: &tokio_postgres::Error) -> bool {
        error.as_db_error().is_some_and(|error| {
            *error.code() == SqlState::FEATURE_NOT_SUPPORTED && error.message() == CACHED_PLAN_CHANGED
        })
    }

    /// Whether the connection is of no more use.
    pub fn is_broken(error: &tokio_postgres::Error) -> bool {
        match error.as_db_error() {
            Some(error) => is_unavailable(error.code().code()),
            // Everything else that comes from the wire: closed, reset, refused, garbled.
            None => true,
        }
    }

    impl From<tokio_postgres::Error> for Error {
        fn from(error: tokio_postgres::Error) -> Self {
            let Some(db) = error.as_db_error() else {
                let text = match std::error::Error::source(&error) {
                    Some(source) => format!("{error}: {source}"),
                    None => error.to_string(),
                };
                return Self::Unavailable(text);
            };
            DbError {
                sqlstate: db.code().code().to_owned(),
                message: db.message().to_owned(),
                constraint: db.constraint().map(ToOwned::to_owned),
            }
            .into()
        }
    }

    impl From<PoolError> for Error {
        fn from(error: PoolError) -> Self {
            match error {
                PoolError::Timeout(TimeoutType::Wait) => Self::PoolExhausted,
                PoolError::Timeout(_) => Self::Unavailable("connecting took too long".to_owned()),
                PoolError::Closed => Self::Unavailable("the database was closed".to_owned()),
                PoolError::Backend(error) => match Self::from(error) {
                    // A refused login is a matter of configuration, not of the caller's statement.
                    Self::Statement(error) => Self::Unavailable(format!("{} ({})", error.message, error.sqlstate)),
                    other => other,
                },
                other => Self::Other(other.to_string()),
            }
        }
    }
}

#[cfg(feature = "driver")]
pub use driver::{is_broken, is_stale_plan};
