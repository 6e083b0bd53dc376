//! What a password may be, and its hashes, which the service `passwords` makes and compares. bcrypt reads at most 72 bytes, so
//! a longer password is refused, never cut; and a login costs the same whether or not there is an account to compare with.

use crate::services::hashing::{self, PasswordMatch};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::failure::invalid;
use mindflow_guest::rules::{self, Unit};
use mindflow_guest::text;
use std::borrow::Cow;

/// Short enough to remember, long enough that five guesses in 15 minutes get nowhere.
pub const BYTES_MIN: usize = 8;
/// What bcrypt reads.
pub const BYTES_MAX: usize = 72;

/// The rule that a password breaks; its text is for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    #[error("A password has 8 to 72 bytes; this one has {0}. (Letters outside A to Z take two to four bytes each.)")]
    Length(usize),
    #[error("A password cannot contain the character NUL.")]
    Nul,
}

impl Rule {
    /// As clients know it.
    pub fn id(&self) -> rules::Rule {
        match *self {
            Self::Length(bytes) if bytes < BYTES_MIN => {
                rules::Rule::TooShort { min: BYTES_MIN as u64, actual: bytes as u64, unit: Unit::Bytes }
            }
            Self::Length(bytes) => rules::Rule::bytes(BYTES_MAX, bytes),
            Self::Nul => rules::Rule::Characters,
        }
    }
}

/// Whether an account can have this password. What is judged, hashed and compared is its form of RFC 8265, so that it is the same
/// from every keyboard.
///
/// # Errors
/// The broken rule.
pub fn check(password: &str) -> Result<(), Rule> {
    check_bytes(&text::password(password))
}

fn check_bytes(password: &str) -> Result<(), Rule> {
    if !(BYTES_MIN..=BYTES_MAX).contains(&password.len()) {
        Err(Rule::Length(password.len()))
    } else if password.contains('\0') {
        // bcrypt repeats the password with a NUL between, so that "abcd" and "abcd\0abcd" are the same to it.
        Err(Rule::Nul)
    } else {
        Ok(())
    }
}

/// Refuses a password that many people use: it is among the first that are guessed.
///
/// # Errors
/// `invalid` with the name of the field.
pub async fn refuse_common(context: &CallContext, field: &str, password: &str) -> Result<(), Error> {
    if hashing::is_common(context.clone(), text::password(password).into_owned()).await? {
        let text = "Many people use this password, so it is among the first that are guessed. Choose another one.";
        return Err(invalid(field, rules::Rule::Common, text));
    }
    Ok(())
}

/// Whether it can take the place of another password.
///
/// # Errors
/// `invalid` with the name of the field.
pub async fn check_new(context: &CallContext, field: &str, password: &str) -> Result<(), Error> {
    check(password).map_err(|rule| invalid(field, rule.id(), rule.to_string()))?;
    refuse_common(context, field, password).await
}

/// The hash to store.
///
/// # Errors
/// `unavailable` when hashing has no place in time.
pub async fn hash(context: &CallContext, password: &str, cost: u32) -> Result<String, Error> {
    hashing::hash(context.clone(), text::password(password).into_owned(), cost).await
}

/// A stored hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// bcrypt's text form.
    pub text: String,
    /// Whether it is of the normalised password. An older hash is of that or of the text as it was typed, and is not marked.
    pub formed: bool,
}

/// A password that may be an account's.
pub struct Attempt<'a> {
    pub password: &'a str,
    /// None where there is no such account.
    pub stored: Option<Hashed>,
    /// How many were wrong before it.
    pub failed_before: u32,
}

impl Attempt<'_> {
    /// What is compared with the hash. There is one comparison in any case: for older hashes the two texts alternate, first the one that was
    /// typed, as when the hash was made, so that the right password opens the account at the second attempt at the latest, from any keyboard.
    fn text(&self) -> Cow<'_, str> {
        let is_older = self.stored.as_ref().is_some_and(|stored| !stored.formed);
        if is_older && self.failed_before.is_multiple_of(2) {
            self.password.into()
        } else {
            text::password(self.password)
        }
    }
}

/// Whether the password is the account's. Without a stored hash the answer is no, after the same work at `cost`.
///
/// # Errors
/// As [`hash`].
pub async fn verify(context: &CallContext, attempt: &Attempt<'_>, cost: u32) -> Result<PasswordMatch, Error> {
    let text = attempt.text();
    let hash = attempt.stored.as_ref().map(|stored| stored.text.clone());
    let verdict = hashing::verify(context.clone(), text.clone().into_owned(), hash, cost).await?;
    let verdict = judged(&text, verdict);
    Ok(if attempt.stored.as_ref().is_some_and(|stored| stored.formed) { verdict } else { outdated(verdict) })
}

/// A right password whose hash is to be made again.
fn outdated(verdict: PasswordMatch) -> PasswordMatch {
    if verdict == PasswordMatch::Right { PasswordMatch::Outdated } else { verdict }
}

/// Only after the comparison: a password that no account can have costs the same as one that it could.
fn judged(password: &str, verdict: PasswordMatch) -> PasswordMatch {
    if check_bytes(password).is_ok() { verdict } else { PasswordMatch::Wrong }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_passwords_length_is_that_of_its_one_form() {
        assert_eq!(check(&"e\u{301}".repeat(36)), Ok(()));
        assert_eq!(check(&"e\u{301}".repeat(37)), Err(Rule::Length(74)));
        assert_eq!(outdated(PasswordMatch::Right), PasswordMatch::Outdated);
        assert_eq!(outdated(PasswordMatch::Wrong), PasswordMatch::Wrong);
    }

    #[test]
    fn one_comparison_decides_and_with_a_hash_of_before_the_two_texts_take_turns() {
        const TYPED: &str = "un cafe\u{301} au lait";
        const FORMED: &str = "un caf\u{e9} au lait";
        let hashed = |formed: bool| Some(Hashed { text: "$2b$04$x".into(), formed });
        for (stored, failed_before, text) in [
            (None, 1, FORMED),
            (hashed(true), 0, FORMED),
            (hashed(true), 1, FORMED),
            (hashed(false), 0, TYPED),
            (hashed(false), 1, FORMED),
            (hashed(false), 2, TYPED),
        ] {
            let attempt = Attempt { password: TYPED, stored: stored.clone(), failed_before };
            assert_eq!(attempt.text(), text, "{stored:?} {failed_before}");
        }
    }

    #[test]
    fn the_refusal_names_the_rule() {
        assert!(Rule::Length(73).to_string().starts_with("A password has 8 to 72 bytes; this one has 73."));
        assert_eq!(check("12345678\0"), Err(Rule::Nul));
    }

    #[test]
    fn what_bcrypt_takes_for_the_password_is_not_right_when_no_account_can_have_it() {
        // It reads 72 bytes, and repeats a shorter password with a NUL between.
        for password in ["a".repeat(73), "password\0password".to_owned()] {
            assert_eq!(judged(&password, PasswordMatch::Right), PasswordMatch::Wrong);
        }
        assert_eq!(judged("correct horse", PasswordMatch::Right), PasswordMatch::Right);
        assert_eq!(judged("correct horse", PasswordMatch::Outdated), PasswordMatch::Outdated);
    }
}
