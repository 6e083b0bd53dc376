//! Whether an entry may be read outside of the platform, at this moment: it is not private, and its user allows it. The write side is asked each time: an event says what was
//! so when it was made, and may have waited for hours since.

use crate::{entry::Entry, store::DATABASE};
use mindflow_guest::{
    call, consent, params,
    sql::{self, Identity},
};

/// An entry that is deleted, or no longer there, stays as well; `$3`: what holds of a user who has not said it.
const MAY_LEAVE: &str = "SELECT EXISTS (
        SELECT FROM consent.entries e JOIN consent.users u ON u.id = e.user_id
        WHERE e.id = $1::uuid AND e.user_id = $2::uuid AND NOT e.private AND NOT e.deleted
            AND coalesce(u.ai_consent, $3::boolean)
    ) AS may_leave";

/// # Errors
/// It cannot be known now; then nothing may leave.
pub async fn may_leave(entry: &Entry) -> Result<bool, call::Error> {
    if entry.private {
        return Ok(false);
    }
    let assumed = consent::is_assumed().await.map_err(call::Error::Internal)?;
    let rows = sql::query(DATABASE, Identity::Service, MAY_LEAVE, params![entry.id, entry.user_id, assumed]).await?;
    let row = rows.first().ok_or_else(|| call::Error::Internal("the statement answers no row".into()))?;
    Ok(row.get("may_leave")?)
}
