//! What an access token says: who, with which roles, in which session, for how long.

use crate::{account::Account, role::Roles};
use mindflow_guest::caller::Caller;
use serde::Serialize;
use uuid::Uuid;

/// Who gives out the platform's access tokens.
const ISSUER: &str = "mindflow-auth";
/// Whom they are for.
const AUDIENCE: &str = "mindflow";

/// The claims of an access token (RFC 7519), times in seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Serialize)]
pub struct Claims<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: Uuid,
    email: &'a str,
    roles: &'a Roles,
    iat: i64,
    exp: i64,
    jti: Uuid,
    sid: Uuid,
    /// The user's time zone, an IANA name, as OpenID Connect calls it.
    zoneinfo: &'a str,
}

impl<'a> Claims<'a> {
    /// `jti`: this token's own id.
    pub fn new(account: &'a Account, session_id: Uuid, jti: Uuid, now_us: i64, lifetime_s: u32) -> Self {
        let iat = now_us.div_euclid(1_000_000);
        let time = [iat, iat.saturating_add(i64::from(lifetime_s))];
        Self::of(account.id, &account.email, &account.roles, &account.timezone, time, session_id, jti)
    }

    /// Those of a proven token with the current address, roles and time zone, in the same session and for the same time.
    pub fn renewed(
        caller: &'a Caller,
        (email, roles, timezone): (&'a str, &'a Roles, &'a str),
        session_id: Uuid,
        jti: Uuid,
    ) -> Self {
        Self::of(caller.user_id, email, roles, timezone, [caller.iat, caller.exp], session_id, jti)
    }

    fn of(
        sub: Uuid,
        email: &'a str,
        roles: &'a Roles,
        zoneinfo: &'a str,
        [iat, exp]: [i64; 2],
        sid: Uuid,
        jti: Uuid,
    ) -> Self {
        Self { iss: ISSUER, aud: AUDIENCE, sub, email, roles, iat, exp, jti, sid, zoneinfo }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;

    #[test]
    fn an_access_token_has_its_claims_and_ends_after_its_lifetime() {
        let account = Account {
            id: Uuid::from_u128(1),
            email: "ann@example.org".into(),
            display_name: "Ann".into(),
            roles: Roles::from([Role::User, Role::Premium]),
            timezone: "Europe/Berlin".into(),
            created_at_us: 0,
            email_confirmed: true,
            second_factor: false,
            ai_consent: None,
            deletion_due_at_us: None,
        };
        let claims = Claims::new(&account, Uuid::from_u128(2), Uuid::from_u128(3), 1_700_000_000_999_999, 900);
        assert_eq!(
            serde_json::to_value(claims).unwrap(),
            serde_json::json!({
                "iss": "mindflow-auth",
                "aud": "mindflow",
                "sub": "00000000-0000-0000-0000-000000000001",
                "email": "ann@example.org",
                "roles": ["user", "premium"],
                "iat": 1_700_000_000,
                "exp": 1_700_000_900,
                "jti": "00000000-0000-0000-0000-000000000003",
                "sid": "00000000-0000-0000-0000-000000000002",
                "zoneinfo": "Europe/Berlin",
            })
        );
    }

    #[test]
    fn a_token_with_other_roles_is_for_the_same_user_session_and_time() {
        let text = r#"{"sub":"00000000-0000-0000-0000-000000000001","email":"ann@example.org","roles":["user","admin"],
            "sid":"00000000-0000-0000-0000-000000000002","iat":1700000000,"exp":1700000900}"#;
        let (caller, roles): (Caller, _) = (serde_json::from_str(text).unwrap(), Roles::from([Role::User]));
        let claims =
            Claims::renewed(&caller, ("bea@example.org", &roles, "Asia/Tokyo"), Uuid::from_u128(2), Uuid::from_u128(4));
        assert_eq!(
            serde_json::to_value(claims).unwrap(),
            serde_json::json!({
                "iss": "mindflow-auth",
                "aud": "mindflow",
                "sub": "00000000-0000-0000-0000-000000000001",
                "email": "bea@example.org",
                "roles": ["user"],
                "iat": 1_700_000_000,
                "exp": 1_700_000_900,
                "jti": "00000000-0000-0000-0000-000000000004",
                "sid": "00000000-0000-0000-0000-000000000002",
                "zoneinfo": "Asia/Tokyo",
            })
        );
    }
}
