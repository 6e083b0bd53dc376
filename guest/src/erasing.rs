//! A service's part of an erasure: it deletes what it has of a user, or of an entry, and says how much in an event. The same is done
//! twice, before the keys are destroyed and after; a second time there is seldom anything.

use crate::{
    call::Error,
    event,
    events::{Delivery, Event},
    failure, params,
    sql::{self, Abort, Identity, Json, Rows, Tx},
};
use mindflow_events::{BadEvent, Erasure, ErasureCompleted, Kind, Payload};
use std::collections::BTreeMap;

/// The events that have services delete.
pub const KINDS: [Kind; 3] = [Kind::AccountErased, Kind::JournalEntryPurged, Kind::KeysDestroyed];
/// Where events are published.
const WRITE_DATABASE: &str = "write";

/// How much was deleted, by store.
pub type Counts = BTreeMap<String, u64>;

/// What the event has erased; `None` for all other events.
///
/// # Errors
/// The payload does not have the shape of its event.
pub fn of(event: &Event) -> Result<Option<Erasure>, BadEvent> {
    Ok(event::payload(event, &KINDS)?.and_then(|payload| payload.erasure()))
}

/// Deletes rows of the write database by `statement`, which takes the user and the entry and answers `counts`, and reports that in
/// the same transaction.
///
/// # Errors
/// Those of the database.
pub async fn rows(
    service: &str,
    (event, delivery): (&Event, &Delivery),
    erasure: Erasure,
    statement: &str,
) -> Result<(), Error> {
    let done = sql::once(WRITE_DATABASE, &Identity::Service, event, delivery, async |tx| {
        let deleted = tx.query(statement, params![erasure.user_id, erasure.entry_id]).await?;
        publish(tx, service, event, erasure, counts(&deleted)?).await
    });
    done.await.map(drop)
}

/// Reports what was deleted elsewhere. The deletion comes first, so that it is done again when the report was not written.
///
/// # Errors
/// Those of the write database.
pub async fn report(
    service: &str,
    (event, delivery): (&Event, &Delivery),
    erasure: Erasure,
    counts: Counts,
) -> Result<(), Error> {
    let done = sql::once(WRITE_DATABASE, &Identity::Service, event, delivery, async |tx| {
        publish(tx, service, event, erasure, counts.clone()).await
    });
    done.await.map(drop)
}

/// What a function of the database has answered in its one column, `counts`.
///
/// # Errors
/// It is no object of numbers.
pub fn counts(rows: &Rows) -> Result<Counts, Error> {
    let row = rows.first().ok_or_else(|| failure::internal("an erasure answers no row"))?;
    let Json(text) = row.get("counts")?;
    serde_json::from_str(&text).map_err(failure::internal)
}

/// In the transaction that deletes, or after it. Its number is that of the event that it answers, so a later round has a later one.
async fn publish(tx: &Tx, service: &str, event: &Event, erasure: Erasure, counts: Counts) -> Result<(), Abort> {
    let Erasure { id, user_id, pass, .. } = erasure;
    let completed = ErasureCompleted { erasure_id: id, user_id, service: service.to_owned(), pass, counts };
    tx.publish(event::of_event(event, &Payload::ErasureCompleted(completed), event.sequence)?).await?;
    Ok(())
}
