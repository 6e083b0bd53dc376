//! One event: its statement in one transaction, then the cache, then whoever listens.
//!
//! Everything after the commit happens again when the event comes again, also when the rows are already
//! there: a handler that ended in between leaves nothing undone. A store that is away defers the event, which
//! counts as no failed attempt: an outage fills no dead letters.

use crate::{
    DATABASE, keys,
    projection::{self, Notice, Plan},
};
use mindflow_guest::{
    cache, call, clock,
    events::{Delivery, Event, Failure},
    failure, realtime,
    sql::{self, Abort, Identity},
};
use uuid::Uuid;

/// Nobody waits for the notice of an older event: those come from a replay.
const NOTICE_AGE_MAX_US: i64 = 60 * 60 * 1_000_000;

pub async fn handle(event: &Event, delivery: &Delivery) -> Result<(), Failure> {
    let Some(plan) = projection::plan(event).map_err(|error| failure::rejected(&error))? else {
        return Ok(());
    };
    let shown = apply(event, delivery, &plan).await?;
    let young = clock::now_us().saturating_sub(event.timestamp) <= NOTICE_AGE_MAX_US;
    Ok(tell(plan.user_id, plan.notice.filter(|_| shown && young)).await?)
}

/// After the commit: nothing older is read from the cache, and who listens knows.
pub async fn tell(user: Uuid, notice: Option<Notice>) -> Result<(), call::Error> {
    cache::renew(&keys::of(user)).await?;
    if let Some(notice) = notice {
        let data = serde_json::to_vec(&notice).map_err(failure::internal)?;
        realtime::publish(format!("user:{user}"), data).await?;
    }
    Ok(())
}

/// Whether readers now see what the event said. One that was applied before may not have been told yet.
async fn apply(event: &Event, delivery: &Delivery, plan: &Plan) -> Result<bool, call::Error> {
    let applied = sql::once(DATABASE, &Identity::Service, event, delivery, async |tx| {
        let rows = tx.query(&plan.statement.text, plan.statement.params.clone()).await?;
        let row =
            rows.first().ok_or_else(|| Abort::Call(call::Error::Internal("a projection answers no row".into())))?;
        Ok(row.get::<bool>("shown")?)
    });
    Ok(applied.await?.unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::{failure::DEFERRAL_MS, key_value};

    #[test]
    fn a_store_that_is_away_defers_the_event() {
        let away = call::Error::from(key_value::Error::Unavailable("gone".into()));
        assert_eq!(Failure::from(away), Failure::Retry(("key-value store: gone".into(), Some(DEFERRAL_MS))));
    }

    #[test]
    fn a_statement_that_fails_counts_as_an_attempt() {
        let failed = call::Error::from(sql::Error::Other("broken".into()));
        assert!(matches!(Failure::from(failed), Failure::Retry((_, None))));
    }
}
