//! The keys that one reading of the store has found, and which of them signs and verifies.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Jwk, Settings, UNKNOWN_KEY_REFRESH_EVERY, us};

/// By `kid`. `K` is what the provider computes with.
#[derive(Debug)]
pub struct KeySet<K> {
    pub by_kid: HashMap<String, Known<K>>,
    pub read_at_us: i64,
}

/// A key of the store.
#[derive(Debug, Clone)]
pub struct Known<K> {
    pub jwk: Jwk,
    pub period: Period,
    pub key: K,
}

/// When a key signs, in microseconds since 1970: from a time on, until it is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub signs_from_us: i64,
    pub retired_at_us: Option<i64>,
}

/// The last reading of the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// When it began, in microseconds since 1970; `None` before the first.
    pub began_us: Option<i64>,
    pub succeeded: bool,
}

// === impl Reading ===

impl Reading {
    /// One that begins now.
    pub fn begins(now_us: i64) -> Self {
        Self { began_us: Some(now_us), succeeded: false }
    }

    /// Whether it began so short a time ago that it has seen the key of every token that there is.
    pub fn is_recent(&self, now_us: i64) -> bool {
        let age_us = self.began_us.map(|began_us| now_us.saturating_sub(began_us));
        age_us.is_some_and(|age_us| (0..us(UNKNOWN_KEY_REFRESH_EVERY)).contains(&age_us))
    }
}

// === impl KeySet ===

impl<K> Default for KeySet<K> {
    fn default() -> Self {
        Self { by_kid: HashMap::new(), read_at_us: 0 }
    }
}

impl<K> KeySet<K> {
    /// The newest key that signs at this time. When a replica whose clock is ahead has made the very
    /// first one, there is none yet, and that one has to do.
    pub fn signing(&self, now_us: i64) -> Option<&Known<K>> {
        let known = self.by_kid.values().filter(|known| known.period.signs(now_us)).max_by_key(|known| known.order());
        let unretired = || self.by_kid.values().filter(|known| known.period.retired_at_us.is_none());
        known.or_else(|| unretired().min_by_key(|known| known.order()))
    }

    /// The key, when it is known and still verifies.
    pub fn verifying(&self, kid: &str, settings: &Settings, now_us: i64) -> Option<&Known<K>> {
        self.by_kid.get(kid).filter(|known| known.period.verifies(settings, now_us))
    }

    /// The public keys as a JSON Web Key Set (RFC 7517): those that sign and those that still verify.
    pub fn jwks(&self, settings: &Settings, now_us: i64) -> String {
        let mut known: Vec<_> = self.by_kid.values().filter(|known| known.period.verifies(settings, now_us)).collect();
        known.sort_by(|a, b| b.order().cmp(&a.order()));
        let keys: Vec<Value> = known.iter().map(|known| known.jwk.to_json()).collect();
        json!({ "keys": keys }).to_string()
    }

    /// Whether it has a key that the other lacks.
    pub fn has_more_than(&self, other: &Self) -> bool {
        self.by_kid.keys().any(|kid| !other.by_kid.contains_key(kid))
    }
}

// === impl Known ===

impl<K> Known<K> {
    fn order(&self) -> (i64, &str) {
        (self.period.signs_from_us, self.jwk.kid())
    }
}

// === impl Period ===

impl Period {
    fn signs(self, now_us: i64) -> bool {
        self.signs_from_us <= now_us && self.retired_at_us.is_none_or(|end| now_us < end)
    }

    fn verifies(self, settings: &Settings, now_us: i64) -> bool {
        let ends_at = |retired_at_us: i64| retired_at_us.saturating_add(settings.verifies_for_us());
        self.retired_at_us.is_none_or(|retired_at_us| now_us < ends_at(retired_at_us))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_reading_is_recent_for_a_second_and_not_when_the_clock_was_set_back() {
        let reading = Reading::begins(5_000_000);
        let recent = [4_999_999, 5_000_000, 5_999_999, 6_000_000].map(|now_us| reading.is_recent(now_us));
        assert_eq!(recent, [false, true, true, false]);
        assert!(!Reading::default().is_recent(5_000_000));
    }

    fn set(periods: &[(u8, i64, Option<i64>)]) -> KeySet<u8> {
        let known = periods.iter().map(|&(number, signs_from_us, retired_at_us)| {
            let jwk = Jwk::new(&[number], &[1, 0, 1]);
            let known = Known { jwk, period: Period { signs_from_us, retired_at_us }, key: number };
            (known.jwk.kid().to_owned(), known)
        });
        KeySet { by_kid: known.collect(), read_at_us: 0 }
    }

    #[test]
    fn the_newest_key_whose_time_has_come_signs() {
        let keys = set(&[(1, 0, Some(10)), (2, 10, None)]);
        assert_eq!(keys.signing(9).unwrap().key, 1);
        assert_eq!(keys.signing(10).unwrap().key, 2);
        assert_eq!(set(&[(1, 50, None)]).signing(9).unwrap().key, 1);
        assert!(set(&[(1, 0, Some(5))]).signing(9).is_none());
    }

    #[test]
    fn a_retired_key_verifies_until_its_last_token_has_expired() {
        let settings = Settings { issuer: "i".into(), audience: "a".into(), access_lifetime: Duration::from_mins(15) };
        let keys = set(&[(1, 0, Some(0))]);
        let kid = Jwk::new(&[1], &[1, 0, 1]).kid().to_owned();
        let end = Duration::from_mins(18).as_micros().try_into().unwrap();
        assert!(keys.verifying(&kid, &settings, end - 1).is_some());
        assert!(keys.verifying(&kid, &settings, end).is_none());
        assert_eq!(keys.jwks(&settings, end), r#"{"keys":[]}"#);
    }
}
