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
    /// `None` until the user says it.
    pub ai_consent: Option<Consent>,
    /// When the account goes; `None` while its user has not asked for that.
    pub deletion_due_at_us: Option<i64>,
}

/// Whether services outside of the platform may read what the user writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    pub given: bool,
    /// When the user last said so.
    pub at_us: i64,
}

impl Consent {
    /// What holds after the user has said `given`: the same said again is nothing new.
    pub fn said(former: Option<Self>, given: bool, now_us: i64) -> Option<Self> {
        former.filter(|former| former.given == given).or(Some(Self { given, at_us: now_us }))
    }
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
            ai_consent: self.ai_consent.map(|consent| consent.given),
            ai_consent_at: self.ai_consent.map(|consent| Time(consent.at_us)),
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
            ai_consent: Some(Consent { given: true, at_us: 1_000_000 }),
            deletion_due_at_us: Some(1),
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
                "aiConsent": true,
                "aiConsentAt": "1970-01-01T00:00:01.000000Z",
            })
        );
    }

    #[test]
    fn a_consent_keeps_its_time_while_the_same_is_said() {
        let given = Consent::said(None, true, 1);
        assert_eq!(given, Some(Consent { given: true, at_us: 1 }));
        assert_eq!(Consent::said(given, true, 2), given);
        assert_eq!(Consent::said(given, false, 3), Some(Consent { given: false, at_us: 3 }));
    }
}
