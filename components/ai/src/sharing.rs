//! Whether an entry may be read outside of the platform, at this moment. The write side is asked each time: an event says what was
//! so when it was made, and may have waited for hours since.

use crate::{entry::Entry, store::DATABASE};
use mindflow_guest::{
    call, params,
    sql::{self, Identity},
};

/// An entry that is deleted, or no longer there, stays as well.
const MAY_LEAVE: &str = "SELECT EXISTS (
        SELECT FROM consent.entries e WHERE e.id = $1::uuid AND e.user_id = $2::uuid AND NOT e.private AND NOT e.deleted
    ) AS may_leave";

/// # Errors
/// It cannot be known now; then nothing may leave.
pub async fn may_leave(entry: &Entry) -> Result<bool, call::Error> {
    if entry.private {
        return Ok(false);
    }
    let rows = sql::query(DATABASE, Identity::Service, MAY_LEAVE, params![entry.id, entry.user_id]).await?;
    let row = rows.first().ok_or_else(|| call::Error::Internal("the statement answers no row".into()))?;
    Ok(row.get("may_leave")?)
}
