//! Creating an entry: exactly once for a client's mutation id, and never beyond the quota.

use super::{Request, attachments};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{Entry, entry_not_found};
use crate::quota::{self, FREE_ENTRIES_PER_MONTH, Month};
use crate::store::{DATABASE, entries, entries::Created, tags};
use crate::validation::{self, Draft};
use crate::{ids, wire};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::config;
use mindflow_guest::sql::{Abort, Tx, transaction};
use uuid::Uuid;

pub async fn create(context: &CallContext, input: wit::NewEntry) -> Result<wit::Entry, Error> {
    let request = Request::begin(context).await?;
    let named = input.attachment_ids.clone();
    let draft = validation::new_entry(input, request.now_us).map_err(Error::Invalid)?;
    attachments::hold(context, &draft.attachment_ids, &named).await?;
    let limit = quota::limit(request.premium, free_entries_per_month().await.map_err(Error::Internal)?);
    let entry =
        transaction(DATABASE, &request.caller.identity(), async |tx| write(tx, &request, &draft, limit).await).await?;
    Ok(wire::entry(entry, request.premium))
}

/// The setting, for the health check as well.
pub async fn free_entries_per_month() -> Result<u32, String> {
    config::number("free_entries_per_month", FREE_ENTRIES_PER_MONTH).await
}

async fn write(tx: &Tx, request: &Request<'_>, draft: &Draft, limit: Option<u32>) -> Result<Entry, Abort> {
    let id = ids::new(request.now_us);
    let month = Month::of(request.now_us);
    match entries::create(tx, id, request.user_id, draft, month, limit, request.now_us).await? {
        Created::Repeated => return earlier(tx, request, draft).await,
        Created::BeyondQuota => return Err(quota::exceeded(limit, month).into()),
        Created::Written => {}
    }
    let taken = if draft.tags.is_empty() {
        tags::Taken::default()
    } else {
        tags::take(tx, request.user_id, &draft.tags, Some(id), request.now_us).await?
    };
    for tag in &taken.made {
        tx.publish(request.events.tag_created(tag)?).await?;
    }
    let entry = new(id, request, draft, taken);
    tx.publish(request.events.entry_created(&entry, request.premium)?).await?;
    Ok(entry)
}

/// The entry that the same mutation created before, as it is now.
async fn earlier(tx: &Tx, request: &Request<'_>, draft: &Draft) -> Result<Entry, Abort> {
    let mutation = draft.client_mutation_id.as_deref().unwrap_or_default();
    let id = entries::find_mutation(tx, request.user_id, mutation).await?.ok_or_else(entry_not_found)?;
    entries::read(tx, id, request.user_id).await?.ok_or_else(|| entry_not_found().into())
}

fn new(id: Uuid, request: &Request<'_>, draft: &Draft, taken: tags::Taken) -> Entry {
    Entry {
        id,
        user_id: request.user_id,
        title: draft.title.clone(),
        content: draft.content.clone(),
        mood: draft.mood,
        tags: taken.tags,
        attachment_ids: draft.attachment_ids.clone(),
        entry_date: draft.entry_date,
        word_count: draft.word_count,
        version: 1,
        event_sequence: 1,
        created_at: request.now_us,
        updated_at: request.now_us,
        deleted_at: None,
    }
}
