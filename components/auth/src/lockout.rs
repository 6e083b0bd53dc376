//! Five failed logins for one account lock it for fifteen minutes, against the right password too. Of a session, so do five wrong passwords where
//! one is asked for again; they lock nothing but that session's way to what is asked for.
//!
//! Failures are counted for each e-mail address that was tried, whether it has an account or not, so that a lockout does
//! not reveal whether there is one. The count rises only after a comparison, and a right password is accepted only when
//! the account is still unlocked after it; so at most five of any number of concurrent guesses get the result of their
//! comparison.

use crate::validation::EmailKey;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Failed logins within the window that lock an account.
const FAILURES_MAX: i64 = 5;
/// How long failures are remembered from the first one on, and how long a lock lasts.
pub const WINDOW_S: u32 = 15 * 60;
/// The same, as the store takes it.
pub const WINDOW_MS: u64 = WINDOW_S as u64 * 1_000;
const WINDOW_US: i64 = WINDOW_S as i64 * 1_000_000;

/// What a session's failures begin with: a byte that no text has, so that no address stands for a session.
const SESSION: &[u8] = &[0xff];

/// The two keys of one e-mail address, or of a session. Hashed: the store need not know who tries to log in, and any text has a key of bounded
/// length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// As the database knows a lock of it.
    pub digest: String,
    /// A counter.
    pub failures: String,
    /// Present while the account is locked; its value is when that ends.
    pub lock: String,
}

impl Keys {
    pub fn of(email: &EmailKey) -> Self {
        Self::of_digest(hex::encode(Sha256::digest(email.as_str())))
    }

    pub fn of_session(id: Uuid) -> Self {
        Self::of_digest(hex::encode(Sha256::new().chain_update(SESSION).chain_update(id.as_bytes()).finalize()))
    }

    fn of_digest(digest: String) -> Self {
        Self { failures: format!("login-failures:{digest}"), lock: format!("login-lock:{digest}"), digest }
    }
}

/// Whether logins to an account are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockoutState {
    Open {
        /// Failures that a success forgets.
        failures: u32,
    },
    Locked {
        retry_after_s: u32,
    },
    /// Failed too often, and the lock is not in the store yet, because the last counter was interrupted: lock it now.
    LockDue,
}

/// What the store says of an account: the values of its two keys.
pub fn state(failures: Option<&[u8]>, lock: Option<&[u8]>, now_us: i64) -> LockoutState {
    if let Some(lock) = lock {
        return LockoutState::Locked { retry_after_s: seconds_left(lock, now_us) };
    }
    match failures.map(|value| parse(value).unwrap_or(FAILURES_MAX)) {
        Some(count) if count >= FAILURES_MAX => LockoutState::LockDue,
        Some(count) => LockoutState::Open { failures: u32::try_from(count).unwrap_or_default() },
        None => LockoutState::Open { failures: 0 },
    }
}

/// What follows from a failed login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Say that it failed.
    Refuse,
    /// Say that it failed, and lock the account.
    RefuseAndLock,
    /// Others failed meanwhile and the account is locked: say that, and nothing of the password.
    Locked,
}

/// `count`: the failures with this one.
pub fn after_failure(count: i64) -> AfterFailure {
    match count {
        count if count < FAILURES_MAX => AfterFailure::Refuse,
        FAILURES_MAX => AfterFailure::RefuseAndLock,
        _ => AfterFailure::Locked,
    }
}

/// When a lock that begins now ends.
pub fn lock_until(now_us: i64) -> i64 {
    now_us.saturating_add(WINDOW_US)
}

/// The value of a lock that ends then.
pub fn lock_value(until_us: i64) -> Vec<u8> {
    until_us.to_string().into_bytes()
}

/// Seconds until a lock of this value ends; at least one, as the lock is still there.
pub fn seconds_left(lock: &[u8], now_us: i64) -> u32 {
    let left_us = parse(lock).map_or(WINDOW_US, |until_us| until_us.saturating_sub(now_us)).clamp(1, WINDOW_US);
    u32::try_from(left_us.div_euclid(1_000_000) + i64::from(left_us.rem_euclid(1_000_000) > 0)).unwrap_or(WINDOW_S)
}

fn parse(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE_US: i64 = 60_000_000;

    #[test]
    fn an_account_without_failures_is_open() {
        assert_eq!(state(None, None, 0), LockoutState::Open { failures: 0 });
    }

    #[test]
    fn four_failures_leave_an_account_open() {
        assert_eq!(state(Some(b"4"), None, 0), LockoutState::Open { failures: 4 });
        assert_eq!(after_failure(4), AfterFailure::Refuse);
    }

    #[test]
    fn the_fifth_failure_is_reported_as_one_and_locks_the_account() {
        assert_eq!(after_failure(5), AfterFailure::RefuseAndLock);
        assert_eq!(
            state(Some(b"5"), Some(&lock_value(lock_until(0))), MINUTE_US),
            LockoutState::Locked { retry_after_s: 14 * 60 }
        );
    }

    #[test]
    fn a_failure_after_the_fifth_tells_nothing_of_the_password() {
        assert_eq!(after_failure(6), AfterFailure::Locked);
    }

    #[test]
    fn a_lock_lasts_fifteen_minutes_from_the_fifth_failure() {
        assert_eq!(seconds_left(&lock_value(lock_until(7)), 7), 900);
        assert_eq!(seconds_left(&lock_value(lock_until(0)), 899_000_001), 1);
    }

    #[test]
    fn a_lock_outlives_the_count_that_led_to_it() {
        assert_eq!(
            state(None, Some(&lock_value(lock_until(0))), MINUTE_US),
            LockoutState::Locked { retry_after_s: 14 * 60 }
        );
    }

    #[test]
    fn a_lock_that_was_never_written_is_due() {
        assert_eq!(state(Some(b"5"), None, 0), LockoutState::LockDue);
    }

    #[test]
    fn values_that_cannot_be_read_keep_the_account_locked() {
        assert_eq!(state(None, Some(b"?"), 0), LockoutState::Locked { retry_after_s: 900 });
        assert_eq!(state(Some(b"?"), None, 0), LockoutState::LockDue);
    }

    #[test]
    fn an_address_has_one_pair_of_keys_however_it_is_written() {
        let keys = Keys::of(&EmailKey::of("ann@example.org"));
        assert_eq!(Keys::of(&EmailKey::of(" ANN@example.org")), keys);
        assert_ne!(Keys::of(&EmailKey::of("bob@example.org")), keys);
        assert!(!keys.failures.contains("ann"));
        let session = Keys::of_session(Uuid::from_u128(1));
        assert_ne!(session, Keys::of_session(Uuid::from_u128(2)));
        assert_ne!(session, Keys::of(&EmailKey::of(&Uuid::from_u128(1).to_string())));
    }

    proptest! {
        #[test]
        fn a_lock_never_asks_to_wait_for_longer_than_it_lasts(value in proptest::collection::vec(any::<u8>(), 0..30), now in any::<i64>()) {
            prop_assert!((1..=WINDOW_S).contains(&seconds_left(&value, now)));
        }

        #[test]
        fn any_address_has_keys_that_the_store_takes(text in any::<String>()) {
            let keys = Keys::of(&EmailKey::of(&text));
            prop_assert!(keys.failures.len() <= 512 && keys.lock.len() <= 512);
        }
    }
}
