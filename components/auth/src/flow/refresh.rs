//! What a refresh token is good for: the next one, or the end of its session. The token before the newest is accepted for ten
//! seconds, since tabs refresh at the same moment and answers get lost. A client that comes with an older one, or later, holds a copy, and
//! ends the session.

use super::grant::{self, Issued};
use crate::{
    entropy,
    session::TokenState,
    settings::Settings,
    store::{accounts, sessions::Sessions},
    token::RefreshToken,
    validation,
};
use mindflow_guest::{
    call::Error,
    clock,
    failure::internal,
    rate_limits::{self, Holder},
};

/// How often a session that was changed between reading and writing is looked at again. A second look finds the token overtaken,
/// a third one used, so this bounds what cannot happen.
const ATTEMPTS_MAX: u32 = 3;
/// The limit in the manifest: of a user, by all sessions together. It counts valid tokens only, so that other people cannot use
/// it up.
const LIMIT: &str = "refresh";

pub async fn refresh(refresh_token: &str, user_agent: Option<&str>) -> Result<Issued, Error> {
    let token = RefreshToken::parse(refresh_token.trim()).map_err(|_| refused())?;
    let settings = Settings::load().await.map_err(internal)?;
    let sessions = Sessions::open().await?;
    for attempt in 0..ATTEMPTS_MAX {
        let stored = sessions.get(token.session_id).await?.ok_or_else(refused)?;
        let now_us = clock::now_us();
        let time = settings.session_time(now_us);
        match stored.session.judge(&token, time) {
            TokenState::Fresh | TokenState::Overtaken => {}
            TokenState::Unknown => return Err(refused()),
            TokenState::Reused | TokenState::Expired => {
                sessions.end(token.session_id, stored.session.user_id).await?;
                return Err(refused());
            }
        }
        if attempt == 0 {
            rate_limits::take(LIMIT, Holder::Named(stored.session.user_id.to_string()), 1).await?;
        }
        let Some(account) = accounts::by_id(stored.session.user_id).await? else {
            sessions.end(token.session_id, stored.session.user_id).await?;
            return Err(refused());
        };
        let access_token = grant::sign(&account, token.session_id, now_us, settings).await?;
        let secret = entropy::bytes().map_err(internal)?;
        let (next, refresh_token) =
            stored.session.rotate(token.session_id, &account, validation::user_agent(user_agent), secret, time);
        if sessions.replace(token.session_id, &stored, &next).await? {
            let (access_token_s, refresh_token_s) = (settings.access_token_s, next.seconds_left(now_us));
            return Ok(Issued { account, access_token, access_token_s, refresh_token, refresh_token_s });
        }
    }
    Err(Error::Unavailable("the session is being changed by others".into()))
}

/// Ends the session of a token that is still good. One that was used before ends it as well, and is refused.
pub async fn end(refresh_token: &str) -> Result<(), Error> {
    let token = RefreshToken::parse(refresh_token.trim()).map_err(|_| refused())?;
    let settings = Settings::load().await.map_err(internal)?;
    let sessions = Sessions::open().await?;
    let session = sessions.get(token.session_id).await?.ok_or_else(refused)?.session;
    let verdict = session.judge(&token, settings.session_time(clock::now_us()));
    if verdict != TokenState::Unknown {
        sessions.end(token.session_id, session.user_id).await?;
    }
    if matches!(verdict, TokenState::Fresh | TokenState::Overtaken) { Ok(()) } else { Err(refused()) }
}

/// One answer for every invalid token, so that it does not reveal why.
fn refused() -> Error {
    Error::Unauthenticated("The session has ended. Log in again.".into())
}
