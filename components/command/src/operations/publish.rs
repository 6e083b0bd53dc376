//! Making a draft an entry: it takes its place in the month's quota then, and is counted, searched and analysed from then on.

use super::{Request, known_id};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{entry_not_found, expect_version};
use crate::quota::{self, Month};
use crate::store::{DATABASE, entries};
use crate::validation;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::sql::transaction;

/// One that is an entry is answered as it is.
pub async fn publish(
    context: &CallContext,
    id: &str,
    expected_version: Option<u32>,
) -> Result<wit::WrittenEntry, Error> {
    let request = Request::begin(context).await?;
    let id = known_id(id, entry_not_found)?;
    let limit = quota::limit(request.premium, quota::free_entries_per_month().await.map_err(Error::Internal)?);
    let month = Month::of(request.now_us);
    let stored = transaction(DATABASE, &request.caller.identity(), async |tx| {
        let stored = entries::read_for_change(tx, id, request.user_id).await?;
        let stored = stored.filter(|stored| !stored.is_deleted()).ok_or_else(entry_not_found)?;
        expect_version(stored.entry.version, expected_version)?;
        if !stored.entry.draft {
            return Ok(stored);
        }
        validation::publishable(&stored.entry)?;
        match entries::publish(tx, stored, month, limit, request.now_us).await? {
            Some(stored) => {
                tx.publish(request.events.entry_created(&stored, request.premium)?).await?;
                Ok(stored)
            }
            None => {
                let used = entries::used(tx, request.user_id, month).await?;
                Err(quota::exceeded(used, limit, month).into())
            }
        }
    })
    .await?;
    Ok(request.answer(stored))
}
