//! A session: what one login keeps in the key-value store until it is ended, left unused for seven
//! days, or as old as a session may be. Its refresh tokens are one family, of which the newest is good, and for
//! some seconds the one before it; what a presented token means for the session is decided here.

use crate::{
    account::Account,
    role::Roles,
    token::{FamilyKey, RefreshToken, SECRET_BYTES, SecretHash},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A refresh token's life, and so the session's since its last use.
pub const LIFETIME_S: u32 = 7 * 24 * 60 * 60;
const LIFETIME_US: i64 = LIFETIME_S as i64 * 1_000_000;
/// The same, as the store takes it.
pub const LIFETIME_MS: u64 = LIFETIME_S as u64 * 1_000;

/// How long the token before the newest is accepted after it was replaced. Long enough for the tabs of a browser that
/// wakes up, and for a client that asks again after a lost answer.
const OVERTAKEN_US: i64 = 10 * 1_000_000;

/// When a session is judged or renewed, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct SessionTime {
    /// Since 1970-01-01T00:00:00Z.
    pub now_us: i64,
    /// The age at which every session ends, however it is used (OWASP ASVS 5.0, 7.3.2).
    pub age_max_us: i64,
}

/// The value under `session:{id}`. Times in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub user_id: Uuid,
    pub email: String,
    /// As they are: a change of them removes the session from the key-value store, and the next look takes them from the
    /// database.
    pub roles: Roles,
    /// Like the roles. `None` in the key-value store where a host of an earlier release has put the session.
    #[serde(default)]
    pub timezone: Option<String>,
    /// Whether the address is confirmed. Like the time zone.
    #[serde(default)]
    pub email_confirmed: Option<bool>,
    pub created_at: i64,
    /// When its newest access token was given out.
    pub last_used_at: i64,
    pub user_agent: Option<String>,
    pub expires_at: i64,
    /// Of the newest refresh token.
    refresh_hash: SecretHash,
    /// The one that was the newest before it. None in a session that was not refreshed yet, or not by this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<Previous>,
    family_key: FamilyKey,
}

/// A refresh token that another took the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Previous {
    hash: SecretHash,
    /// Until then it is accepted once more.
    until: i64,
}

/// What a presented refresh token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// The family's newest, not used yet.
    Fresh,
    /// The one before the newest, a few seconds after it was replaced: two tabs refreshed at the same time, or an answer was lost on
    /// the way. It is as good as the newest.
    Overtaken,
    /// Issued by this platform and used before: a copy exists. The whole family ends.
    Reused,
    /// Never given out by this session. Means nothing for it.
    Unknown,
    /// The session's time is over.
    Expired,
}

/// The random parts of a new session.
#[derive(Debug, Clone)]
pub struct Secrets {
    pub family_key: [u8; 32],
    pub first: [u8; SECRET_BYTES],
}

impl Session {
    /// A new session of the account, with its first refresh token.
    pub fn begin(
        id: Uuid,
        account: &Account,
        user_agent: Option<String>,
        secrets: Secrets,
        time: SessionTime,
    ) -> (Self, RefreshToken) {
        let SessionTime { now_us, .. } = time;
        let family_key = FamilyKey(secrets.family_key);
        let token = RefreshToken::new(id, &family_key, secrets.first);
        let session = Self {
            user_id: account.id,
            email: account.email.clone(),
            roles: account.roles.clone(),
            timezone: Some(account.timezone.clone()),
            email_confirmed: Some(account.email_confirmed),
            created_at: now_us,
            last_used_at: now_us,
            user_agent,
            expires_at: time.end_of(now_us),
            refresh_hash: token.hash(),
            previous: None,
            family_key,
        };
        (session, token)
    }

    /// Distinguishes one refresh from the next, without revealing a token.
    pub fn refresh_hash(&self) -> String {
        self.refresh_hash.to_string()
    }

    /// Whether it has all that this release keeps of an account.
    pub fn is_whole(&self) -> bool {
        self.timezone.is_some() && self.email_confirmed.is_some()
    }

    /// How long it lasts if it is left unused.
    pub fn seconds_left(&self, now_us: i64) -> u32 {
        u32::try_from(self.expires_at.saturating_sub(now_us).div_euclid(1_000_000)).unwrap_or(0)
    }

    /// The same, as the store takes it.
    pub fn ms_left(&self, now_us: i64) -> u64 {
        u64::try_from(self.expires_at.saturating_sub(now_us).div_euclid(1_000)).unwrap_or(0).max(1)
    }

    /// Decides what the token, presented now, means.
    pub fn judge(&self, token: &RefreshToken, time: SessionTime) -> TokenState {
        if !token.was_issued_by(&self.family_key) {
            TokenState::Unknown
        } else if time.now_us >= self.expires_at.min(time.last_of(self.created_at)) {
            TokenState::Expired
        } else if token.hash() == self.refresh_hash {
            TokenState::Fresh
        } else if self.previous.as_ref().is_some_and(|previous| previous.accepts(token, time.now_us)) {
            TokenState::Overtaken
        } else {
            TokenState::Reused
        }
    }

    /// The session after its newest token was used, or the one before in its time, with the token that is the newest from now on. The
    /// one that was so far becomes the one before.
    pub fn rotate(
        &self,
        id: Uuid,
        account: &Account,
        user_agent: Option<String>,
        secret: [u8; SECRET_BYTES],
        time: SessionTime,
    ) -> (Self, RefreshToken) {
        let token = RefreshToken::new(id, &self.family_key, secret);
        let session = Self {
            email: account.email.clone(),
            roles: account.roles.clone(),
            timezone: Some(account.timezone.clone()),
            email_confirmed: Some(account.email_confirmed),
            last_used_at: time.now_us,
            user_agent: user_agent.or_else(|| self.user_agent.clone()),
            expires_at: time.end_of(self.created_at),
            refresh_hash: token.hash(),
            previous: Some(Previous {
                hash: self.refresh_hash.clone(),
                until: time.now_us.saturating_add(OVERTAKEN_US),
            }),
            ..self.clone()
        };
        (session, token)
    }
}

impl Previous {
    fn accepts(&self, token: &RefreshToken, now_us: i64) -> bool {
        token.hash() == self.hash && now_us < self.until
    }
}

impl SessionTime {
    /// When a session of that beginning ends if it is used now and never again.
    fn end_of(self, created_at_us: i64) -> i64 {
        self.now_us.saturating_add(LIFETIME_US).min(self.last_of(created_at_us))
    }

    /// When a session of that beginning ends at the latest.
    fn last_of(self, created_at_us: i64) -> i64 {
        created_at_us.saturating_add(self.age_max_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;
    use proptest::prelude::*;

    const ID: Uuid = Uuid::from_u128(7);
    const AGE_MAX_US: i64 = 90 * 24 * 60 * 60 * 1_000_000;

    fn at(now_us: i64) -> SessionTime {
        SessionTime { now_us, age_max_us: AGE_MAX_US }
    }

    fn account() -> Account {
        Account {
            id: Uuid::from_u128(1),
            email: "ann@example.org".into(),
            display_name: "Ann".into(),
            roles: Roles::from([Role::User]),
            timezone: "UTC".into(),
            created_at_us: 0,
            email_confirmed: true,
            second_factor: false,
            ai_consent: None,
            deletion_due_at_us: None,
        }
    }

    fn begun(now_us: i64) -> (Session, RefreshToken) {
        Session::begin(ID, &account(), Some("curl".into()), Secrets { family_key: [1; 32], first: [0; 32] }, at(now_us))
    }

    #[test]
    fn the_first_token_is_fresh_once() {
        let (session, first) = begun(0);
        assert_eq!(session.judge(&first, at(1)), TokenState::Fresh);
        let (rotated, second) = session.rotate(ID, &account(), None, [2; 32], at(1));
        assert_eq!(rotated.judge(&first, at(1 + OVERTAKEN_US)), TokenState::Reused);
        assert_eq!(rotated.judge(&second, at(2)), TokenState::Fresh);
    }

    #[test]
    fn the_token_before_the_newest_is_accepted_for_ten_seconds_after_it_was_replaced() {
        let (session, first) = begun(0);
        let (won, second) = session.rotate(ID, &account(), None, [2; 32], at(1));
        assert_eq!(won.judge(&first, at(OVERTAKEN_US)), TokenState::Overtaken);
        // The other tab refreshes as well: what the first one got is the one before now, and theirs is older.
        let (both, third) = won.rotate(ID, &account(), None, [3; 32], at(OVERTAKEN_US));
        for (token, verdict) in
            [(&third, TokenState::Fresh), (&second, TokenState::Overtaken), (&first, TokenState::Reused)]
        {
            assert_eq!(both.judge(token, at(OVERTAKEN_US)), verdict);
        }
        assert_eq!(both.judge(&second, at(2 * OVERTAKEN_US)), TokenState::Reused);
    }

    #[test]
    fn a_session_of_an_earlier_version_has_no_token_before_the_newest() {
        let (session, _) = begun(3);
        let stored = serde_json::to_value(&session).unwrap();
        assert_eq!(stored.get("previous"), None);
        assert_eq!(serde_json::from_value::<Session>(stored).unwrap(), session);
    }

    #[test]
    fn a_made_up_token_means_nothing_for_the_session() {
        let (session, _) = begun(0);
        let forged = RefreshToken::new(ID, &FamilyKey([2; 32]), [9; 32]);
        assert_eq!(session.judge(&forged, at(1)), TokenState::Unknown);
    }

    #[test]
    fn a_session_left_unused_for_seven_days_is_over() {
        let (session, first) = begun(0);
        assert_eq!(session.judge(&first, at(LIFETIME_US - 1)), TokenState::Fresh);
        assert_eq!(session.judge(&first, at(LIFETIME_US)), TokenState::Expired);
    }

    #[test]
    fn a_session_that_is_always_used_ends_at_its_greatest_age() {
        let (mut session, mut token) = begun(0);
        let mut now_us = 0;
        while now_us < AGE_MAX_US {
            assert_eq!(session.judge(&token, at(now_us)), TokenState::Fresh);
            (session, token) = session.rotate(ID, &account(), None, [2; 32], at(now_us));
            assert!(session.expires_at <= AGE_MAX_US);
            now_us += LIFETIME_US / 2;
        }
        assert_eq!((session.expires_at, session.seconds_left(AGE_MAX_US - 2_500_000)), (AGE_MAX_US, 2));
        assert_eq!((session.seconds_left(AGE_MAX_US + 1), session.ms_left(AGE_MAX_US + 1)), (0, 1));
        assert_eq!(session.judge(&token, at(AGE_MAX_US - 1)), TokenState::Fresh);
        assert_eq!(session.judge(&token, at(AGE_MAX_US)), TokenState::Expired);
    }

    #[test]
    fn a_lower_age_holds_for_sessions_that_began_before_it_was_set() {
        let (session, first) = begun(0);
        let lower = |now_us| SessionTime { now_us, age_max_us: 60 };
        assert_eq!(session.judge(&first, lower(59)), TokenState::Fresh);
        assert_eq!(session.judge(&first, lower(60)), TokenState::Expired);
    }

    #[test]
    fn each_use_gives_the_session_seven_more_days() {
        let (session, _) = begun(0);
        let (rotated, _) = session.rotate(ID, &account(), None, [2; 32], at(5));
        assert_eq!(rotated.expires_at, 5 + LIFETIME_US);
        assert_eq!((rotated.created_at, rotated.last_used_at), (0, 5));
    }

    #[test]
    fn a_refresh_takes_todays_roles_and_keeps_the_user_agent_when_none_is_sent() {
        let (session, _) = begun(0);
        let promoted = Account { roles: Roles::from([Role::User, Role::Admin]), ..account() };
        let (rotated, _) = session.rotate(ID, &promoted, None, [2; 32], at(5));
        assert_eq!(rotated.roles, promoted.roles);
        assert_eq!(rotated.user_agent.as_deref(), Some("curl"));
        let (moved, _) = session.rotate(ID, &promoted, Some("firefox".into()), [2; 32], at(5));
        assert_eq!(moved.user_agent.as_deref(), Some("firefox"));
    }

    #[test]
    fn a_session_reads_back_as_it_was_stored() {
        let (session, _) = begun(3);
        let stored = serde_json::to_vec(&session).unwrap();
        assert_eq!(serde_json::from_slice::<Session>(&stored).unwrap(), session);
    }

    #[test]
    fn a_session_of_an_earlier_release_is_read_and_is_not_whole() {
        let (session, _) = begun(3);
        let mut stored = serde_json::to_value(&session).unwrap();
        for member in ["timezone", "emailConfirmed"] {
            stored.as_object_mut().unwrap().remove(member);
        }
        let read: Session = serde_json::from_value(stored).unwrap();
        assert_eq!(read, Session { timezone: None, email_confirmed: None, ..session.clone() });
        assert!(session.is_whole() && !read.is_whole());
    }

    #[test]
    fn a_stored_session_has_the_documented_fields() {
        let (session, _) = begun(3);
        let stored = serde_json::to_value(&session).unwrap();
        let names: Vec<&str> = stored.as_object().unwrap().keys().map(String::as_str).collect();
        for name in [
            "userId",
            "email",
            "roles",
            "timezone",
            "emailConfirmed",
            "createdAt",
            "lastUsedAt",
            "userAgent",
            "expiresAt",
            "refreshHash",
            "familyKey",
        ] {
            assert!(names.contains(&name), "{name} is not in {names:?}");
        }
    }

    proptest! {
        #[test]
        fn after_any_number_of_rotations_only_the_newest_two_tokens_are_good_and_all_older_ones_are_reused(
            secrets in proptest::collection::hash_set(any::<[u8; 32]>(), 1..20)
        ) {
            let (mut session, first) = begun(0);
            let mut tokens = vec![first];
            for secret in secrets {
                let (rotated, token) = session.rotate(ID, &account(), None, secret, at(1));
                session = rotated;
                tokens.push(token);
            }
            let newest = tokens.pop().unwrap();
            prop_assert_eq!(session.judge(&newest, at(2)), TokenState::Fresh);
            let before = tokens.pop().unwrap();
            prop_assert_eq!(session.judge(&before, at(2)), TokenState::Overtaken);
            prop_assert_eq!(session.judge(&before, at(1 + OVERTAKEN_US)), TokenState::Reused);
            for used in tokens {
                prop_assert_eq!(session.judge(&used, at(2)), TokenState::Reused);
            }
        }
    }
}
