//! What the service does, an operation a function: prove the caller, check the input, and run one
//! transaction that writes the rows and their events.

mod attachments;
pub mod create;
pub mod lifecycle;
pub mod moods;
pub mod tags;
pub mod update;

use crate::payload::Events;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::caller::Caller;
use mindflow_guest::clock;
use uuid::Uuid;

/// The role whose holders get insights and have no quota.
const PREMIUM: &str = "premium";

/// What every operation starts from.
pub struct Request<'a> {
    caller: Caller,
    user_id: Uuid,
    premium: bool,
    now_us: i64,
    events: Events<'a>,
}

impl<'a> Request<'a> {
    pub async fn begin(context: &'a CallContext) -> Result<Self, Error> {
        let caller = Caller::prove(context).await?;
        Ok(Self {
            user_id: caller.user_id,
            premium: caller.has_role(PREMIUM),
            now_us: clock::now_us(),
            events: Events { context, user_id: caller.user_id },
            caller,
        })
    }
}

/// An id from outside. One that is no UUID names nothing, like any other id that nothing has.
fn known_id(id: &str, or: impl FnOnce() -> Error) -> Result<Uuid, Error> {
    Uuid::try_parse(id).map_err(|_| or())
}
