//! An account as the rest of the platform sees it: without its password's hash.

use crate::role::Roles;
use mindflow_events::{self as events, Time};
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
    /// Whether the address is known to be the user's.
    pub email_confirmed: bool,
    /// Whether a login asks for a code as well.
    pub second_factor: bool,
}

impl Account {
    /// As events carry it.
    pub fn in_events(&self) -> events::Account {
        events::Account {
            user_id: self.id,
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            roles: self.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            timezone: self.timezone.clone(),
            created_at: Time(self.created_at_us),
            email_confirmed: Some(self.email_confirmed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;

    #[test]
    fn the_payload_of_an_account_has_the_platforms_shape() {
        let account = Account {
            id: Uuid::from_u128(7),
            email: "Ann@example.org".into(),
            display_name: "Ann".into(),
            roles: Roles::from([Role::Admin, Role::User]),
            timezone: "Europe/Berlin".into(),
            created_at_us: 1_761_424_200_000_001,
            email_confirmed: true,
            second_factor: false,
        };
        assert_eq!(
            serde_json::to_value(account.in_events()).unwrap(),
            serde_json::json!({
                "userId": "00000000-0000-0000-0000-000000000007",
                "email": "Ann@example.org",
                "displayName": "Ann",
                "roles": ["user", "admin"],
                "timezone": "Europe/Berlin",
                "createdAt": "2025-10-25T20:30:00.000001Z",
                "emailConfirmed": true,
            })
        );
    }
}
