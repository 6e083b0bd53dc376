//! Links that open a file without a token for a while, for `<img>` and a CDN, which cannot send one. Each has an expiry
//! and is signed with a secret key.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// Links made within this time are the same, so that a browser's cache knows the file again.
const STEP_S: i64 = 12 * 3_600;
/// So a link is good for one to two of them.
const STEPS: i64 = 2;

/// What a request's query says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link<'a> {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub expires_s: i64,
    signature: &'a str,
}

/// The query of a link that opens all renditions of a file.
pub fn query(key: &[u8], id: Uuid, now_us: i64) -> String {
    let expires_s = (seconds(now_us).div_euclid(STEP_S) + STEPS) * STEP_S;
    let signature = mac(key, id, expires_s).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    format!("expires={expires_s}&signature={}", signature.unwrap_or_default())
}

fn seconds(us: i64) -> i64 {
    us.div_euclid(1_000_000)
}

/// None only for a key of a length that HMAC does not take, and it takes all.
fn mac(key: &[u8], id: Uuid, expires_s: i64) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{expires_s}").as_bytes());
    Some(mac)
}

// === impl Link ===

impl<'a> Link<'a> {
    /// What its query has.
    pub const PARAMETERS: [&'static str; 2] = ["expires", "signature"];

    /// `None` when the query is not that of a link.
    pub fn of(query: &'a str) -> Option<Self> {
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        Some(Self { expires_s: value("expires")?.parse().ok()?, signature: value("signature")? })
    }

    /// Whether the link is valid for this file and not expired. Takes constant time for every signature.
    pub fn opens(&self, key: &[u8], id: Uuid, now_us: i64) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(self.signature) else { return false };
        let genuine = mac(key, id, self.expires_s).is_some_and(|mac| mac.verify_slice(&signature).is_ok());
        genuine && seconds(now_us) < self.expires_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
    const NOW_US: i64 = 1_795_412_345_678_901;
    const HOUR_US: i64 = 3_600_000_000;

    fn opens(query: &str, key: &[u8], id: Uuid, now_us: i64) -> bool {
        Link::of(query).unwrap().opens(key, id, now_us)
    }

    #[test]
    fn a_link_opens_its_file_for_at_least_half_a_day_and_at_most_a_whole_one() {
        let id = Uuid::from_u128(7);
        for hour in 0..24 {
            let now_us = NOW_US + hour * HOUR_US;
            let query = query(KEY, id, now_us);
            assert!(opens(&query, KEY, id, now_us + 12 * HOUR_US), "{hour}");
            assert!(!opens(&query, KEY, id, now_us + 24 * HOUR_US), "{hour}");
        }
    }

    #[test]
    fn links_of_one_time_are_the_same_so_that_caches_know_the_file_again() {
        let step_us = STEP_S * 1_000_000;
        let begin_us = NOW_US.div_euclid(step_us) * step_us;
        let id = Uuid::from_u128(7);
        assert_eq!(query(KEY, id, begin_us), query(KEY, id, begin_us + step_us - 1));
        assert_ne!(query(KEY, id, begin_us), query(KEY, id, begin_us + step_us));
    }

    #[test]
    fn a_link_that_was_changed_or_is_for_another_file_opens_nothing() {
        let id = Uuid::from_u128(7);
        let query = query(KEY, id, NOW_US);
        assert!(opens(&query, KEY, id, NOW_US));
        assert!(!opens(&query, b"another key", id, NOW_US));
        assert!(!opens(&query, KEY, Uuid::from_u128(8), NOW_US));
        let (expires, signature) = query.strip_prefix("expires=").unwrap().split_once('&').unwrap();
        let later = expires.parse::<i64>().unwrap() + 1;
        assert!(!opens(&format!("expires={later}&{signature}"), KEY, id, NOW_US));
        for forged in ["", "AAAA", "not base64!"] {
            assert!(!opens(&format!("expires={expires}&signature={forged}"), KEY, id, NOW_US), "{forged}");
        }
    }

    #[test]
    fn what_is_no_link_is_none() {
        for query in ["", "expires=1", "signature=x", "expires=soon&signature=x", "size=2"] {
            assert_eq!(Link::of(query), None, "{query}");
        }
        assert!(Link::of("utm=1&signature=x&expires=5").is_some());
    }
}
