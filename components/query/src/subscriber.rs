//! Events: their statements in one transaction, then the cache, then the subscribers.
//!
//! The steps after the commit are repeated for a redelivered event whose rows already exist, so that an interrupted
//! handler is completed. An unavailable store defers the event, which counts as no failed attempt: an outage fills no
//! dead letters.

use crate::{
    DATABASE,
    projection::{self, Plan},
    reading::entries,
    statement::Statement,
};
use futures::future::try_join_all;
use mindflow_events::{Notice, NoticeKind, notice_topic};
use mindflow_guest::{
    cache::{self, Owner},
    call, clock,
    events::{Event, Failure},
    failure, realtime,
    sql::{self, Abort, Identity},
};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// Entries of a renamed tag of which subscribers get notices, the newest: more than a client shows at a time, and a tenth of what
/// a topic remembers.
const RETAGGED_MAX: u32 = 100;

/// Older events come from a replay: no subscriber waits for their notices.
const NOTICE_AGE_MAX_US: i64 = 60 * 60 * 1_000_000;

/// One event, or those of a batch.
pub async fn handle(subscription: &str, events: &[Event]) -> Result<(), Failure> {
    let mut plans = Vec::with_capacity(events.len());
    for event in events {
        plans.extend(projection::plan(event)?.map(|plan| (event, plan)));
    }
    if plans.is_empty() {
        return Ok(());
    }
    let hidden = apply(subscription, &plans).await?;
    let users: BTreeSet<Uuid> = plans.iter().map(|(_, plan)| plan.user_id).collect();
    // Of all users at the same time: what is sent to the stores in one moment goes out together.
    try_join_all(users.into_iter().map(async |user| {
        let of_user = plans.iter().filter(|(_, plan)| plan.user_id == user);
        let shown = of_user.filter(|(event, _)| is_young(event) && !hidden.contains(event.id.as_str()));
        let mut notices = Vec::new();
        for (_, plan) in shown {
            notices.extend(plan.notice);
            if let Some(tag) = plan.renamed_tag {
                notices.extend(retagged(user, tag).await?);
            }
        }
        notify(user, notices).await
    }))
    .await?;
    Ok(())
}

/// That the entries with the tag show another name of it.
async fn retagged(user: Uuid, tag: Uuid) -> Result<Vec<Notice>, call::Error> {
    let Statement { text, params } = entries::tagged(user, tag, RETAGGED_MAX);
    let rows = sql::query(DATABASE, Identity::Service, &text, params).await?;
    let notice = |row: sql::Row<'_>| {
        Ok::<_, sql::RowError>(Notice { kind: NoticeKind::Updated, entry_id: row.get("entry_id")? })
    };
    Ok(rows.map(notice)?)
}

fn is_young(event: &Event) -> bool {
    clock::now_us().saturating_sub(event.timestamp) <= NOTICE_AGE_MAX_US
}

/// After the commit: renews the cache, and notifies subscribers.
pub async fn notify(user: Uuid, notices: impl IntoIterator<Item = Notice>) -> Result<(), call::Error> {
    cache::renew(&Owner::journal(user)).await?;
    for notice in notices {
        let data = serde_json::to_vec(&notice).map_err(failure::internal)?;
        realtime::publish(notice_topic(user), data).await?;
    }
    Ok(())
}

/// Answers the ids of the events whose state readers do not see now. The notice of an event that was applied before may not
/// have been sent yet.
async fn apply<'a>(subscription: &str, plans: &'a [(&Event, Plan)]) -> Result<HashSet<&'a str>, call::Error> {
    sql::batch(
        DATABASE,
        &Identity::Service,
        subscription,
        plans,
        |(event, _)| *event,
        async |tx, fresh| {
            let answers = fresh.iter().map(|(_, plan)| tx.query(&plan.statement.text, plan.statement.params.clone()));
            let mut hidden = HashSet::new();
            for ((event, _), rows) in fresh.iter().zip(sql::all(answers).await?) {
                if !is_shown(&rows)? {
                    hidden.insert(event.id.as_str());
                }
            }
            Ok(hidden)
        },
    )
    .await
}

fn is_shown(rows: &sql::Rows) -> Result<bool, Abort> {
    let row = rows.first().ok_or_else(|| Abort::Call(call::Error::Internal("a projection answers no row".into())))?;
    Ok(row.get::<bool>("shown")?)
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
