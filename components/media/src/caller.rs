//! Who asks: a valid token of a session that was not revoked, which the auth service proves.

use crate::bindings::accounts;
use http::HeaderMap;
use mindflow_guest::call::{CallContext, Credential, Error};
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

fn refused(reason: &str) -> Error {
    Error::Unauthenticated(reason.to_owned())
}
