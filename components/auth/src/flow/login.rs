//! A login: the same answer after the same work whether the address has no account or the password is
//! wrong, and none at all while the account is locked. Where the account has a second factor, a right password is answered with a
//! challenge, and the login is complete with a code.

use super::{
    grant::{self, Issued},
    proof, second_factor,
};
use crate::{
    challenge::Challenge,
    password::{self, Attempt},
    services::hashing::PasswordMatch,
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

/// What a right password is answered with.
pub enum Outcome {
    Granted(Box<Issued>),
    /// The account has a second factor, which is asked for with this.
    Challenged(String),
}

pub async fn login(context: &CallContext, request: Request) -> Result<Outcome, Error> {
    let settings = Settings::load().await.map_err(internal)?;
    let email = EmailKey::of(&request.email);
    let failures = Failures::of(&email).await?;
    let failed_before = failures.check().await?;
    // Text that is no address has no account, and some of it (a NUL) the database could not be asked for.
    let stored = if validation::is_email(&request.email) { accounts::by_email(&email).await? } else { None };
    let hash = stored.as_ref().map(|stored| stored.password_hash.clone());
    let attempt = Attempt { password: &request.password, stored: hash, failed_before };
    let verdict = proof::compare(context, &failures, &attempt, settings, wrong).await?;
    let stored = stored.ok_or_else(wrong)?;
    let rehashed = match verdict {
        PasswordMatch::Outdated => rehash(context, &request.password, settings).await?,
        PasswordMatch::Right | PasswordMatch::Wrong => None,
    };
    if stored.account.second_factor {
        if let Some(rehashed) = &rehashed {
            sql::transaction(DATABASE, &Identity::Service, async |tx| {
                accounts::rehash(tx, stored.account.id, &stored.password_hash.text, rehashed).await
            })
            .await?;
        }
        let challenge = Challenge::new(stored.account.id, stored.password_version, clock::now_us());
        return challenge.seal().await.map(Outcome::Challenged);
    }
    let user_agent = validation::user_agent(request.user_agent.as_deref());
    admit(context, stored, rehashed, user_agent, settings).await.map(|issued| Outcome::Granted(Box::new(issued)))
}

/// The second step, for who has shown the password: a code of the device or a recovery code.
pub async fn complete(
    context: &CallContext,
    challenge: &str,
    code: &str,
    user_agent: Option<&str>,
) -> Result<Issued, Error> {
    let over = || Error::Unauthenticated("The login took too long. Begin again with the password.".into());
    let settings = Settings::load().await.map_err(internal)?;
    let challenge = Challenge::open(challenge, clock::now_us()).await.ok_or_else(over)?;
    let stored = accounts::with_password(challenge.user_id).await?.ok_or_else(over)?;
    if stored.password_version != challenge.password_version {
        return Err(over());
    }
    let wrong = || Error::Unauthenticated(second_factor::WRONG.into());
    second_factor::spend(stored.account.id, &stored.account.email, code, wrong).await?;
    admit(context, stored, None, validation::user_agent(user_agent), settings).await
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
        let is_as_read = |now: Stored| {
            now.account.roles == account.roles
                && now.account.second_factor == account.second_factor
                && now.password_version == password_version
        };
        if !accounts::read_whole(tx, account.id).await?.is_some_and(is_as_read) {
            return Err(Abort::Call(Error::Unavailable("the account was changed during the login".into())));
        }
        if let Some(rehashed) = &rehashed {
            accounts::rehash(tx, account.id, &password_hash.text, rehashed).await?;
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
