//! Mails about accounts as the service that sends them asks for them. Who a mail goes to is looked up here, when it is sent, so
//! that a request takes the same time whether there is an account or not.

use super::erasure::Deletion;
use crate::{
    entropy, link,
    store::{
        accounts::{self, DATABASE},
        erasures,
        mails::{self, Kind, Mail},
    },
    validation::EmailKey,
};
use mindflow_guest::{
    call::Error,
    clock,
    failure::internal,
    id,
    rate_limits::{self, Holder},
    sql::{self, Abort, Identity, Tx},
};
use sha2::{Digest as _, Sha256};

/// The limit in the manifest: of an address, from all clients together, so that no mailbox is flooded.
const LIMIT: &str = "address-mails";

/// A mail to be sent.
pub struct Prepared {
    pub kind: Kind,
    pub to: String,
    pub token: Option<String>,
    /// Of a mail that says that the account goes.
    pub deletion: Option<Deletion>,
}

/// Takes from what an address may get.
pub async fn take(email: &EmailKey) -> Result<(), Error> {
    let holder = hex::encode(Sha256::digest(email.as_str()));
    rate_limits::take(LIMIT, Holder::Named(holder), 1).await.map(drop)
}

pub async fn prepare(mail_id: &str) -> Result<Option<Prepared>, Error> {
    let Some(mail_id) = id::parse(mail_id) else { return Ok(None) };
    let secret = entropy::bytes::<{ link::SECRET_BYTES }>().map_err(internal)?;
    let token = link::text(secret);
    let token_hash = link::hash(&token).ok_or_else(|| internal("a token that was just made is none"))?;
    let now_us = clock::now_us();
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let Some(mail) = mails::unsent(tx, mail_id, now_us).await? else { return Ok(None) };
        let asked = mail.kind;
        let Some((mail, to)) = addressed(tx, &mail).await? else {
            mails::drop(tx, &mail).await?;
            return Ok(None);
        };
        if mail.kind != asked {
            mails::drop(tx, &mail).await?;
            mails::keep(tx, &mail, now_us).await?;
        }
        if !mail.kind.has_link() {
            let deletion = match (mail.kind, mail.user_id) {
                (Kind::Deletion, Some(user_id)) => erasures::of_account(tx, user_id).await?.map(Deletion::from),
                _ => None,
            };
            return Ok(Some(Prepared { kind: mail.kind, to, token: None, deletion }));
        }
        mails::give_token(tx, &mail, token_hash, now_us).await?;
        Ok(Some(Prepared { kind: mail.kind, to, token: Some(token.clone()), deletion: None }))
    })
    .await
}

pub async fn sent(mail_id: &str) -> Result<(), Error> {
    match id::parse(mail_id) {
        Some(mail_id) => mails::note_sent(mail_id, clock::now_us()).await,
        None => Ok(()),
    }
}

/// The mail with its user, and where it goes, if it still has a purpose. Until its address is confirmed, an account gets only
/// the mail that confirms it: a user who has forgotten the password of such an account confirms the address first.
async fn addressed(tx: &Tx, mail: &Mail) -> Result<Option<(Mail, String)>, Abort> {
    let account = match mail.user_id {
        Some(user_id) => accounts::read(tx, user_id).await?,
        None => accounts::find(tx, &EmailKey::of(&mail.email)).await?.map(|stored| stored.account),
    };
    let wanted = account.filter(|account| match mail.kind {
        Kind::Confirmation => !account.email_confirmed && account.email == mail.email,
        Kind::Reset | Kind::Change | Kind::Changed => true,
        // It may be kept after all by now.
        Kind::Deletion => account.deletion_due_at_us.is_some(),
    });
    Ok(wanted.map(|account| {
        let mail = Mail { user_id: Some(account.id), ..mail.clone() };
        match mail.kind {
            Kind::Reset if account.email_confirmed => (mail, account.email),
            Kind::Reset => (Mail { kind: Kind::Confirmation, email: account.email.clone(), ..mail }, account.email),
            Kind::Confirmation | Kind::Change | Kind::Changed | Kind::Deletion => {
                let to = mail.email.clone();
                (mail, to)
            }
        }
    }))
}
