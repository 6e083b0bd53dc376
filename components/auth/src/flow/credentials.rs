//! Changes of what a user logs in by. Each needs the password again, and ends the user's other sessions, which may have been opened
//! by somebody else who knew the former password.

use super::{
    proof,
    session::{Authenticated, authenticate},
};
use crate::{
    password,
    settings::Settings,
    store::{
        accounts::{self, DATABASE},
        kept, mails,
        sessions::Sessions,
    },
};
use mindflow_events::{CredentialsChanged, Time};
use mindflow_guest::{
    call::{CallContext, Error},
    clock,
    failure::internal,
    sql::{self, Abort, Identity},
};
use uuid::Uuid;

pub async fn change_password(context: &CallContext, current: &str, new: &str) -> Result<(), Error> {
    let Authenticated { caller, session_id, .. } = authenticate(context).await?;
    let settings = Settings::load().await.map_err(internal)?;
    password::check_new(context, "newPassword", new).await?;
    let stored = proof::again(context, (caller.user_id, session_id), "currentPassword", current, settings).await?;
    let hash = password::hash(context, new, settings.bcrypt_cost).await?;
    let change = changed(caller.user_id, CredentialsChanged::PASSWORD_CHANGED, Some(session_id), clock::now_us());
    let sessions = Sessions::within_reach().await?;
    let ended = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let held = (caller.user_id, stored.password_version);
        if !accounts::change_password(tx, context, held, &hash, change.clone()).await? {
            return Err(Abort::Call(Error::Unavailable("the password was changed by another request".into())));
        }
        mails::forget_ways_in(tx, caller.user_id).await?;
        kept::end_others(tx, caller.user_id, Some(session_id)).await
    })
    .await?;
    sessions.forget_others(caller.user_id, Some(session_id), ended).await
}

/// What is published of a change; `session_id`: the one that asked for it.
pub fn changed(user_id: Uuid, change: &str, session_id: Option<Uuid>, now_us: i64) -> CredentialsChanged {
    CredentialsChanged { user_id, change: change.to_owned(), session_id, at: Time(now_us) }
}
