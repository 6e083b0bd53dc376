//! Who asks: a valid token of a session that was not revoked, which the auth service proves; to read, a link does too.

use crate::bindings::accounts;
use crate::link::Link;
use crate::store;
use http::{HeaderMap, request::Parts};
use mindflow_guest::call::{CallContext, Credential, Error};
use mindflow_guest::clock;
use mindflow_guest::sql::Identity;
use mindflow_guest::web::{Presented, correlation};
use uuid::Uuid;

/// What the codec may take for the largest image, and more.
const CALL_DEADLINE_MS: u32 = 60_000;

pub struct Caller {
    pub user_id: Uuid,
    token: String,
    /// For calls in the caller's name.
    pub context: CallContext,
}

impl Caller {
    /// # Errors
    /// `unauthenticated`, or the auth service is away.
    pub async fn prove(headers: &HeaderMap, correlation_id: &str) -> Result<Self, Error> {
        let token = match Presented::of(headers) {
            Presented::Token(token) => token,
            Presented::Nothing => return Err(refused("Log in first: this needs an access token.")),
            Presented::Malformed => return Err(refused("The `Authorization` must be `Bearer` and an access token.")),
        };
        let context = CallContext {
            credential: Credential::Token(token.clone()),
            correlation_id: correlation_id.to_owned(),
            traceparent: correlation::traceparent(headers).map(str::to_owned),
            deadline_ms: Some(CALL_DEADLINE_MS),
        };
        let proven = accounts::authenticate(context.clone()).await?;
        let user_id = proven.user_id.parse().map_err(|_| Error::Internal("a user's id is no UUID".to_owned()))?;
        Ok(Self { user_id, token, context })
    }

    /// For `sql`: this caller's rows.
    pub fn identity(&self) -> Identity {
        Identity::Caller(self.token.clone())
    }
}

/// Who may read one file.
pub enum Reader {
    Caller(Caller),
    /// Whoever has a link to it, for so long.
    Link {
        left_s: i64,
    },
}

impl Reader {
    /// # Errors
    /// `unauthenticated`, `forbidden` for a link that opens nothing, or a part of the platform is away.
    pub async fn prove(head: &Parts, id: Uuid, correlation_id: &str) -> Result<Self, Error> {
        if let Some(link) = head.uri.query().and_then(Link::of) {
            let now_us = clock::now_us();
            if link.opens(store::url_key().await?, id, now_us) {
                return Ok(Self::Link { left_s: link.expires_s - now_us.div_euclid(1_000_000) });
            }
            if Presented::of(&head.headers) == Presented::Nothing {
                return Err(Error::Forbidden(
                    "This link is over, or never was one: ask for the file's address again.".into(),
                ));
            }
        }
        Ok(Self::Caller(Caller::prove(&head.headers, correlation_id).await?))
    }

    /// For `sql`: a link is for one file, whoever's it is.
    pub fn identity(&self) -> Identity {
        match self {
            Self::Caller(caller) => caller.identity(),
            Self::Link { .. } => Identity::Service,
        }
    }

    pub fn user_id(&self) -> Option<Uuid> {
        match self {
            Self::Caller(caller) => Some(caller.user_id),
            Self::Link { .. } => None,
        }
    }
}

fn refused(reason: &str) -> Error {
    Error::Unauthenticated(reason.to_owned())
}
