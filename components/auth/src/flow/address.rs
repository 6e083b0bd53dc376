//! Whether the address of an account is its user's: a link in a mail proves it.

use super::{
    account, mails,
    session::{Authenticated, authenticate},
};
use crate::{
    account::Account,
    link,
    store::{
        accounts::DATABASE,
        mails::{self as kept_mails, Kind},
        sessions::Sessions,
    },
    validation::EmailKey,
};
use mindflow_guest::{
    call::{CallContext, Error},
    clock,
    sql::{self, Identity},
};

/// Mails a link to the caller's address, unless it is confirmed.
pub async fn request_confirmation(context: &CallContext) -> Result<(), Error> {
    let Authenticated { caller, .. } = authenticate(context).await?;
    let account = account::of(caller.user_id).await?;
    if account.email_confirmed {
        return Ok(());
    }
    mails::take(&EmailKey::of(&account.email)).await?;
    let now_us = clock::now_us();
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        kept_mails::request(tx, context, Kind::Confirmation, Some(account.id), &account.email, now_us).await
    })
    .await
}

/// Confirms the address that the link was mailed to. The account's sessions go on.
pub async fn confirm(context: &CallContext, token: &str) -> Result<(), Error> {
    let token_hash = link::hash(token).ok_or_else(not_good)?;
    let sessions = Sessions::within_reach().await?;
    let changed = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let mail = kept_mails::by_token(tx, Kind::Confirmation, token_hash, clock::now_us()).await?;
        let mail = mail.ok_or_else(not_good)?;
        let user_id = mail.user_id.ok_or_else(not_good)?;
        let confirmed = |account: &Account| Account {
            // Of another address the link says nothing.
            email_confirmed: account.email_confirmed || account.email == mail.email,
            ..account.clone()
        };
        let changed = account::change(tx, context, user_id, confirmed).await?;
        kept_mails::forget(tx, user_id, Kind::Confirmation).await?;
        Ok(changed)
    })
    .await?;
    sessions.renew(changed.account.id).await?;
    account::note(&sessions, &[changed.account.id], &changed).await;
    Ok(())
}

/// One answer for every link that is not good, so that it does not reveal why.
pub fn not_good() -> Error {
    Error::NotFound("This link is not valid any more. Ask for a new one.".into())
}
