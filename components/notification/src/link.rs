//! The token of an unsubscribe link: the user, and a MAC that proves its origin. It does not expire: mail is kept for
//! years, and the token can only turn mail off.

use crate::signature::mac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;
use uuid::Uuid;

const PURPOSE: &[u8] = b"unsubscribe-email:";
/// Half of the MAC: 128 bits that cannot be guessed.
const PROOF_BYTES: usize = 16;

pub fn token(key: &[u8], user_id: Uuid) -> String {
    let mac = mac(key, &[PURPOSE, user_id.as_bytes()]);
    let bytes: Vec<u8> = user_id.as_bytes().iter().chain(mac.iter().take(PROOF_BYTES)).copied().collect();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The token's user; `None` for a token that this platform has not issued.
pub fn user_of(key: &[u8], token: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (id, proof) = bytes.split_at_checked(16)?;
    let user_id = Uuid::from_slice(id).ok()?;
    let mac = mac(key, &[PURPOSE, user_id.as_bytes()]);
    bool::from(mac.get(..PROOF_BYTES)?.ct_eq(proof)).then_some(user_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_user_under_its_key_only() {
        let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let token_of_ada = token(b"key", ada);
        assert_eq!(user_of(b"key", &token_of_ada), Some(ada));
        assert_eq!(user_of(b"other", &token_of_ada), None);
        // Bob's id with Ada's proof.
        let mut bytes = URL_SAFE_NO_PAD.decode(&token_of_ada).unwrap();
        bytes[..16].copy_from_slice(bob.as_bytes());
        assert_eq!(user_of(b"key", &URL_SAFE_NO_PAD.encode(bytes)), None);
    }

    #[test]
    fn what_is_no_token_belongs_to_no_user() {
        let short = URL_SAFE_NO_PAD.encode(Uuid::from_u128(1).as_bytes());
        for wrong in ["", "x", "!!!!", short.as_str(), &"A".repeat(1000)] {
            assert_eq!(user_of(b"key", wrong), None, "{wrong}");
        }
    }
}
