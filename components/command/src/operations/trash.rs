//! The trash: what is in it, and its end. What was deleted for long is purged by a schedule, as the service, whoever's it is.

use super::{Request, known_id};
use crate::announce::Events;
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::cursor::{self, Cursor};
use crate::entry::entry_not_found;
use crate::quota;
use crate::store::{DATABASE, trash};
use mindflow_guest::call::{CallContext, Credential, Error};
use mindflow_guest::journal::{Mark, PageRequest};
use mindflow_guest::sql::{Identity, Time, transaction};
use mindflow_guest::{clock, id};
use uuid::Uuid;

/// The schedule that purges.
pub const SCHEDULE: &str = "empty-trash";

pub async fn page(context: &CallContext, asked: PageRequest) -> Result<wit::DeletedPage, Error> {
    let request = Request::begin(context).await?;
    let (first, after) = cursor::page(asked.first, asked.after.as_deref())?;
    let kept_us = quota::trash_us().await.map_err(Error::Internal)?;
    let page = trash::page(request.user_id, request.caller.identity(), after, first).await?;
    let shown = |deleted: trash::Deleted| wit::DeletedEntry {
        cursor: Cursor { number: deleted.deleted_at.0, id: deleted.entry.id }.encode(),
        deleted_at: deleted.deleted_at.0,
        purge_at: deleted.since.0.saturating_add(kept_us),
        entry: deleted.entry.into(),
    };
    Ok(wit::DeletedPage {
        entries: page.items.into_iter().map(shown).collect(),
        has_next_page: page.has_next_page,
        total_count: page.total,
    })
}

pub async fn purge(context: &CallContext, id: &str) -> Result<Mark, Error> {
    let request = Request::begin(context).await?;
    let id = known_id(id, entry_not_found)?;
    let sequence = purge_one(&request.events, &request.caller.identity(), id, request.now_us).await?;
    sequence.map(|sequence| Mark::entry(id, sequence)).ok_or_else(entry_not_found)
}

/// The sequence of the event; `None` when it is not in the trash.
async fn purge_one(events: &Events<'_>, identity: &Identity, id: Uuid, now_us: i64) -> Result<Option<u64>, Error> {
    transaction(DATABASE, identity, async |tx| {
        let Some(purged) = trash::purge(tx, id, events.user_id, now_us).await? else { return Ok(None) };
        tx.publish(events.entry_purged(id, &purged, now_us)?).await?;
        Ok(Some(purged.sequence))
    })
    .await
}

/// Purges what has been in the trash for as many days as it may, one entry after the other, so that a run that is cut short has done
/// a part, and the next one goes on.
pub async fn empty() -> Result<(), Error> {
    let now_us = clock::now_us();
    let before = Time(now_us.saturating_sub(quota::trash_us().await.map_err(Error::Internal)?));
    loop {
        let due = trash::since_before(before).await?;
        for (id, user_id) in &due {
            let context = CallContext {
                credential: Credential::Anonymous,
                correlation_id: id::new(now_us).to_string(),
                traceparent: None,
                deadline_ms: None,
            };
            purge_one(&Events { context: &context, user_id: *user_id }, &Identity::Service, *id, now_us).await?;
        }
        if due.len() < trash::PURGED_AT_ONCE {
            return Ok(());
        }
    }
}
