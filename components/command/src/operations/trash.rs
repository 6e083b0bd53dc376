//! The trash: what is in it, and how it is purged. A schedule purges old entries of all users, as the service.

use super::Request;
use crate::announce::Events;
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::cursor::{self, Cursor};
use crate::quota;
use crate::store::{DATABASE, entries, trash};
use mindflow_guest::call::{CallContext, Credential, Error};
use mindflow_guest::journal::PageRequest;
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

/// Ends one, unless it was restored meanwhile, or restored and deleted again.
async fn purge(events: &Events<'_>, id: Uuid, before: Time, now_us: i64) -> Result<(), Error> {
    transaction(DATABASE, &Identity::Service, async |tx| {
        let Some(stored) = entries::read_for_change(tx, id, events.user_id).await? else { return Ok(()) };
        if trash::is_since_before(tx, id, events.user_id, before).await? {
            entries::purge(tx, id, events.user_id).await?;
            tx.publish(events.entry_purged(&stored, id::random(), now_us)?).await?;
        }
        Ok(())
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
            purge(&Events { context: &context, user_id: *user_id }, *id, before, now_us).await?;
        }
        if due.len() < trash::PURGED_PER_BATCH {
            return Ok(());
        }
    }
}
