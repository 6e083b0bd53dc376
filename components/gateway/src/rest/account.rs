//! `/auth/*` and the public keys: passwords and tokens pass through here, and are kept nowhere.

use crate::failure::{Failure, Kind};
use crate::services::accounts::{self, Grant, LoginAttempt, Registration, Role, Session, User};
use crate::viewer::Viewer;
use crate::web::body::{self, Fields};
use crate::web::{Request, Response, cookie, problem};
use http::StatusCode;
use mindflow_guest::{clock, jwt_verifier};
use serde::Serialize;

/// A rotated key is announced well before it signs; verifiers may keep the set for five minutes.
const JWKS_CACHE: &str = "public, max-age=300";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GrantJson {
    access_token: String,
    token_type: &'static str,
    expires_in: u32,
    user: UserJson,
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
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionJson {
    id: String,
    created_at: String,
    last_used_at: String,
    user_agent: Option<String>,
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
        }
    }
}

impl From<Session> for SessionJson {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            created_at: clock::rfc3339(session.created_at),
            last_used_at: clock::rfc3339(session.last_used_at),
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
        user_agent: cookie::user_agent(request.headers()),
    };
    fields.finish()?;
    let grant = accounts::register(viewer.context(), registration).await?;
    Ok(granted(StatusCode::CREATED, grant))
}

pub async fn login(request: &Request, viewer: &Viewer) -> Result<Response, Failure> {
    let mut fields = Fields::new(body::object(request)?);
    let attempt = LoginAttempt {
        email: fields.text("email"),
        password: fields.text("password"),
        user_agent: cookie::user_agent(request.headers()),
    };
    fields.finish()?;
    Ok(granted(StatusCode::OK, accounts::login(viewer.context(), attempt).await?))
}

/// The refresh token comes in its cookie alone. One that is refused is taken from the client.
pub async fn refresh(request: &Request, viewer: &Viewer) -> Response {
    let answer = match cookie::refresh_token(request.headers()) {
        Some(token) => accounts::refresh(viewer.context(), token, cookie::user_agent(request.headers()))
            .await
            .map_err(Failure::from),
        None => Err(Failure::new(Kind::Unauthenticated, "There is no refresh cookie: log in.")),
    };
    match answer {
        Ok(grant) => granted(StatusCode::OK, grant),
        Err(failure) => forgetting_when_refused(&failure, viewer),
    }
}

/// An error's answer, which clears the cookie when the session is over (not when a part of us is away).
fn forgetting_when_refused(failure: &Failure, viewer: &Viewer) -> Response {
    let response = problem::respond(failure, viewer.correlation_id());
    if failure.kind == Kind::Unauthenticated {
        return response.header("set-cookie", cookie::clear_refresh());
    }
    response
}

pub async fn logout(viewer: &Viewer) -> Response {
    let ended = async { accounts::logout(viewer.proven().await?).await };
    match ended.await {
        Ok(()) => private(Response::new(StatusCode::NO_CONTENT)).header("set-cookie", cookie::clear_refresh()),
        Err(error) => forgetting_when_refused(&error.into(), viewer),
    }
}

pub async fn sessions(viewer: &Viewer) -> Result<Response, Failure> {
    let sessions = accounts::sessions(viewer.proven().await?).await?;
    let sessions: Vec<SessionJson> = sessions.into_iter().map(Into::into).collect();
    Ok(private(Response::json(StatusCode::OK, &sessions)))
}

pub async fn revoke_session(viewer: &Viewer, id: String) -> Result<Response, Failure> {
    let context = viewer.proven().await?;
    accounts::revoke_session(context, id).await?;
    Ok(private(Response::new(StatusCode::NO_CONTENT)))
}

pub async fn jwks() -> Result<Response, Failure> {
    let keys = jwt_verifier::jwks()
        .await
        .map_err(|reason| mindflow_guest::call::Error::Unavailable(format!("signing keys: {reason}")))?;
    Ok(Response::text(StatusCode::OK, "application/json", keys).header("cache-control", JWKS_CACHE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::call::Error;

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
    fn a_grant_keeps_the_refresh_token_out_of_the_body() {
        let user = User {
            id: "u".into(),
            email: "a@example.org".into(),
            display_name: "A".into(),
            roles: vec![Role::User],
            timezone: "UTC".into(),
            created_at: 0,
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
        assert!(!body.to_string().contains("secret"));
    }
}
