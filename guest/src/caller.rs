//! The caller of a service, proven by the access token of the call.

use crate::bindings::platform::mindflow::platform::{
    call::{CallContext, Credential, Error},
    jwt_verifier, sql,
};
use serde::Deserialize;
use uuid::Uuid;

/// The zone of a user who has said none.
const UTC: &str = "UTC";

/// The claims of a verified access token.
#[derive(Debug, Clone, Deserialize)]
pub struct Caller {
    #[serde(rename = "sub")]
    pub user_id: Uuid,
    pub email: String,
    pub roles: Vec<String>,
    #[serde(rename = "sid")]
    pub session_id: String,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub exp: i64,
    /// When the token was signed, in the same unit.
    pub iat: i64,
    /// IANA name of the user's time zone, under OpenID Connect's name for it. Tokens of earlier releases have none.
    #[serde(default)]
    zoneinfo: Option<String>,
    #[serde(skip)]
    token: String,
}

impl Caller {
    /// Verifies the context's token. Does not ask whether its session was revoked: the auth service does.
    pub async fn prove(context: &CallContext) -> Result<Self, Error> {
        let Credential::Token(token) = &context.credential else {
            return Err(Error::Unauthenticated("Log in first: this needs an access token.".into()));
        };
        let claims = jwt_verifier::verify(token.clone()).await?;
        let mut caller: Self = serde_json::from_str(&claims)
            .map_err(|_| Error::Unauthenticated("The access token lacks a claim of this platform.".into()))?;
        caller.token.clone_from(token);
        Ok(caller)
    }

    /// The IANA name of the user's time zone.
    pub fn zone_name(&self) -> &str {
        self.zoneinfo.as_deref().unwrap_or(UTC)
    }

    /// The user's days begin and end in this zone.
    #[cfg(feature = "time-zones")]
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        crate::clock::time_zone(self.zone_name())
    }

    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }

    /// For `sql`: this caller's rows.
    pub fn identity(&self) -> sql::Identity {
        sql::Identity::Caller(self.token.clone())
    }
}
