//! Password hashes by bcrypt. A comparison costs the same whether or not there is a hash to compare with.

use crate::bindings::exports::mindflow::passwords::hashing::PasswordMatch;
use std::str::FromStr;

/// Of a bcrypt salt.
pub const SALT_BYTES: usize = 16;
/// Characters of a bcrypt hash after `$2b$NN$`: 22 of the salt, 31 of the digest.
const SALT_AND_DIGEST_CHARS: usize = 53;

/// Why a password could not be hashed or compared; it leaves the sandbox as one text, so the cause is part of it.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("hash a password: {0}")]
    Make(bcrypt::BcryptError),
    #[error("compare a password with the stored hash: {0}")]
    Compare(bcrypt::BcryptError),
}

/// The hash to store, in bcrypt's own text form.
///
/// # Errors
/// When bcrypt refuses the cost.
pub fn make(password: &str, cost: u32, salt: [u8; SALT_BYTES]) -> Result<String, HashError> {
    bcrypt::hash_with_salt(password, cost, salt).map(|parts| parts.to_string()).map_err(HashError::Make)
}

/// Compares the password with the hash. Without one the password is wrong, after the work of a comparison at `cost`.
/// bcrypt reads at most 72 bytes: the caller refuses what is longer, afterwards.
///
/// # Errors
/// When the text is no bcrypt hash.
pub fn verify(password: &str, hash: Option<&str>, cost: u32) -> Result<PasswordMatch, HashError> {
    let compare = |hash: &str| bcrypt::verify(password, hash).map_err(HashError::Compare);
    match hash {
        Some(hash) if compare(hash)? => {
            Ok(if is_outdated(hash, cost) { PasswordMatch::Outdated } else { PasswordMatch::Right })
        }
        Some(_) => Ok(PasswordMatch::Wrong),
        None => compare(&decoy(cost)).map(|_| PasswordMatch::Wrong),
    }
}

/// Whether the hash was made at another cost than today's.
fn is_outdated(hash: &str, cost: u32) -> bool {
    bcrypt::HashParts::from_str(hash).map_or(true, |parts| parts.get_cost() != cost)
}

/// A well-formed hash that no password has been made for.
fn decoy(cost: u32) -> String {
    format!("$2b${cost:02}${}", ".".repeat(SALT_AND_DIGEST_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// bcrypt's least: the tests are about the logic.
    const COST: u32 = 4;
    const SALT: [u8; SALT_BYTES] = *b"sixteen bytes!!!";

    fn compared(password: &str, hash: &str) -> PasswordMatch {
        verify(password, Some(hash), COST).unwrap()
    }

    #[test]
    fn a_password_is_compared_to_its_last_byte() {
        let hash = make(&"a".repeat(72), COST, SALT).unwrap();
        assert_eq!(compared(&"a".repeat(72), &hash), PasswordMatch::Right);
        assert_eq!(compared(&format!("{}b", "a".repeat(71)), &hash), PasswordMatch::Wrong);
    }

    #[test]
    fn without_a_hash_no_password_is_right() {
        for password in ["correct horse", ""] {
            assert_eq!(verify(password, None, COST).unwrap(), PasswordMatch::Wrong);
        }
    }

    #[test]
    fn the_decoy_is_a_real_hash_of_the_wanted_cost() {
        for cost in [4, 12, 16] {
            assert!(!is_outdated(&decoy(cost), cost));
        }
    }

    #[test]
    fn a_right_password_whose_hash_has_another_cost_is_outdated() {
        let hash = make("correct horse", COST + 1, SALT).unwrap();
        assert_eq!(compared("correct horse", &hash), PasswordMatch::Outdated);
        assert_eq!(compared("wrong horse", &hash), PasswordMatch::Wrong);
        assert_eq!(verify("correct horse", Some(&hash), COST + 1).unwrap(), PasswordMatch::Right);
    }

    #[test]
    fn a_text_that_is_no_hash_is_an_error_and_not_a_wrong_password() {
        assert!(verify("correct horse", Some("plain text"), COST).is_err());
        assert!(make("correct horse", 99, SALT).is_err());
    }
}
