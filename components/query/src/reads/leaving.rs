//! Whether a user's text may be sent to a service outside of the platform, at this moment. The write side is asked: views follow it,
//! and may be behind.

use crate::{WRITE_DATABASE, bindings::exports::mindflow::query::leaving::EntryRef};
use mindflow_guest::{
    call::{CallContext, Error},
    caller::Caller,
    consent,
    failure::internal,
    id, params,
    sql::{self, Identity},
};

/// `$1` user, `$2` what holds of one who has not said it.
const USER_ALLOWS: &str = "SELECT EXISTS (
        SELECT FROM consent.users u WHERE u.id = $1::uuid AND coalesce(u.ai_consent, $2::boolean)
    ) AS may_leave";

/// The same, and `$3` entry. One that is deleted, or no longer there, stays as well.
const ENTRY_MAY_LEAVE: &str = "SELECT EXISTS (
        SELECT FROM consent.users u JOIN consent.entries e ON e.user_id = u.id
        WHERE u.id = $1::uuid AND coalesce(u.ai_consent, $2::boolean) AND e.id = $3::uuid AND NOT e.private AND NOT e.deleted
    ) AS may_leave";

/// Of an entry; or, without one, of what the caller searches for.
pub async fn may_leave(context: &CallContext, entry: Option<&EntryRef>) -> Result<bool, Error> {
    let assumed = consent::is_assumed().await.map_err(Error::Internal)?;
    let (statement, params) = match entry {
        None => (USER_ALLOWS, params![Caller::prove(context).await?.user_id, assumed]),
        Some(EntryRef { user_id, entry_id }) => match (id::parse(user_id), id::parse(entry_id)) {
            (Some(user_id), Some(entry_id)) => (ENTRY_MAY_LEAVE, params![user_id, assumed, entry_id]),
            _ => return Ok(false),
        },
    };
    let rows = sql::query(WRITE_DATABASE, Identity::Service, statement, params).await?;
    let row = rows.first().ok_or_else(|| internal("the statement answers no row"))?;
    Ok(row.get("may_leave")?)
}
