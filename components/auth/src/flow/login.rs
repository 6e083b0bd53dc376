//! A login: the same answer after the same work whether the address has no account or the password is
//! wrong, and none at all while the account is locked.

use super::{
    grant::{self, Issued},
    proof,
};
use crate::{
    password,
    services::hashing::Verdict,
    settings::Settings,
    store::{
        accounts::{self, DATABASE, Stored},
        failures::Failures,
    },
    validation::{self, EmailKey},
};
use mindflow_events::{LoggedIn, Payload, Time};
use mindflow_guest::{
    call::{CallContext, Error},
    clock,
    failure::internal,
    sql::{self, Abort, Identity},
};

/// What a login says, as it came.
pub struct Request {
    pub email: String,
    pub password: String,
    pub user_agent: Option<String>,
}

pub async fn login(context: &CallContext, request: Request) -> Result<Issued, Error> {
    let settings = Settings::load().await.map_err(internal)?;
    let email = EmailKey::of(&request.email);
    let failures = Failures::of(&email).await?;
    failures.check().await?;
    // Text that is no address has no account, and some of it (a NUL) the database could not be asked for.
    let stored = if validation::is_email(&request.email) { accounts::by_email(&email).await? } else { None };
    let hash = stored.as_ref().map(|stored| stored.password_hash.clone());
    let verdict = proof::compare(context, &failures, &request.password, hash, settings, wrong).await?;
    let stored = stored.ok_or_else(wrong)?;
    let rehashed = match verdict {
        Verdict::Outdated => rehash(context, &request.password, settings).await?,
        Verdict::Right | Verdict::Wrong => None,
    };
    let user_agent = validation::user_agent(request.user_agent.as_deref());
    admit(context, stored, rehashed, user_agent, settings).await
}

/// The password's hash at today's cost; none when hashing has no place now, and then the next login makes it.
async fn rehash(context: &CallContext, password: &str, settings: Settings) -> Result<Option<String>, Error> {
    match password::hash(context, password, settings.bcrypt_cost).await {
        Ok(hash) => Ok(Some(hash)),
        Err(Error::Unavailable(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn admit(
    context: &CallContext,
    stored: Stored,
    rehashed: Option<String>,
    user_agent: Option<String>,
    settings: Settings,
) -> Result<Issued, Error> {
    let Stored { account, password_hash, password_version } = stored;
    let now_us = clock::now_us();
    let opened = grant::open(account.clone(), user_agent.clone(), now_us, settings).await?;
    let login = Payload::UserLoggedIn(LoggedIn {
        user_id: account.id,
        session_id: opened.session_id,
        user_agent,
        at: Time(now_us),
    });
    let written = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        // This locks the account. Its roles may have changed since it was read, and the session has those of then; and the
        // password that was compared may be a former one.
        let sequence = accounts::note_login(tx, account.id, now_us).await?.ok_or_else(wrong)?;
        let is_as_read = |now: Stored| now.account.roles == account.roles && now.password_version == password_version;
        if !accounts::read_whole(tx, account.id).await?.is_some_and(is_as_read) {
            return Err(Abort::Call(Error::Unavailable("the account was changed during the login".into())));
        }
        if let Some(rehashed) = &rehashed {
            accounts::rehash(tx, account.id, &password_hash, rehashed).await?;
        }
        let ended = opened.record(tx).await?;
        accounts::publish(tx, context, &login, sequence).await?;
        Ok(ended)
    })
    .await;
    opened.keep(written).await
}

/// The one answer to an unknown address and to a wrong password.
fn wrong() -> Error {
    Error::Unauthenticated("The e-mail address or the password is wrong.".into())
}
