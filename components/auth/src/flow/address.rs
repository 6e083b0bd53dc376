//! Whether the address of an account is its user's, and another address for it: a link in a mail proves each.

use super::{
    account, credentials, mails, proof,
    session::{Authenticated, authenticate},
};
use crate::{
    account::Account,
    link,
    settings::Settings,
    store::{
        accounts::{self, DATABASE},
        mails::{self as kept_mails, Kind, Mail},
        sessions::Sessions,
    },
    validation::{self, EmailKey},
};
use mindflow_events::{CredentialsChanged, Payload};
use mindflow_guest::{
    call::{CallContext, Error},
    clock,
    failure::{conflict, internal},
    journal::Mark,
    rules::Rule,
    sql::{self, Abort, Identity, Tx},
};
use uuid::Uuid;

/// Mails a link to the caller's address, unless it is confirmed. If it is, the sessions are notified, in case they were not before.
pub async fn request_confirmation(context: &CallContext) -> Result<(), Error> {
    let Authenticated { caller, sessions, .. } = authenticate(context).await?;
    let account = account::of(caller.user_id).await?;
    if account.email_confirmed {
        return sessions.renew(caller.user_id).await;
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
        let (mail, user_id) = followed(tx, Kind::Confirmation, token_hash, clock::now_us()).await?;
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

/// Mails a link to the address that the caller's account is to have.
pub async fn request_change(context: &CallContext, new_email: &str, password: &str) -> Result<(), Error> {
    let Authenticated { caller, session_id, .. } = authenticate(context).await?;
    let settings = Settings::load().await.map_err(internal)?;
    let (address, key) = validation::email("newEmail", new_email).map_err(|broken| Error::Invalid(vec![broken]))?;
    let own = proof::again(context, (caller.user_id, session_id), "password", password, settings).await?.account;
    if own.email == address && own.email_confirmed {
        return Err(conflict("newEmail", Rule::Taken, "The account has this address already."));
    }
    if accounts::by_email(&key).await?.is_some_and(|held| held.account.id != own.id) {
        return Err(accounts::email_taken("newEmail"));
    }
    mails::take(&key).await?;
    let now_us = clock::now_us();
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        kept_mails::request(tx, context, Kind::Change, Some(own.id), &address, now_us).await
    })
    .await
}

/// Gives the account the address that the link was mailed to. The former one gets a notice, and its links are not good any more.
pub async fn confirm_change(context: &CallContext, token: &str) -> Result<(), Error> {
    let token_hash = link::hash(token).ok_or_else(not_good)?;
    let sessions = Sessions::within_reach().await?;
    let changed = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let now_us = clock::now_us();
        let (mail, user_id) = followed(tx, Kind::Change, token_hash, now_us).await?;
        let former = accounts::lock(tx, user_id).await?.ok_or_else(not_good)?;
        let account = Account { email: mail.email, email_confirmed: true, ..former.clone() };
        let sequence = accounts::set_email(tx, &account, &EmailKey::of(&account.email), now_us).await?;
        accounts::publish(tx, context, &Payload::UserUpdated(account.in_events()), sequence).await?;
        let change = credentials::changed(user_id, CredentialsChanged::EMAIL_CHANGED, None, now_us);
        accounts::note_change(tx, context, change).await?;
        kept_mails::forget_ways_in(tx, user_id).await?;
        kept_mails::forget(tx, user_id, Kind::Confirmation).await?;
        if former.email_confirmed {
            kept_mails::request(tx, context, Kind::Changed, Some(user_id), &former.email, now_us).await?;
        }
        Ok(account::Changed { account, mark: Some(Mark::user(user_id, sequence)) })
    })
    .await?;
    sessions.renew(changed.account.id).await?;
    account::note(&sessions, &[changed.account.id], &changed).await;
    Ok(())
}

/// The mail whose link has the token of this hash, and the user whose link it is.
pub async fn followed(tx: &Tx, kind: Kind, token_hash: [u8; 32], now_us: i64) -> Result<(Mail, Uuid), Abort> {
    let mail = kept_mails::by_token(tx, kind, token_hash, now_us).await?.ok_or_else(not_good)?;
    let user_id = mail.user_id.ok_or_else(not_good)?;
    Ok((mail, user_id))
}

/// One answer for every link that is not good, so that it does not reveal why.
pub fn not_good() -> Error {
    Error::NotFound("This link is not valid any more. Ask for a new one.".into())
}
