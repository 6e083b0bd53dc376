//! Whether a user's text may be sent to a service outside of the platform, at this moment. The write side is asked: views follow it,
//! and may be behind.

use crate::{WRITE_DATABASE, bindings::exports::mindflow::query::leaving::EntryRef};
use mindflow_guest::{
    call::{CallContext, Error},
    caller::Caller,
    consent, id,
};

/// Of an entry; or, without one, of what the caller searches for.
pub async fn may_leave(context: &CallContext, entry: Option<&EntryRef>) -> Result<bool, Error> {
    let (user_id, entry) = match entry {
        None => (Caller::prove(context).await?.user_id, None),
        Some(EntryRef { user_id, entry_id }) => match (id::parse(user_id), id::parse(entry_id)) {
            (Some(user_id), Some(entry_id)) => (user_id, Some(entry_id)),
            _ => return Ok(false),
        },
    };
    consent::may_leave(WRITE_DATABASE, user_id, entry).await
}
