//! Changing an entry: a version more for every change, none for a request that changes nothing.

use super::{Request, attachments, known_id};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{Change, Entry, entry_not_found, expect_version};
use crate::payload::Reason;
use crate::store::{DATABASE, entries, tags};
use crate::{validation, wire};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::sql::{Abort, Tx, transaction};
use uuid::Uuid;

pub async fn update(context: &CallContext, id: &str, input: wit::EntryChange) -> Result<wit::Entry, Error> {
    let request = Request::begin(context).await?;
    let expected_version = input.expected_version;
    let named = input.attachment_ids.clone().unwrap_or_default();
    let change = validation::change(input).map_err(Error::Invalid)?;
    let id = known_id(id, entry_not_found)?;
    attachments::hold(context, change.attachment_ids.as_deref().unwrap_or_default(), &named).await?;
    let entry = transaction(DATABASE, &request.caller.identity(), async |tx| {
        write(tx, &request, id, change.clone(), expected_version).await
    })
    .await?;
    Ok(wire::entry(entry, request.premium))
}

async fn write(
    tx: &Tx,
    request: &Request<'_>,
    id: Uuid,
    change: Change,
    expected_version: Option<u32>,
) -> Result<Entry, Abort> {
    let entry = entries::read_for_change(tx, id, request.user_id).await?;
    let entry = entry.filter(|entry| !entry.is_deleted()).ok_or_else(entry_not_found)?;
    expect_version(entry.version, expected_version)?;
    let change = change.against(&entry);
    if change.is_empty() {
        return Ok(entry);
    }
    let tags = match &change.tags {
        None => None,
        Some(names) if names.is_empty() => Some(Vec::new()),
        Some(names) => {
            let taken = tags::take(tx, request.user_id, names, Some(id), request.now_us).await?;
            for tag in &taken.made {
                tx.publish(request.events.tag_created(tag)?).await?;
            }
            Some(taken.tags)
        }
    };
    let entry = entries::change(tx, entry, change, tags, request.now_us).await?;
    tx.publish(request.events.entry_updated(&entry, request.premium, Reason::Edited)?).await?;
    Ok(entry)
}
