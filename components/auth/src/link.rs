//! The tokens of links in mails: opaque, 256 random bits, and never stored. What is stored is a hash; the secret has so many random
//! bits that no slow one is needed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

pub const SECRET_BYTES: usize = 32;

/// As the link has it.
pub fn text(secret: [u8; SECRET_BYTES]) -> String {
    URL_SAFE_NO_PAD.encode(secret)
}

/// What is stored of a token; `None` for a text that is none.
pub fn hash(token: &str) -> Option<[u8; 32]> {
    let secret: [u8; SECRET_BYTES] = URL_SAFE_NO_PAD.decode(token.trim()).ok()?.try_into().ok()?;
    Some(Sha256::digest(secret).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_hash_which_does_not_show_it() {
        let token = text([7; SECRET_BYTES]);
        let stored = hash(&token).unwrap();
        assert_eq!(hash(&format!(" {token}\n")), Some(stored));
        assert_ne!(hash(&text([8; SECRET_BYTES])), Some(stored));
        assert_ne!(stored, [7; 32]);
    }

    #[test]
    fn what_is_no_token_has_no_hash() {
        for wrong in ["", "AAAA", "ä", &"A".repeat(44), &"=".repeat(43)] {
            assert_eq!(hash(wrong), None, "{wrong}");
        }
    }
}
