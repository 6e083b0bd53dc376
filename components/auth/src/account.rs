//! An account as the rest of the platform sees it: without its password's hash. The events that tell
//! of it carry the whole of it, so that a consumer needs no earlier event to show it.

use crate::role::Roles;
use mindflow_guest::clock;
use serde::Serialize;
use uuid::Uuid;

/// Times of day are shown in this zone until the user says otherwise.
pub const TIMEZONE_DEFAULT: &str = "UTC";

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: Uuid,
    /// As the user wrote it, without blanks around.
    pub email: String,
    pub display_name: String,
    pub roles: Roles,
    /// IANA name.
    pub timezone: String,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub created_at_us: i64,
}

/// Payload of `UserRegistered` and `UserUpdated`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile<'a> {
    user_id: Uuid,
    email: &'a str,
    display_name: &'a str,
    roles: &'a Roles,
    timezone: &'a str,
    created_at: String,
}

/// Payload of `UserLoggedIn`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedIn<'a> {
    pub user_id: Uuid,
    pub session_id: Uuid,
    pub user_agent: Option<&'a str>,
    /// RFC 3339.
    pub at: String,
}

impl Account {
    pub fn profile(&self) -> Profile<'_> {
        Profile {
            user_id: self.id,
            email: &self.email,
            display_name: &self.display_name,
            roles: &self.roles,
            timezone: &self.timezone,
            created_at: clock::rfc3339(self.created_at_us),
        }
    }

    /// The aggregate that its events belong to.
    pub fn partition_key(&self) -> String {
        format!("user:{}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;

    #[test]
    fn the_payload_of_a_profile_has_the_platforms_shape() {
        let account = Account {
            id: Uuid::from_u128(7),
            email: "Ann@example.org".into(),
            display_name: "Ann".into(),
            roles: Roles::from([Role::Admin, Role::User]),
            timezone: "Europe/Berlin".into(),
            created_at_us: 1_761_424_200_000_001,
        };
        assert_eq!(
            serde_json::to_value(account.profile()).unwrap(),
            serde_json::json!({
                "userId": "00000000-0000-0000-0000-000000000007",
                "email": "Ann@example.org",
                "displayName": "Ann",
                "roles": ["user", "admin"],
                "timezone": "Europe/Berlin",
                "createdAt": "2025-10-25T20:30:00.000001Z",
            })
        );
        assert_eq!(account.partition_key(), "user:00000000-0000-0000-0000-000000000007");
    }

    #[test]
    fn the_payload_of_a_login_has_the_platforms_shape() {
        let login = LoggedIn {
            user_id: Uuid::from_u128(7),
            session_id: Uuid::from_u128(8),
            user_agent: None,
            at: clock::rfc3339(0),
        };
        assert_eq!(
            serde_json::to_value(login).unwrap(),
            serde_json::json!({
                "userId": "00000000-0000-0000-0000-000000000007",
                "sessionId": "00000000-0000-0000-0000-000000000008",
                "userAgent": null,
                "at": "1970-01-01T00:00:00.000000Z",
            })
        );
    }
}
