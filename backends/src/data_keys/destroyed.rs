//! The list of destroyed keys in its second place, the database of the event log: a copy of the keys that is restored has an old
//! list, and this one says what it lacks.

use uuid::Uuid;

use crate::database::postgres::Database;
use crate::database::sql;

/// A user's keys, or that of one aggregate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destroyed {
    pub user_id: Uuid,
    pub aggregate: Option<String>,
}

/// Why the list cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DestroyedError {
    #[error("no connection to the event log")]
    Connect(#[source] sql::Error),
    #[error("the event log refused it")]
    Statement(#[from] tokio_postgres::Error),
}

/// Notes under whose keys the log is, if that is not noted yet, or if others are lost. Answers those that it is under instead.
///
/// # Errors
/// The database's.
pub async fn bind(log: &Database, store: Uuid, replace: bool) -> Result<Option<Uuid>, DestroyedError> {
    let client = log.admin().await.map_err(DestroyedError::Connect)?;
    let add = "INSERT INTO mindflow.data_key_store (id) VALUES ($1) ON CONFLICT DO NOTHING";
    client.execute(add, &[&store]).await?;
    let there: Uuid = client.query_one("SELECT id FROM mindflow.data_key_store", &[]).await?.try_get(0)?;
    if there == store {
        return Ok(None);
    }
    if replace {
        tracing::warn!(former = %there, now = %store, "the event log goes on under other keys; what it had cannot be read any more");
        client.execute("UPDATE mindflow.data_key_store SET id = $1", &[&store]).await?;
        return Ok(None);
    }
    Ok(Some(there))
}

/// Adds to the list.
///
/// # Errors
/// The database's.
pub async fn note(log: &Database, destroyed: &[Destroyed]) -> Result<(), DestroyedError> {
    if destroyed.is_empty() {
        return Ok(());
    }
    let client = log.admin().await.map_err(DestroyedError::Connect)?;
    let users: Vec<Uuid> = destroyed.iter().map(|one| one.user_id).collect();
    let aggregates: Vec<&str> = destroyed.iter().map(|one| one.aggregate.as_deref().unwrap_or_default()).collect();
    let add = "INSERT INTO mindflow.destroyed_keys (user_id, aggregate) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING";
    client.execute(add, &[&users, &aggregates]).await?;
    Ok(())
}

/// The list. What was destroyed with all keys of its user is not on it by itself.
///
/// # Errors
/// The database's.
pub async fn noted(log: &Database) -> Result<Vec<Destroyed>, DestroyedError> {
    let client = log.admin().await.map_err(DestroyedError::Connect)?;
    let list = "SELECT d.user_id, d.aggregate FROM mindflow.destroyed_keys d WHERE d.aggregate = '' \
         OR NOT EXISTS (SELECT FROM mindflow.destroyed_keys a WHERE a.user_id = d.user_id AND a.aggregate = '')";
    let rows = client.query(list, &[]).await?;
    rows.iter().map(|row| Ok(Destroyed { user_id: row.try_get(0)?, aggregate: named(row.try_get(1)?) })).collect()
}

/// An empty name stands for all.
pub(super) fn named(aggregate: String) -> Option<String> {
    (!aggregate.is_empty()).then_some(aggregate)
}
