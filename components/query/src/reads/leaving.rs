//! Whether a user's text may be sent to a service outside of the platform, at this moment. The write side is asked: views follow it,
//! and may be behind.

use crate::{WRITE_DATABASE, bindings::exports::mindflow::query::reads::EntryRef};
use mindflow_guest::{
    call::{CallContext, Error},
    caller::Caller,
    failure::internal,
    id, params,
    sql::{self, Identity},
};

/// An entry that is deleted, or no longer there, stays as well.
const MAY_LEAVE: &str = "SELECT EXISTS (
        SELECT FROM consent.entries e WHERE e.id = $1::uuid AND e.user_id = $2::uuid AND NOT e.private AND NOT e.deleted
    ) AS may_leave";

/// Of an entry; or, without one, of what the caller searches for.
pub async fn may_leave(context: &CallContext, entry: Option<&EntryRef>) -> Result<bool, Error> {
    let Some(EntryRef { user_id, entry_id }) = entry else {
        Caller::prove(context).await?;
        return Ok(true);
    };
    let (Some(user_id), Some(entry_id)) = (id::parse(user_id), id::parse(entry_id)) else { return Ok(false) };
    let rows = sql::query(WRITE_DATABASE, Identity::Service, MAY_LEAVE, params![entry_id, user_id]).await?;
    let row = rows.first().ok_or_else(|| internal("the statement answers no row"))?;
    Ok(row.get("may_leave")?)
}
