//! Drops the marks of "applied once" of the entities that a replay is about, so that they take their events again.

use std::time::SystemTime;

use super::ReplayError;
use crate::database::postgres::Database;
use crate::delivery::applied;
use crate::delivery::archive::Filter;

/// Entities forgotten by one statement.
const BATCH: i64 = 1_000;

/// Forgets, in `database`, what the subscription of `component` has applied of the entities that have events
/// in the archive by `filter`. A filter with an end forgets nothing: an entity must not be brought back to an
/// earlier state and then be taken for one that has seen no more. Answers how many marks there were.
///
/// # Errors
/// The databases'.
pub async fn forget(
    archive: &Database,
    database: &Database,
    component: &str,
    subscription: &str,
    filter: &Filter,
) -> Result<u64, ReplayError> {
    let of = |source| ReplayError::Database { database: database.name().to_owned(), source };
    if filter.to.is_some() {
        return Ok(0);
    }
    let client = database.admin().await.map_err(of)?;
    if let Some(key) = &filter.partition_key {
        return applied::forget_keys(&**client, component, subscription, std::slice::from_ref(key)).await.map_err(of);
    }
    let Some(from) = filter.from.map(SystemTime::from) else {
        return applied::forget(&**client, component, subscription).await.map_err(of);
    };
    let failed =
        |source| ReplayError::Statement { database: archive.name().to_owned(), operation: "find the entities", source };
    let reader = archive.admin().await.map_err(of)?;
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let found = "SELECT DISTINCT partition_key FROM delivery.archive WHERE partition_key > $1 AND archived_at >= $2 \
             AND event_type = ANY ($3) ORDER BY 1 LIMIT $4";
        let rows = reader.query(found, &[&after, &from, &filter.event_types, &BATCH]).await.map_err(failed)?;
        let batch: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)?;
        let Some(last) = batch.last() else { return Ok(count) };
        after.clone_from(last);
        count += applied::forget_keys(&**client, component, subscription, &batch).await.map_err(of)?;
    }
}
