//! A forgotten password: a link in a mail stands in for it, once and for a short time. Whether an address has an account is looked up
//! when the mail is sent, so that neither the answer nor its time says it.

use super::{
    address::{followed, not_good},
    credentials, mails,
};
use crate::{
    link, password,
    settings::Settings,
    store::{
        accounts::{self, DATABASE},
        failures::Failures,
        kept,
        mails::{self as kept_mails, Kind},
        sessions::Sessions,
    },
    validation::{self, EmailKey},
};
use mindflow_events::CredentialsChanged;
use mindflow_guest::{
    call::{CallContext, Error},
    clock,
    failure::internal,
    sql::{self, Identity},
};

/// Mails a link to the account of this address, if there is one.
pub async fn request(context: &CallContext, email: &str) -> Result<(), Error> {
    let (address, key) = validation::email("email", email).map_err(|broken| Error::Invalid(vec![broken]))?;
    mails::take(&key).await?;
    let now_us = clock::now_us();
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        kept_mails::request(tx, context, Kind::Reset, None, &address, now_us).await
    })
    .await
}

/// Puts another password in the place of the forgotten one. All sessions end, and so does a lockout.
pub async fn reset(context: &CallContext, token: &str, new: &str) -> Result<(), Error> {
    let token_hash = link::hash(token).ok_or_else(not_good)?;
    // Before the work of a hash, which a link that is not good is not worth.
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        followed(tx, Kind::Reset, token_hash, clock::now_us()).await.map(drop)
    })
    .await?;
    password::check_new(context, "newPassword", new).await?;
    let settings = Settings::load().await.map_err(internal)?;
    let hash = password::hash(context, new, settings.bcrypt_cost).await?;
    let sessions = Sessions::within_reach().await?;
    let now_us = clock::now_us();
    let (account, ended) = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let (_, user_id) = followed(tx, Kind::Reset, token_hash, clock::now_us()).await?;
        accounts::lock(tx, user_id).await?;
        let stored = accounts::read_whole(tx, user_id).await?.ok_or_else(not_good)?;
        let change = credentials::changed(user_id, CredentialsChanged::PASSWORD_RESET, None, now_us);
        accounts::change_password(tx, context, (user_id, stored.password_version), &hash, change).await?;
        kept_mails::forget_ways_in(tx, user_id).await?;
        Ok((stored.account, kept::end_others(tx, user_id, None).await?))
    })
    .await?;
    sessions.forget_others(account.id, None, ended).await?;
    Failures::of(&EmailKey::of(&account.email)).await?.lift().await
}
