//! Whether an entry may be read outside of the platform, at this moment: it is not private, and its user allows it. The write side is asked each time: an event says what was
//! so when it was made, and may have waited for hours since.

use crate::{entry::Entry, store::DATABASE};
use mindflow_guest::{call, consent};

/// # Errors
/// It cannot be known now; then nothing may leave.
pub async fn may_leave(entry: &Entry) -> Result<bool, call::Error> {
    if entry.private {
        return Ok(false);
    }
    consent::may_leave(DATABASE, entry.user_id, Some(entry.id)).await
}
