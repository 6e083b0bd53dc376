//! Authentication of requests: by an access token, which the auth service verifies, or for reading by a signed link.

use crate::link::Link;
use crate::link_key;
use crate::services::accounts;
use http::{HeaderMap, request::Parts};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::sql::Identity;
use mindflow_guest::web::{Presented, correlation};
use mindflow_guest::{clock, id};
use uuid::Uuid;

pub struct Caller {
    pub user_id: Uuid,
    token: String,
    /// For calls in the caller's name.
    pub context: CallContext,
}

impl Caller {
    /// # Errors
    /// `unauthenticated`, or the auth service is unavailable.
    pub async fn prove(headers: &HeaderMap, correlation_id: &str) -> Result<Self, Error> {
        let presented = Presented::of(headers);
        let token = match &presented {
            Presented::Token(token) => token.clone(),
            refused => return Err(Error::Unauthenticated(refused.refusal().unwrap_or_default().to_owned())),
        };
        let traceparent = correlation::traceparent(headers).map(str::to_owned);
        let context = presented.into_context(correlation_id.to_owned(), traceparent);
        let proven = accounts::authenticate(context.clone()).await?;
        let user_id =
            id::parse(&proven.user_id).ok_or_else(|| Error::Internal("a user's id is not a UUID".to_owned()))?;
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
    /// The holder of a signed link, for so long.
    Link {
        left_s: i64,
    },
}

impl Reader {
    /// # Errors
    /// `unauthenticated`, `forbidden` for an invalid link, or a part of the platform is unavailable.
    pub async fn prove(head: &Parts, id: Uuid, correlation_id: &str) -> Result<Self, Error> {
        if let Some(link) = head.uri.query().and_then(Link::of) {
            let now_us = clock::now_us();
            if link.opens(link_key::load().await?, id, now_us) {
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

    /// For `sql`: a link is for one file of any user.
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
