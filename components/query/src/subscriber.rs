//! One event: its statement in one transaction, then the cache, then the subscribers.
//!
//! The steps after the commit are repeated for a redelivered event whose rows already exist, so that an interrupted
//! handler is completed. An unavailable store defers the event, which counts as no failed attempt: an outage fills no
//! dead letters.

use crate::{
    DATABASE, keys,
    projection::{self, Plan},
};
use mindflow_events::{Notice, notice_topic};
use mindflow_guest::{
    cache, call, clock,
    events::{Delivery, Event, Failure},
    failure, realtime,
    sql::{self, Abort, Identity},
};
use uuid::Uuid;

/// Older events come from a replay: no subscriber waits for their notices.
const NOTICE_AGE_MAX_US: i64 = 60 * 60 * 1_000_000;

pub async fn handle(event: &Event, delivery: &Delivery) -> Result<(), Failure> {
    let Some(plan) = projection::plan(event)? else {
        return Ok(());
    };
    let shown = apply(event, delivery, &plan).await?;
    let young = clock::now_us().saturating_sub(event.timestamp) <= NOTICE_AGE_MAX_US;
    Ok(notify(plan.user_id, plan.notice.filter(|_| shown && young)).await?)
}

/// After the commit: renews the cache, and notifies subscribers.
pub async fn notify(user: Uuid, notice: Option<Notice>) -> Result<(), call::Error> {
    cache::renew(&keys::of(user)).await?;
    if let Some(notice) = notice {
        let data = serde_json::to_vec(&notice).map_err(failure::internal)?;
        realtime::publish(notice_topic(user), data).await?;
    }
    Ok(())
}

/// Whether readers now see the event's state. The notice of an event that was applied before may not have been sent yet.
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
