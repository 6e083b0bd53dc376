//! Refresh tokens: opaque to clients, 256 random bits, and never stored.
//!
//! A token reads `{session id}.{secret}.{mark}`. The session stores the hash of its current secret. The mark is a MAC of
//! the secret under the session's key: it proves that this token was issued, any number of rotations ago, without
//! storing used ones. So a used token can be distinguished from a forged one: the first means theft and ends the
//! session, the second must not, or anyone who knows a session's id could end it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use mindflow_guest::id;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

/// 256 bits.
pub const SECRET_BYTES: usize = 32;
/// 128 bits: a mark is checked only online, and a forged one could only end its session.
const MARK_BYTES: usize = 16;

/// A refresh token in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub session_id: Uuid,
    secret: [u8; SECRET_BYTES],
    mark: [u8; MARK_BYTES],
}

/// The text is not a refresh token of this platform. Which rule it breaks is not revealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token")]
pub struct Malformed;

impl RefreshToken {
    /// A token of that session, with this secret.
    pub fn new(session_id: Uuid, family: &FamilyKey, secret: [u8; SECRET_BYTES]) -> Self {
        Self { session_id, secret, mark: family.mark(&secret) }
    }

    /// # Errors
    /// [`Malformed`] for any text but exactly what [`std::fmt::Display`] writes.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut parts = text.split('.');
        let (Some(id), Some(secret), Some(mark), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Malformed);
        };
        let session_id = id::parse(id).filter(|parsed| parsed.to_string() == id).ok_or(Malformed)?;
        Ok(Self { session_id, secret: decode(secret).ok_or(Malformed)?, mark: decode(mark).ok_or(Malformed)? })
    }

    /// What the session keeps of the token.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.secret).into())
    }

    /// Whether this session's key has marked it, so that it was issued by this platform.
    pub fn was_issued_by(&self, family: &FamilyKey) -> bool {
        family.mark(&self.secret).ct_eq(&self.mark).into()
    }
}

impl std::fmt::Display for RefreshToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}.{}", self.session_id, URL_SAFE_NO_PAD.encode(self.secret), URL_SAFE_NO_PAD.encode(self.mark))
    }
}

/// The SHA-256 of a token's secret. The secret has 256 random bits, so no slow hash is needed.
#[derive(Debug, Clone)]
pub struct SecretHash([u8; 32]);

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

/// As it is stored.
impl std::fmt::Display for SecretHash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// The key with which a session marks the tokens that it gives out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyKey(pub [u8; 32]);

impl FamilyKey {
    fn mark(&self, secret: &[u8; SECRET_BYTES]) -> [u8; MARK_BYTES] {
        let mut mark = [0; MARK_BYTES];
        // HMAC takes keys of any length, so this always holds; were it not to, no token would be accepted
        // but those marked so, whose secrets still must match.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) {
            mac.update(secret);
            mark.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        }
        mark
    }
}

/// Exactly `N` bytes of unpadded base64url.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

macro_rules! as_base64url {
    ($($type:ident),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                decode(&String::deserialize(from)?).map(Self).ok_or_else(|| D::Error::custom("not 32 bytes of base64url"))
            }
        }
    )*};
}
as_base64url!(SecretHash, FamilyKey);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FAMILY: FamilyKey = FamilyKey([1; 32]);

    #[test]
    fn a_token_names_its_session_and_carries_256_random_bits() {
        let token = RefreshToken::new(Uuid::from_u128(7), &FAMILY, [9; SECRET_BYTES]).to_string();
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts[0], "00000000-0000-0000-0000-000000000007");
        assert_eq!(URL_SAFE_NO_PAD.decode(parts[1]).unwrap(), [9; 32]);
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn what_is_stored_of_a_token_does_not_hold_its_secret() {
        let token = RefreshToken::new(Uuid::from_u128(7), &FAMILY, [9; SECRET_BYTES]);
        let stored = serde_json::to_string(&token.hash()).unwrap();
        assert!(!token.to_string().contains(stored.trim_matches('"')));
        assert_eq!(serde_json::from_str::<SecretHash>(&stored).unwrap(), token.hash());
    }

    #[test]
    fn a_token_of_another_session_is_not_taken_for_ones_own() {
        let token = RefreshToken::new(Uuid::from_u128(7), &FAMILY, [9; SECRET_BYTES]);
        assert!(token.was_issued_by(&FAMILY));
        assert!(!token.was_issued_by(&FamilyKey([2; 32])));
    }

    #[test]
    fn texts_that_are_no_tokens_are_refused() {
        let token = RefreshToken::new(Uuid::from_u128(0xab), &FAMILY, [9; SECRET_BYTES]).to_string();
        assert!(RefreshToken::parse(&token).is_ok());
        for text in [
            "",
            ".",
            "..",
            "a.b.c",
            &token[1..],
            &format!("{token}A"),
            &format!("{token}."),
            &format!("{token}="),
            &token.to_uppercase(),
            &token.replace('-', ""),
        ] {
            assert_eq!(RefreshToken::parse(text), Err(Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_token_reads_back_as_it_was_written(id in any::<u128>(), secret in any::<[u8; 32]>()) {
            let token = RefreshToken::new(Uuid::from_u128(id), &FAMILY, secret);
            prop_assert_eq!(RefreshToken::parse(&token.to_string()).unwrap(), token);
        }

        #[test]
        fn a_token_has_one_spelling(text in "[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\\.[A-Za-z0-9_-]{43}\\.[A-Za-z0-9_-]{22}") {
            if let Ok(token) = RefreshToken::parse(&text) {
                prop_assert_eq!(token.to_string(), text);
            }
        }

        #[test]
        fn an_altered_secret_is_never_taken_for_one_we_gave_out(secret in any::<[u8; 32]>(), byte in 0..32_usize, change in 1..=255_u8) {
            let mut token = RefreshToken::new(Uuid::from_u128(7), &FAMILY, secret);
            token.secret[byte] ^= change;
            prop_assert!(!token.was_issued_by(&FAMILY));
        }
    }
}
