//! The two tokens of a session. The access token is signed before the session changes, so a client
//! that gets no answer has lost nothing.

use crate::{
    account::Account,
    claims::Claims,
    entropy,
    session::{Secrets, Session},
    settings::Settings,
    store::{kept, sessions::Sessions},
    token::RefreshToken,
};
use mindflow_guest::{
    call::Error,
    failure::internal,
    id, jwt_signer,
    sql::{Abort, Tx},
};
use uuid::Uuid;

/// What a client gets for its password or its refresh token.
pub struct Issued {
    pub account: Account,
    pub access_token: String,
    pub access_token_s: u32,
    pub refresh_token: RefreshToken,
    /// Until the refresh token expires, in seconds.
    pub refresh_token_s: u32,
}

/// A signed access token of that session, for the account's roles as of now.
pub async fn sign(account: &Account, session_id: Uuid, now_us: i64, settings: Settings) -> Result<String, Error> {
    sign_claims(&Claims::new(account, session_id, id::random(), now_us, settings.access_token_s)).await
}

/// The signed token of these claims.
pub async fn sign_claims(claims: &Claims<'_>) -> Result<String, Error> {
    let claims = serde_json::to_string(claims).map_err(internal)?;
    jwt_signer::sign(claims).await.map_err(|reason| Error::Unavailable(format!("signing keys: {reason}")))
}

/// A stored session whose tokens have not been given out yet.
pub struct Opened {
    pub session_id: Uuid,
    session: Session,
    issued: Issued,
    sessions: Sessions,
    sessions_max: u32,
}

/// Opens a session of the account. Its tokens come with [`Opened::keep`], when all else is done.
pub async fn open(
    account: Account,
    user_agent: Option<String>,
    now_us: i64,
    settings: Settings,
) -> Result<Opened, Error> {
    let secrets =
        Secrets { family_key: entropy::bytes().map_err(internal)?, first: entropy::bytes().map_err(internal)? };
    let session_id = id::random();
    let access_token = sign(&account, session_id, now_us, settings).await?;
    let (session, refresh_token) =
        Session::begin(session_id, &account, user_agent, secrets, settings.session_time(now_us));
    let sessions = Sessions::open().await?;
    sessions.add(session_id, &session).await?;
    let refresh_token_s = session.seconds_left(now_us);
    let issued =
        Issued { account, access_token, access_token_s: settings.access_token_s, refresh_token, refresh_token_s };
    Ok(Opened { session_id, session, issued, sessions, sessions_max: settings.sessions_max })
}

impl Opened {
    /// Keeps the session in the database, in the transaction of what it is opened for. The user's row must be locked, so
    /// that logins come one after the other. Answers the sessions for which there is no room any more.
    pub async fn record(&self, tx: &Tx) -> Result<Vec<Uuid>, Abort> {
        kept::add(tx, self.session_id, &self.session, self.session.created_at).await?;
        kept::make_room(tx, self.session_id, &self.session, self.sessions_max).await
    }

    /// Hands out the tokens when `outcome` is good and the sessions in it have ended; otherwise the session ends unused.
    pub async fn keep(self, outcome: Result<Vec<Uuid>, Error>) -> Result<Issued, Error> {
        let outcome = async {
            for id in outcome? {
                self.sessions.end(id, self.session.user_id).await?;
            }
            Ok(())
        };
        match outcome.await {
            Ok(()) => Ok(self.issued),
            Err(error) => {
                // Its tokens were never given out. If the store is unavailable too, the session expires.
                let _ = self.sessions.end(self.session_id, self.session.user_id).await;
                Err(error)
            }
        }
    }
}
