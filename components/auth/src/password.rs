//! Passwords by bcrypt. It reads at most 72 bytes, so a longer password is refused, never cut;
//! and a login costs the same whether or not there is an account to compare with.

use std::str::FromStr;

/// Short enough to remember, long enough that five guesses in 15 minutes get nowhere (the contract).
pub const BYTES_MIN: usize = 8;
/// What bcrypt reads.
pub const BYTES_MAX: usize = 72;
/// Characters of a bcrypt hash after `$2b$NN$`: 22 of the salt, 31 of the digest.
const SALT_AND_DIGEST_CHARS: usize = 53;

/// The rule that a password breaks; its text is for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    #[error("A password has 8 to 72 bytes; this one has {0}. (Letters outside A to Z take two to four bytes each.)")]
    Length(usize),
    #[error("A password cannot contain the character NUL.")]
    Nul,
}

/// Why a password could not be hashed or compared; it leaves the sandbox as one text, so the cause is part of it.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("hash a password: {0}")]
    Hash(bcrypt::BcryptError),
    #[error("compare a password with the stored hash: {0}")]
    Compare(bcrypt::BcryptError),
}

/// Whether an account can have this password.
///
/// # Errors
/// The broken rule.
pub fn check(password: &str) -> Result<(), Rule> {
    if !(BYTES_MIN..=BYTES_MAX).contains(&password.len()) {
        Err(Rule::Length(password.len()))
    } else if password.contains('\0') {
        // bcrypt repeats the password with a NUL between, so that "abcd" and "abcd\0abcd" are the same to it.
        Err(Rule::Nul)
    } else {
        Ok(())
    }
}

/// The hash to store, in bcrypt's own text form.
///
/// # Errors
/// When bcrypt refuses the cost.
pub fn hash(password: &str, cost: u32, salt: [u8; 16]) -> Result<String, PasswordError> {
    bcrypt::hash_with_salt(password, cost, salt).map(|parts| parts.to_string()).map_err(PasswordError::Hash)
}

/// Whether the password is the account's. Without `stored` there is no such account, and the answer is no,
/// after the work of a comparison at `cost`.
///
/// # Errors
/// When the stored text is no bcrypt hash.
pub fn verify(password: &str, stored: Option<&str>, cost: u32) -> Result<bool, PasswordError> {
    let matches = match stored {
        Some(stored) => bcrypt::verify(password, stored).map_err(PasswordError::Compare)?,
        None => {
            let _ = bcrypt::verify(password, &decoy(cost)).map_err(PasswordError::Compare)?;
            false
        }
    };
    // Only now: a password that no account can have costs the same as one that it could.
    Ok(matches && check(password).is_ok())
}

/// Whether the stored hash was made at another cost than today's.
pub fn is_outdated(stored: &str, cost: u32) -> bool {
    bcrypt::HashParts::from_str(stored).map_or(true, |parts| parts.get_cost() != cost)
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
    const SALT: [u8; 16] = *b"sixteen bytes!!!";

    #[test]
    fn a_password_has_8_to_72_bytes() {
        assert_eq!(check("1234567"), Err(Rule::Length(7)));
        assert_eq!(check("12345678"), Ok(()));
        assert_eq!(check(&"a".repeat(72)), Ok(()));
        assert_eq!(check(&"a".repeat(73)), Err(Rule::Length(73)));
    }

    #[test]
    fn a_passwords_length_is_counted_in_bytes_not_in_letters() {
        assert_eq!(check(&"ü".repeat(36)), Ok(()));
        assert_eq!(check(&"ü".repeat(37)), Err(Rule::Length(74)));
        assert_eq!(check("üüüü"), Ok(()));
    }

    #[test]
    fn the_refusal_names_the_rule() {
        assert!(Rule::Length(73).to_string().starts_with("A password has 8 to 72 bytes; this one has 73."));
        assert_eq!(check("12345678\0"), Err(Rule::Nul));
    }

    #[test]
    fn the_longest_password_is_compared_to_its_last_byte() {
        let password = "a".repeat(72);
        let stored = hash(&password, COST, SALT).unwrap();
        assert!(verify(&password, Some(&stored), COST).unwrap());
        assert!(!verify(&format!("{}b", "a".repeat(71)), Some(&stored), COST).unwrap());
    }

    #[test]
    fn a_longer_password_is_never_cut_to_a_right_one() {
        let password = "a".repeat(72);
        let stored = hash(&password, COST, SALT).unwrap();
        assert!(!verify(&format!("{password}a"), Some(&stored), COST).unwrap());
    }

    #[test]
    fn a_password_repeated_after_a_nul_is_not_the_password() {
        let stored = hash("password", COST, SALT).unwrap();
        assert!(!verify("password\0password", Some(&stored), COST).unwrap());
    }

    #[test]
    fn without_an_account_no_password_is_right() {
        assert!(!verify("correct horse", None, COST).unwrap());
        assert!(!verify("", None, COST).unwrap());
    }

    #[test]
    fn the_decoy_is_a_real_hash_of_the_wanted_cost() {
        for cost in [4, 12, 16] {
            assert!(!is_outdated(&decoy(cost), cost));
        }
    }

    #[test]
    fn a_hash_of_another_cost_is_outdated() {
        let stored = hash("correct horse", COST, SALT).unwrap();
        assert!(!is_outdated(&stored, COST));
        assert!(is_outdated(&stored, COST + 1));
        assert!(is_outdated("plain text", COST));
    }

    #[test]
    fn a_stored_text_that_is_no_hash_is_an_error_and_not_a_wrong_password() {
        assert!(verify("correct horse", Some("plain text"), COST).is_err());
    }
}
