//! Changes of PostgreSQL's catalogue, which other sessions may make at the same moment.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// When two sessions change one role concurrently, the second fails; each try waits a little longer.
const ATTEMPTS_MAX: u32 = 20;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(10);

/// Runs a catalogue change again while another session changes the same row.
pub(super) async fn retried(admin: &Client, sql: &str) -> Result<(), tokio_postgres::Error> {
    let mut attempt = 1;
    loop {
        match admin.batch_execute(sql).await {
            Err(error) if attempt < ATTEMPTS_MAX && concurrently_updated(&error) => {
                tokio::time::sleep(ATTEMPT_PAUSE * attempt).await;
                attempt += 1;
            }
            other => return other,
        }
    }
}

/// PostgreSQL has no code of its own for it: `XX000: tuple concurrently updated`.
fn concurrently_updated(error: &tokio_postgres::Error) -> bool {
    error
        .as_db_error()
        .is_some_and(|error| *error.code() == SqlState::INTERNAL_ERROR && error.message().contains("concurrently"))
}

/// The server's own words, without the code.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    }
}
