//! Changing an entry. Every change raises the version; a request that changes nothing does not.

use super::{Request, attachments, known_id};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{Change, Stored, entry_not_found, expect_version};
use crate::quota;
use crate::store::{DATABASE, entries, tags};
use crate::validation;
use mindflow_events::Reason;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::sql::{Abort, Tx, transaction};
use uuid::Uuid;

pub async fn update(context: &CallContext, id: &str, input: wit::EntryChange) -> Result<wit::WrittenEntry, Error> {
    let request = Request::begin(context).await?;
    let expected_version = input.expected_version;
    let named = input.attachment_ids.clone().unwrap_or_default();
    let change = validation::change(input, request.now_us).map_err(Error::Invalid)?;
    let id = known_id(id, entry_not_found)?;
    attachments::hold(context, change.attachment_ids.as_deref().unwrap_or_default(), &named).await?;
    let tags_max = quota::tags_max().await.map_err(Error::Internal)?;
    let stored = transaction(DATABASE, &request.caller.identity(), async |tx| {
        write(tx, &request, id, change.clone(), expected_version, tags_max).await
    })
    .await?;
    Ok(request.answer(stored))
}

async fn write(
    tx: &Tx,
    request: &Request<'_>,
    id: Uuid,
    change: Change,
    expected_version: Option<u32>,
    tags_max: u64,
) -> Result<Stored, Abort> {
    let stored = entries::read_for_change(tx, id, request.user_id).await?;
    let stored = stored.filter(|stored| !stored.is_deleted()).ok_or_else(entry_not_found)?;
    expect_version(stored.entry.version, expected_version)?;
    let tags = match change.new_tags(&stored.entry) {
        None => None,
        Some(names) => {
            let taken = tags::take(tx, request.user_id, names, Some(id), request.now_us, tags_max).await?;
            let private = change.private.unwrap_or(stored.entry.private);
            for tag in &taken.made {
                tx.publish(request.events.tag_created(tag, private)?).await?;
            }
            Some(taken.tags)
        }
    };
    let writes_content = change.content.is_some();
    let mut changed = change.of(stored.entry.clone());
    // An entry of before this rule can still get another title.
    let takes_away = changed.content != stored.entry.content || changed.attachment_ids != stored.entry.attachment_ids;
    if takes_away {
        validation::has_something(&changed, writes_content)?;
    }
    changed.tags = tags.unwrap_or(changed.tags);
    if changed == stored.entry {
        return Ok(stored);
    }
    let stored = entries::change(tx, &stored, changed, request.now_us).await?;
    tx.publish(request.events.entry_updated(&stored, request.premium, Reason::Edited)?).await?;
    Ok(stored)
}
