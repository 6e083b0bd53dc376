//! What there is of a user, or of an entry, goes: facts, roll-ups, and what is cached of them.

use crate::{DATABASE, keys};
use mindflow_events::Erasure;
use mindflow_guest::{
    cache::{self, Owner},
    call::Error,
    erasing,
    events::{Delivery, Event, Failure},
    params,
    sql::{self, Identity},
};

/// As the manifest names the component.
const SERVICE: &str = "analytics";
const ERASE: &str = "SELECT analytics.erase($1::uuid, $2::bigint, $3::uuid, $4::uuid) AS counts";

pub async fn erase(event: &Event, delivery: &Delivery, erasure: Erasure) -> Result<(), Failure> {
    let mut counts = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let asked = params![erasure.id, event.sequence, erasure.user_id, erasure.entry_id];
        Ok(erasing::counts(&tx.query(ERASE, asked).await?)?)
    })
    .await?;
    let cached = cache::forget(&Owner::figures(erasure.user_id), &keys::beginnings(erasure.user_id)).await;
    counts.insert("cache".to_owned(), cached.map_err(Error::from)?);
    // The platform's figures are of fewer facts.
    cache::renew(&Owner::platform_figures()).await.map_err(Error::from)?;
    Ok(erasing::report(SERVICE, (event, delivery), erasure, counts).await?)
}
