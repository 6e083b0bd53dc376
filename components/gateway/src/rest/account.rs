//! `/auth/*` and the public keys: passwords and tokens pass through here, and are kept nowhere.

use crate::device::Device;
use crate::failure::{Failure, Kind};
use crate::rate;
use crate::services::accounts::{
    self, Challenge, Grant, LoginAttempt, LoginOutcome, Registration, Role, Session, User,
};
use crate::viewer::Viewer;
use crate::web::body::{self, Fields};
use crate::web::{Request, Response, cookie, preflight, problem};
use http::StatusCode;
use mindflow_guest::call::Error;
use mindflow_guest::{clock, jwt_verifier};
use serde::Serialize;

/// A rotated key is announced well before it signs; verifiers may keep the set for five minutes.
const JWKS_CACHE: &str = "public, max-age=300";

/// The field of a login's second step.
const CHALLENGE: &str = "challenge";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GrantJson {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    user: UserJson,
}

/// Of a login where the password alone is not enough.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChallengeJson {
    second_factor: &'static str,
    challenge: String,
    expires_in: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserJson {
    id: String,
    email: String,
    display_name: String,
    roles: Vec<&'static str>,
    timezone: String,
    created_at: String,
    email_confirmed: bool,
    second_factor: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionJson {
    id: String,
    created_at: String,
    last_used_at: String,
    user_agent: Option<String>,
    device: Option<String>,
    current: bool,
}

fn role_name(role: &Role) -> &'static str {
    match role {
        Role::User => "USER",
        Role::Premium => "PREMIUM",
        Role::Admin => "ADMIN",
    }
}

impl From<User> for UserJson {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            display_name: user.display_name,
            roles: user.roles.iter().map(role_name).collect(),
            timezone: user.timezone,
            created_at: clock::rfc3339(user.created_at),
            email_confirmed: user.email_confirmed,
            second_factor: user.second_factor,
        }
    }
}

impl From<Session> for SessionJson {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            created_at: clock::rfc3339(session.created_at),
            last_used_at: clock::rfc3339(session.last_used_at),
            device: session.user_agent.as_deref().map(Device::of).and_then(Device::name),
            user_agent: session.user_agent,
            current: session.current,
        }
    }
}

/// Tokens are for this client alone: no cache may keep them (RFC 6749 §5.1).
fn private(response: Response) -> Response {
    response.header("cache-control", "no-store")
}

fn granted(status: StatusCode, grant: Grant) -> Response {
    let cookie = cookie::set_refresh(&grant.refresh_token, grant.refresh_expires_in_s);
    let body = GrantJson {
        access_token: grant.access_token,
        token_type: "Bearer",
        expires_in: grant.expires_in_s,
        user: grant.user.into(),
    };
    private(Response::json(status, &body)).header("set-cookie", cookie)
}

pub async fn register(request: &Request, viewer: &Viewer) -> Result<Response, Failure> {
    let mut fields = Fields::new(body::object(request)?);
    let registration = Registration {
        email: fields.text("email"),
        password: fields.text("password"),
        display_name: fields.text("displayName"),
        timezone: fields.optional_text("timezone"),
        user_agent: cookie::user_agent(request.headers()),
    };
    fields.finish()?;
    let standing = rate::take(viewer, rate::REGISTER, 1).await?;
    let grant = accounts::register(viewer.context(), registration).await?;
    Ok(granted(StatusCode::CREATED, grant).standing(&standing))
}

fn challenged(Challenge { token, expires_in_s }: Challenge) -> Response {
    let body = ChallengeJson { second_factor: "TOTP", challenge: token, expires_in: expires_in_s };
    private(Response::json(StatusCode::ACCEPTED, &body))
}

/// By the password; or, in a second step, by a code and the challenge that the password was answered with.
pub async fn login(request: &Request, viewer: &Viewer) -> Result<Response, Failure> {
    let body = body::object(request)?;
    if body.contains_key(CHALLENGE) {
        return complete_login(request, Fields::new(body), viewer).await;
    }
    let mut fields = Fields::new(body);
    let attempt = LoginAttempt {
        email: fields.text("email"),
        password: fields.text("password"),
        user_agent: cookie::user_agent(request.headers()),
    };
    fields.finish()?;
    let standing = rate::take(viewer, rate::LOGIN, 1).await?;
    let response = match accounts::login(viewer.context(), attempt).await? {
        LoginOutcome::Granted(grant) => granted(StatusCode::OK, grant),
        LoginOutcome::SecondFactor(challenge) => challenged(challenge),
    };
    Ok(response.standing(&standing))
}

async fn complete_login(request: &Request, mut fields: Fields, viewer: &Viewer) -> Result<Response, Failure> {
    let (challenge, code) = (fields.text(CHALLENGE), fields.text("code"));
    fields.finish()?;
    let standing = rate::take(viewer, rate::LOGIN, 1).await?;
    let user_agent = cookie::user_agent(request.headers());
    let grant = accounts::complete_login(viewer.context(), challenge, code, user_agent).await?;
    Ok(granted(StatusCode::OK, grant).standing(&standing))
}

/// The refresh token comes in its cookie alone. One that is refused is taken from the client.
///
/// # Errors
/// 403 for another origin, 422 for fields in the body, 401 without a cookie, 429 for too many.
pub async fn refresh(request: &Request, viewer: &Viewer, origins: &[String]) -> Result<Response, Failure> {
    preflight::from_own_origin(request.headers(), origins)?;
    body::nothing(request)?;
    let token = cookie::refresh_token(request.headers())
        .ok_or_else(|| Failure::new(Kind::Unauthenticated, "There is no refresh cookie: log in."))?;
    match accounts::refresh(viewer.context(), token, cookie::user_agent(request.headers())).await {
        Ok(grant) => Ok(granted(StatusCode::OK, grant)),
        Err(error) => refused(error, viewer).await,
    }
}

/// The answer to a cookie that was sent and did not help. It is taken from the client when it was refused, not when a
/// part of us is away.
fn forgetting_when_refused(failure: &Failure, viewer: &Viewer) -> Response {
    let response = problem::respond(failure, viewer.correlation_id());
    if failure.kind == Kind::Unauthenticated {
        return response.header("set-cookie", cookie::clear_refresh());
    }
    response
}

/// The same, which counts a token that is no good for its address. With too many, the cookie stays the client's.
async fn refused(error: Error, viewer: &Viewer) -> Result<Response, Failure> {
    if matches!(error, Error::Unauthenticated(_)) {
        rate::of_refused_token(viewer).await?;
    }
    Ok(forgetting_when_refused(&error.into(), viewer))
}

/// Ends the session of the access token and that of the cookie, which are one as a rule. Either is enough: a user whose
/// access token has expired logs out by the cookie.
///
/// # Errors
/// 403 for another origin, 422 for fields in the body, 401 without a cookie and a good token.
pub async fn logout(request: &Request, viewer: &Viewer, origins: &[String]) -> Result<Response, Failure> {
    preflight::from_own_origin(request.headers(), origins)?;
    body::nothing(request)?;
    let by_token = async { accounts::logout(viewer.presented()?).await }.await;
    let by_cookie = match cookie::refresh_token(request.headers()) {
        Some(token) => Some(accounts::end_session(viewer.context(), token).await),
        None => None,
    };
    let sent = by_cookie.is_some();
    match ended(by_token, by_cookie) {
        Ok(()) => Ok(private(Response::new(StatusCode::NO_CONTENT)).header("set-cookie", cookie::clear_refresh())),
        Err(error) if sent => refused(error, viewer).await,
        Err(error) => Err(error.into()),
    }
}

/// Whether no session goes on that the client named: one has ended, and none could not be found out.
fn ended(by_token: Result<(), Error>, by_cookie: Option<Result<(), Error>>) -> Result<(), Error> {
    let refused = |outcome: &Result<(), Error>| matches!(outcome, Err(Error::Unauthenticated(_)));
    match by_cookie {
        None => by_token,
        Some(by_cookie) if refused(&by_token) => by_cookie,
        Some(by_cookie) if refused(&by_cookie) => by_token,
        Some(by_cookie) => by_token.and(by_cookie),
    }
}

pub async fn sessions(viewer: &Viewer) -> Result<Response, Failure> {
    let sessions = accounts::sessions(viewer.presented()?).await?;
    let sessions: Vec<SessionJson> = sessions.into_iter().map(Into::into).collect();
    Ok(private(Response::json(StatusCode::OK, &sessions)))
}

pub async fn revoke_session(viewer: &Viewer, id: String) -> Result<Response, Failure> {
    let context = viewer.presented()?;
    accounts::revoke_session(context, id).await?;
    Ok(private(Response::new(StatusCode::NO_CONTENT)))
}

pub async fn jwks() -> Result<Response, Failure> {
    let keys = jwt_verifier::jwks().await.map_err(|reason| Error::Unavailable(format!("signing keys: {reason}")))?;
    Ok(Response::text(StatusCode::OK, "application/json", keys).header("cache-control", JWKS_CACHE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer() -> Viewer {
        Viewer::new(crate::web::Presented::Nothing, "c".into(), None)
    }

    #[test]
    fn a_refused_refresh_takes_the_cookie_away_and_an_outage_does_not() {
        let refused = forgetting_when_refused(&Error::Unauthenticated("used before".into()).into(), &viewer());
        assert!(refused.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
        let away = forgetting_when_refused(&Error::Unavailable("database".into()).into(), &viewer());
        assert!(!away.headers.contains_key("set-cookie"));
    }

    #[test]
    fn a_logout_is_done_when_a_session_has_ended_and_none_is_left_in_doubt() {
        let (refused, away) = (Error::Unauthenticated("no".into()), Error::Unavailable("gone".into()));
        let refused = || Err(refused.clone());
        let away = || Err(away.clone());
        for (by_token, by_cookie) in [(Ok(()), None), (Ok(()), Some(Ok(()))), (Ok(()), Some(refused()))] {
            assert!(ended(by_token, by_cookie).is_ok());
        }
        assert!(ended(refused(), Some(Ok(()))).is_ok(), "the access token has expired");
        for (by_token, by_cookie) in [(refused(), None), (refused(), Some(refused()))] {
            assert!(matches!(ended(by_token, by_cookie), Err(Error::Unauthenticated(_))));
        }
        for (by_token, by_cookie) in
            [(away(), None), (away(), Some(Ok(()))), (Ok(()), Some(away())), (refused(), Some(away()))]
        {
            assert!(matches!(ended(by_token, by_cookie), Err(Error::Unavailable(_))));
        }
    }

    #[test]
    fn a_challenge_is_no_login_it_has_neither_tokens_nor_a_cookie() {
        let response = challenged(Challenge { token: "sealed".into(), expires_in_s: 300 });
        assert_eq!(response.status, StatusCode::ACCEPTED);
        assert_eq!(response.headers["cache-control"], "no-store");
        assert!(!response.headers.contains_key("set-cookie"));
        let mindflow_guest::web::Body::Bytes(bytes) = response.body else { panic!("a body") };
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(body, serde_json::json!({"secondFactor": "TOTP", "challenge": "sealed", "expiresIn": 300}));
    }

    #[test]
    fn a_grant_keeps_the_refresh_token_out_of_the_body() {
        let user = User {
            id: "u".into(),
            email: "a@example.org".into(),
            display_name: "A".into(),
            roles: vec![Role::User],
            timezone: "UTC".into(),
            created_at: 0,
            email_confirmed: false,
            second_factor: false,
            ai_consent: None,
            deletion_due_at: None,
        };
        let grant = Grant {
            access_token: "jwt".into(),
            expires_in_s: 900,
            refresh_token: "secret".into(),
            refresh_expires_in_s: 604_800,
            user,
        };
        let response = granted(StatusCode::CREATED, grant);
        assert_eq!(response.headers["cache-control"], "no-store");
        let mindflow_guest::web::Body::Bytes(bytes) = response.body else { panic!("a body") };
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(body["expiresIn"], 900);
        assert_eq!(body["tokenType"], "Bearer");
        assert_eq!(body["user"]["displayName"], "A");
        assert_eq!(body["user"]["emailConfirmed"], false);
        assert!(!body.to_string().contains("secret"));
    }
}
