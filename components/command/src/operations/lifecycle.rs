//! Deleting an entry, restoring or purging it, and asking for new insights: operations that leave the content, and so the version,
//! as they are, but for files that are gone.

use super::{Request, attachments, known_id};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{Stored, entry_not_found, expect_version, restored};
use crate::store::{DATABASE, entries};
use mindflow_events::Reason;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::id;
use mindflow_guest::journal::Mark;
use mindflow_guest::sql::transaction;

pub async fn delete(context: &CallContext, id: &str, expected_version: Option<u32>) -> Result<Mark, Error> {
    let request = Request::begin(context).await?;
    let id = known_id(id, entry_not_found)?;
    transaction(DATABASE, &request.caller.identity(), async |tx| {
        match entries::delete(tx, id, request.user_id, expected_version, request.now_us).await? {
            Some((version, sequence)) => {
                tx.publish(request.events.entry_deleted(id, request.now_us, version, sequence)?).await?;
                Ok(Mark::entry(id, sequence))
            }
            None => {
                let version = entries::version(tx, id, request.user_id).await?.ok_or_else(entry_not_found)?;
                expect_version(version, expected_version)?;
                // Restored between the two statements: as if the request had come before.
                Err(entry_not_found().into())
            }
        }
    })
    .await
}

/// For good, a deleted one too. A live one is deleted by an event of its own first, so that views and subscribers apply it as usual; the
/// second event erases what is left of it everywhere.
pub async fn purge(context: &CallContext, id: &str) -> Result<wit::PurgedEntry, Error> {
    let request = Request::begin(context).await?;
    let id = known_id(id, entry_not_found)?;
    let erasure_id = id::random();
    let mark = transaction(DATABASE, &request.caller.identity(), async |tx| {
        let stored = entries::read_for_change(tx, id, request.user_id).await?.ok_or_else(entry_not_found)?;
        let deleted = entries::delete(tx, id, request.user_id, None, request.now_us).await?;
        if let Some((version, sequence)) = deleted {
            tx.publish(request.events.entry_deleted(id, request.now_us, version, sequence)?).await?;
        }
        entries::purge(tx, id, request.user_id).await?;
        tx.publish(request.events.entry_purged(&stored, erasure_id, request.now_us)?).await?;
        Ok(deleted.map(|(_, sequence)| Mark::entry(id, sequence)))
    })
    .await?;
    Ok(wit::PurgedEntry { erasure_id: erasure_id.to_string(), mark })
}

/// A live entry is answered as it is. Files that were deleted meanwhile are no longer part of it, which is a change of its content.
pub async fn restore(context: &CallContext, id: &str) -> Result<wit::WrittenEntry, Error> {
    let request = Request::begin(context).await?;
    let id = known_id(id, entry_not_found)?;
    let attached = entries::attachments(id, request.user_id, request.caller.identity()).await?;
    let gone = attachments::gone(context, attached).await?;
    let stored = transaction(DATABASE, &request.caller.identity(), async |tx| {
        let stored = entries::read_for_change(tx, id, request.user_id).await?.ok_or_else(entry_not_found)?;
        if !stored.is_deleted() {
            return Ok(stored);
        }
        let entry = restored(stored.entry.clone(), &gone)?;
        let stored = if entry == stored.entry {
            entries::revive(tx, stored).await?
        } else {
            entries::change(tx, &Stored { deleted_at: None, ..stored }, entry, request.now_us).await?
        };
        tx.publish(request.events.entry_updated(&stored, request.premium, Reason::Restored)?).await?;
        Ok(stored)
    })
    .await?;
    Ok(request.answer(stored))
}

pub async fn reanalyze(context: &CallContext, id: &str) -> Result<wit::WrittenEntry, Error> {
    let request = Request::begin(context).await?;
    if !request.premium {
        return Err(Error::Forbidden("AI insights are part of premium.".into()));
    }
    let id = known_id(id, entry_not_found)?;
    let stored = transaction(DATABASE, &request.caller.identity(), async |tx| {
        let stored = entries::read_for_change(tx, id, request.user_id).await?;
        let stored = stored.filter(|stored| !stored.is_deleted()).ok_or_else(entry_not_found)?;
        let stored = entries::revive(tx, stored).await?;
        tx.publish(request.events.entry_updated(&stored, request.premium, Reason::Reanalyze)?).await?;
        Ok(stored)
    })
    .await?;
    Ok(request.answer(stored))
}
