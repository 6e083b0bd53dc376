//! What there is of a user, or of an entry, goes: rows of the views, and what is cached of them.

use crate::{DATABASE, keys};
use mindflow_events::Payload;
use mindflow_guest::{
    cache::{self, Owner},
    erasing,
    events::{Delivery, Event, Failure},
    params,
    sql::{self, Identity},
};

/// As the manifest names the component.
const SERVICE: &str = "query";
const ERASE: &str = "SELECT query.erase($1::uuid, $2::bigint, $3::uuid, $4::uuid, $5::timestamptz) AS counts";

pub async fn erase(event: &Event, delivery: &Delivery, payload: &Payload) -> Result<(), Failure> {
    let Some(erasure) = payload.erasure() else { return Ok(()) };
    // An entry that is purged stays counted in its month.
    let created = match payload {
        Payload::JournalEntryPurged(purged) => purged.created_at,
        _ => None,
    };
    let mut counts = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let asked = params![erasure.id, event.sequence, erasure.user_id, erasure.entry_id, created];
        Ok(erasing::counts(&tx.query(ERASE, asked).await?)?)
    })
    .await?;
    let cached = cache::forget(&Owner::journal(erasure.user_id), &keys::beginnings(erasure.user_id)).await;
    counts.insert("cache".to_owned(), cached.map_err(mindflow_guest::call::Error::from)?);
    Ok(erasing::report(SERVICE, (event, delivery), erasure, counts).await?)
}
