//! Creating an entry: exactly once for a client's mutation id, and never beyond the quota.

use super::{Request, attachments};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{Stored, entry_not_found};
use crate::quota::{self, FREE_ENTRIES_PER_MONTH, Month};
use crate::store::{DATABASE, entries, entries::Created, tags};
use crate::validation::{self, Draft};
use mindflow_events::Entry;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::config;
use mindflow_guest::sql::{Abort, Tx, transaction};

pub async fn create(context: &CallContext, input: wit::NewEntry) -> Result<wit::WrittenEntry, Error> {
    let request = Request::begin(context).await?;
    let named = input.attachment_ids.clone();
    let draft = validation::new_entry(input, request.user_id, request.now_us).map_err(Error::Invalid)?;
    attachments::hold(context, &draft.entry.attachment_ids, &named).await?;
    let limit = quota::limit(request.premium, free_entries_per_month().await.map_err(Error::Internal)?);
    let stored =
        transaction(DATABASE, &request.caller.identity(), async |tx| write(tx, &request, &draft, limit).await).await?;
    Ok(request.answer(stored))
}

/// The setting, for the health check as well.
pub async fn free_entries_per_month() -> Result<u32, String> {
    config::number("free_entries_per_month", FREE_ENTRIES_PER_MONTH).await
}

async fn write(tx: &Tx, request: &Request<'_>, draft: &Draft, limit: Option<u32>) -> Result<Stored, Abort> {
    let month = Month::of(request.now_us);
    match entries::create(tx, &draft.entry, draft.client_mutation_id.as_deref(), month, limit).await? {
        Created::Repeated => return earlier(tx, request, draft).await,
        Created::BeyondQuota => return Err(quota::exceeded(limit, month).into()),
        Created::Written => {}
    }
    let taken = tags::take(tx, request.user_id, &draft.tags, Some(draft.entry.id), request.now_us).await?;
    for tag in &taken.made {
        tx.publish(request.events.tag_created(tag)?).await?;
    }
    let entry = Entry { tags: taken.tags, ..draft.entry.clone() };
    let stored = Stored { entry, event_sequence: 1, deleted_at: None };
    tx.publish(request.events.entry_created(&stored, request.premium)?).await?;
    Ok(stored)
}

/// The entry that the same mutation created before, as it is now.
async fn earlier(tx: &Tx, request: &Request<'_>, draft: &Draft) -> Result<Stored, Abort> {
    let mutation = draft.client_mutation_id.as_deref().unwrap_or_default();
    let id = entries::find_mutation(tx, request.user_id, mutation).await?.ok_or_else(entry_not_found)?;
    entries::read(tx, id, request.user_id).await?.ok_or_else(|| entry_not_found().into())
}
