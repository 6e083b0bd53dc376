//! Whether reads show what the caller has just written.

use crate::{DATABASE, reading::own_writes::SHOWN};
use mindflow_guest::{
    cache::Owner,
    call::{CallContext, Error},
    caller::Caller,
    journal::Mark,
    own_writes,
};

pub async fn shows(context: &CallContext, marks: &[Mark]) -> Result<bool, Error> {
    let caller = Caller::prove(context).await?;
    own_writes::ask(DATABASE, &Owner::journal(caller.user_id), SHOWN, marks).await
}
