//! Schema migrations: numbered SQL files, each applied once and whole, and never changed afterwards. The
//! numbers belong to services (0010 auth, 0020 command, …), so that they need not be consecutive and a
//! lower one may arrive later. Replicas that start together take turns at an advisory lock.

mod compare;
mod files;

use std::path::{Path, PathBuf};

use tokio_postgres::Client;
use tokio_postgres::error::ErrorPosition;

use super::roles::{self, RoleError};
use super::{Database, Session};
use compare::{Applied, Comparison};
use files::{FILE_BYTES_MAX, File, read_dir};
use mindflow_platform::sql::lexer;

/// "mfmigrat" in ASCII: the advisory lock under which migrations run. The relay's is another, so that events
/// go on while they do.
const LOCK_KEY: i64 = 0x6d66_6d69_6772_6174;
/// How long a replica waits for another's migrations. A long data migration is run by hand beforehand.
const LOCK_TIMEOUT: &str = "120s";

/// What [`migrate`] did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// File names in the order in which they were applied just now.
    pub applied: Vec<String>,
    /// How many had been applied before.
    pub already: usize,
}

/// How the schema compares to the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// File names that are still to be applied.
    pub pending: Vec<String>,
    /// How many are applied.
    pub applied: usize,
}

/// Why the schema cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("{path}: cannot be read")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path}: a migration is named NNNN_verb_noun.sql, such as 0012_add_sessions.sql")]
    FileName { path: PathBuf },
    #[error("{path}: number {version:04} is taken by {other}")]
    Duplicate { path: PathBuf, version: i32, other: String },
    #[error("{path}: larger than {FILE_BYTES_MAX} bytes")]
    TooLarge { path: PathBuf },
    #[error("{path}: was changed after it was applied to database `{database}`; restore it and write a new migration")]
    Changed { path: PathBuf, database: String },
    #[error(
        "database `{database}` is newer than this program: {names} is applied and has no file in {dir}; use the newer version, or set `allow-newer-schema` while hosts are replaced"
    )]
    DatabaseNewer { database: String, names: String, dir: PathBuf },
    #[error(
        "database `{database}`: {name} removed what this program needs, whatever `allow-newer-schema` says; use the newer version"
    )]
    Contracted { database: String, name: String },
    #[error(
        "database `{database}` is of another line of versions: it has {names}, which this program does not know, and lacks {pending}; use the version that has them all"
    )]
    Diverged { database: String, names: String, pending: String },
    #[error("schema of database `{database}` is older: {pending} migration(s) to apply; run `mindflow migrate`")]
    Pending { database: String, pending: usize },
    #[error("{path}:{line}: a quote or comment never ends")]
    Unterminated { path: PathBuf, line: usize },
    #[error("{path}:{line}: {word} is reserved for the runner: each file runs in one transaction")]
    TransactionCommand { path: PathBuf, line: usize, word: String },
    #[error("{path}:{line}: {message} ({sqlstate})")]
    Statement { path: PathBuf, line: usize, sqlstate: String, message: String },
    #[error("{path}: cannot be committed: {message}")]
    Commit { path: PathBuf, message: String },
    #[error("another process is migrating database `{database}` and did not finish within {LOCK_TIMEOUT}")]
    Locked { database: String },
    #[error("database `{database}`: {message}")]
    Connection { database: String, message: String },
    #[error(transparent)]
    Role(#[from] RoleError),
}

/// Makes the roles of `components` and applies what `dir` holds and the database has not.
pub async fn migrate(database: &Database, dir: &Path, components: &[String]) -> Result<Report, MigrateError> {
    let files = read_dir(dir)?;
    let broken = |error: tokio_postgres::Error| connection_error(database, &error);
    // Outside of the pools, so that the connection closes and lets go of the lock however this ends.
    let client = session(database).await?;
    client
        .batch_execute(&format!("SET lock_timeout = '{LOCK_TIMEOUT}'; SET statement_timeout = 0"))
        .await
        .map_err(broken)?;
    if let Err(error) = client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK_KEY})")).await {
        return Err(match error.code() {
            Some(&tokio_postgres::error::SqlState::LOCK_NOT_AVAILABLE) => {
                MigrateError::Locked { database: database.name().to_owned() }
            }
            _ => connection_error(database, &error),
        });
    }
    client
        .batch_execute(
            "CREATE SCHEMA IF NOT EXISTS mindflow;
             CREATE TABLE IF NOT EXISTS mindflow.migrations (
                 version integer PRIMARY KEY,
                 name text NOT NULL,
                 checksum text NOT NULL,
                 applied_at timestamptz NOT NULL DEFAULT now()
             )",
        )
        .await
        .map_err(broken)?;
    let applied = applied(&client).await.map_err(broken)?;
    let pending = Comparison::of(files, &applied).pending(database.name(), dir)?;
    let password = database.pools().endpoint().settings().get_password().map(<[u8]>::to_vec);
    roles::ensure(&client, password.as_deref(), components).await?;
    let mut report = Report { applied: Vec::new(), already: applied.len() };
    for file in pending {
        apply(&client, &file).await?;
        tracing::info!(database = database.name(), migration = file.name, "applied");
        report.applied.push(file.name);
    }
    // Closing would free it as well, but only once the server has noticed.
    client.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK_KEY})")).await.map_err(broken)?;
    Ok(report)
}

/// Compares the schema with the files, changing nothing.
pub async fn status(database: &Database, dir: &Path) -> Result<Status, MigrateError> {
    let (comparison, applied) = comparison(database, dir).await?;
    let pending = comparison.pending(database.name(), dir)?;
    Ok(Status { pending: pending.into_iter().map(|file| file.name).collect(), applied })
}

/// The migrations that only a newer program knows; none if the schema is as the files say or older. Fails when a program
/// of these files cannot work with them.
pub async fn newer(database: &Database, dir: &Path) -> Result<Vec<String>, MigrateError> {
    comparison(database, dir).await?.0.tolerated(database.name())
}

/// An error that says to run `mindflow migrate`, unless the schema is as the files say.
pub async fn require_current(database: &Database, dir: &Path) -> Result<(), MigrateError> {
    match status(database, dir).await?.pending.len() {
        0 => Ok(()),
        pending => Err(MigrateError::Pending { database: database.name().to_owned(), pending }),
    }
}

/// The difference, and how many migrations are applied.
async fn comparison(database: &Database, dir: &Path) -> Result<(Comparison, usize), MigrateError> {
    let files = read_dir(dir)?;
    let client = session(database).await?;
    let broken = |error: tokio_postgres::Error| connection_error(database, &error);
    let there = client.query_one("SELECT to_regclass('mindflow.migrations') IS NOT NULL", &[]).await.map_err(broken)?;
    let applied = if there.get(0) { applied(&client).await.map_err(broken)? } else { Applied::new() };
    Ok((Comparison::of(files, &applied), applied.len()))
}

async fn session(database: &Database) -> Result<Session, MigrateError> {
    database
        .session()
        .await
        .map_err(|error| MigrateError::Connection { database: database.name().to_owned(), message: error.to_string() })
}

fn connection_error(database: &Database, error: &tokio_postgres::Error) -> MigrateError {
    let message = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    MigrateError::Connection { database: database.name().to_owned(), message }
}

async fn applied(client: &Client) -> Result<Applied, tokio_postgres::Error> {
    let rows = client.query("SELECT version, name, checksum FROM mindflow.migrations ORDER BY version", &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect())
}

async fn apply(client: &Client, file: &File) -> Result<(), MigrateError> {
    let line_at = |offset: usize| line_of(&file.sql, offset);
    let statements = lexer::statements(&file.sql)
        .map_err(|offset| MigrateError::Unterminated { path: file.path.clone(), line: line_at(offset) })?;
    for (offset, sql) in &statements {
        let word = sql.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_uppercase();
        if matches!(
            word.as_str(),
            "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE"
        ) {
            return Err(MigrateError::TransactionCommand { path: file.path.clone(), line: line_at(*offset), word });
        }
    }
    let commit_error = |error: tokio_postgres::Error| MigrateError::Commit {
        path: file.path.clone(),
        message: error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned()),
    };
    client.batch_execute("BEGIN").await.map_err(commit_error)?;
    for (offset, sql) in statements {
        if let Err(error) = client.batch_execute(sql).await {
            // Nothing of the file stays; the connection is not used again.
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(statement_error(file, offset, sql, &error));
        }
    }
    let sql = "INSERT INTO mindflow.migrations (version, name, checksum) VALUES ($1, $2, $3)";
    client.execute(sql, &[&file.version, &file.name, &file.checksum]).await.map_err(commit_error)?;
    client.batch_execute("COMMIT").await.map_err(commit_error)
}

fn statement_error(file: &File, offset: usize, sql: &str, error: &tokio_postgres::Error) -> MigrateError {
    let (sqlstate, message, within) = match error.as_db_error() {
        Some(error) => {
            let within = match error.position() {
                // Characters, from 1.
                Some(ErrorPosition::Original(at)) => {
                    sql.chars().take(usize::try_from(*at).unwrap_or(1).saturating_sub(1)).map(char::len_utf8).sum()
                }
                _ => 0,
            };
            (error.code().code().to_owned(), error.message().to_owned(), within)
        }
        None => ("connection".to_owned(), error.to_string(), 0),
    };
    MigrateError::Statement { path: file.path.clone(), line: line_of(&file.sql, offset + within), sqlstate, message }
}

/// Lines count from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        assert_eq!((line_of("a\nb\nc", 0), line_of("a\nb\nc", 4)), (1, 3));
    }
}
