//! Sessions as their owner sees them, and the check before every request that a token's session is live. While the
//! session store is unavailable, no check succeeds.

use super::grant;
use crate::{
    account::TIMEZONE_DEFAULT,
    claims::Claims,
    role::{self, Roles},
    session::Session,
    settings::Settings,
    store::{
        accounts::DATABASE,
        kept,
        sessions::{Sessions, Stored},
        written::Written,
    },
};
use mindflow_guest::{
    call::{CallContext, Error},
    caller::Caller,
    failure::internal,
    id,
    journal::{Mark, Usage},
    sql::{self, Identity},
};
use uuid::Uuid;

/// A caller whose token is good and whose session lives.
pub struct Authenticated {
    /// What the token says; its roles may be out of date.
    pub caller: Caller,
    pub session_id: Uuid,
    /// The caller's roles now.
    pub roles: Roles,
    /// The caller's time zone now.
    pub timezone: String,
    /// The caller's address now.
    pub email: String,
    /// Whether it is confirmed.
    pub email_confirmed: bool,
    /// In any session, in the last seconds.
    pub written: Option<Written>,
    pub sessions: Sessions,
}

/// A good token, whose session is to be looked at.
struct Presented {
    caller: Caller,
    session_id: Uuid,
    sessions: Sessions,
}

impl Presented {
    async fn prove(context: &CallContext) -> Result<Self, Error> {
        let caller = Caller::prove(context).await?;
        let session_id = id::parse(&caller.session_id).ok_or_else(ended)?;
        Ok(Self { caller, session_id, sessions: Sessions::open().await? })
    }

    fn with(self, stored: Option<Stored>, written: Option<Written>) -> Result<Authenticated, Error> {
        let Self { caller, session_id, sessions } = self;
        let session = stored.map(|stored| stored.session).filter(|session| session.user_id == caller.user_id);
        let Session { roles, timezone, email, email_confirmed, .. } = session.ok_or_else(ended)?;
        let timezone = timezone.unwrap_or_else(|| TIMEZONE_DEFAULT.to_owned());
        let email_confirmed = email_confirmed == Some(true);
        Ok(Authenticated { caller, session_id, roles, timezone, email, email_confirmed, written, sessions })
    }
}

/// Proves the token, then its session. One read of the key-value store, unless that has lost the session; it is as the store has it
/// now.
pub async fn authenticate(context: &CallContext) -> Result<Authenticated, Error> {
    let presented = Presented::prove(context).await?;
    let (stored, written) = presented.sessions.find_with_marks(presented.session_id, presented.caller.user_id).await?;
    presented.with(stored, written)
}

/// The same, for what else a caller may do than see to the account: where addresses must be confirmed, the caller's is.
pub async fn admit(context: &CallContext) -> Result<Authenticated, Error> {
    admitted(authenticate(context).await?).await
}

/// As [`admit`], for operations that are answered in any case: if this host has a copy of the session, the store is not read, which
/// would show that the session has ended.
pub async fn recognise(context: &CallContext) -> Result<Authenticated, Error> {
    let presented = Presented::prove(context).await?;
    let stored = presented.sessions.recall(presented.session_id).await?;
    admitted(presented.with(stored, None)?).await
}

async fn admitted(authenticated: Authenticated) -> Result<Authenticated, Error> {
    if !authenticated.email_confirmed && Settings::email_must_be_confirmed().await.map_err(internal)? {
        return Err(unconfirmed());
    }
    Ok(authenticated)
}

/// Whom a token speaks for, and what is to be shown to the services in the caller's name.
pub struct Proven {
    pub authenticated: Authenticated,
    /// With the current roles, time zone and address, when the presented one has others: services and the database read them from
    /// the token.
    pub token: Option<String>,
}

/// As [`admit`].
pub async fn prove(context: &CallContext) -> Result<Proven, Error> {
    let authenticated = admit(context).await?;
    let Authenticated { caller, session_id, roles, timezone, email, .. } = &authenticated;
    let as_presented = role::known(&caller.roles) == *roles && caller.zone_name() == timezone && caller.email == *email;
    let token = if as_presented {
        None
    } else {
        Some(grant::sign_claims(&Claims::renewed(caller, (email, roles, timezone), *session_id, id::random())).await?)
    };
    Ok(Proven { authenticated, token })
}

/// Has the caller's reads wait for what was written in the caller's name. The session was proven before the write.
pub async fn note_written(context: &CallContext, marks: &[Mark]) -> Result<(), Error> {
    let caller = Caller::prove(context).await?;
    Sessions::open().await?.note_written(caller.user_id, marks).await
}

pub async fn logout(context: &CallContext) -> Result<(), Error> {
    let Authenticated { caller, session_id, sessions, .. } = authenticate(context).await?;
    sessions.end(session_id, caller.user_id).await
}

/// A session and whether the asking token belongs to it.
pub struct Listed {
    pub id: Uuid,
    pub session: Session,
    pub is_current: bool,
}

pub async fn list(context: &CallContext) -> Result<Vec<Listed>, Error> {
    let Authenticated { caller, session_id, sessions, .. } = authenticate(context).await?;
    let live = sessions.of_user(caller.user_id).await?;
    Ok(live.into_iter().map(|(id, session)| Listed { id, session, is_current: id == session_id }).collect())
}

/// How many live sessions the caller has, and may have.
pub async fn usage(context: &CallContext) -> Result<Usage, Error> {
    let settings = Settings::load().await.map_err(internal)?;
    Ok(Usage { used: list(context).await?.len() as u64, limit: u64::from(settings.sessions_max) })
}

/// Ends one of the caller's own sessions. Another user's session is `not-found`, like one that does not exist.
pub async fn revoke(context: &CallContext, id: &str) -> Result<(), Error> {
    let Authenticated { caller, sessions, .. } = authenticate(context).await?;
    let missing = || Error::NotFound("There is no such session of yours.".into());
    let id = id::parse(id).ok_or_else(missing)?;
    match sessions.get(id).await? {
        Some(Stored { session, .. }) if session.user_id == caller.user_id => sessions.end(id, caller.user_id).await,
        _ => Err(missing()),
    }
}

/// Ends the caller's sessions but the one that asks. Answers how many.
pub async fn end_others(context: &CallContext) -> Result<u32, Error> {
    let Authenticated { caller, session_id, sessions, .. } = authenticate(context).await?;
    end_but(&sessions, caller.user_id, Some(session_id)).await
}

/// Ends all sessions of a user, for the operator, who has the right by being at the command line. Answers how many.
pub async fn end_all(user_id: Uuid) -> Result<u32, Error> {
    end_but(&Sessions::within_reach().await?, user_id, None).await
}

async fn end_but(sessions: &Sessions, user_id: Uuid, kept: Option<Uuid>) -> Result<u32, Error> {
    let ended = sql::transaction(DATABASE, &Identity::Service, async |tx| kept::end_others(tx, user_id, kept).await);
    let ended = ended.await?;
    let number = u32::try_from(ended.len()).unwrap_or(u32::MAX);
    sessions.forget_others(user_id, kept, ended).await?;
    Ok(number)
}

/// For what an account may do with a confirmed address alone.
pub fn unconfirmed() -> Error {
    Error::Forbidden("Confirm your e-mail address first: follow the link that was mailed to it.".into())
}

fn ended() -> Error {
    Error::Unauthenticated("The session has ended. Log in again.".into())
}
