//! One-time passwords by time (RFC 6238) as a second factor, and the codes for who has lost the device that makes them. The
//! arithmetic is the crate `totp-rs`'s: six digits of SHA-1 every 30 seconds, which every authenticator knows, and the code
//! before and after, as clocks differ.

use sha2::{Digest as _, Sha256};
use totp_rs::{Builder, Secret, Totp, TotpError};
use uuid::Uuid;

/// 160 bits, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
/// Of a recovery code: 80 bits, so that its hash need not be slow.
pub const RECOVERY_BYTES: usize = 10;
/// More than are lost at a time, and few enough to write down.
pub const RECOVERY_CODES: usize = 10;
const DIGITS: usize = 6;
/// Characters of a recovery code between two hyphens.
const GROUP_CHARS: usize = 4;
/// Who the codes are for, as authenticators show it.
const ISSUER: &str = "MindFlow";

/// What a user enters as a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Of the device.
    Digits(String),
    /// A recovery code in its one form; or a text that is none.
    Recovery(String),
}

impl Code {
    /// Blanks and hyphens between and the case of letters count for nothing.
    pub fn of(text: &str) -> Self {
        let text: String = text.chars().filter(|char| !char.is_whitespace() && *char != '-').collect();
        if text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Digits(text)
        } else {
            Self::Recovery(text.to_ascii_uppercase())
        }
    }
}

/// The secret of a user's device.
pub struct Device(Totp);

impl Device {
    /// `email` is what authenticators show with the codes.
    ///
    /// # Errors
    /// The secret is too short.
    pub fn new(secret: &[u8], email: &str) -> Result<Self, TotpError> {
        // A colon stands between issuer and account there.
        let name = email.replace(':', "_");
        let totp = Builder::new().with_secret(secret).with_account_name(name).with_issuer(Some(ISSUER)).build()?;
        Ok(Self(totp))
    }

    /// The secret in base32, for who types it.
    pub fn secret(&self) -> String {
        self.0.secret().to_base32()
    }

    /// # Errors
    /// The account has no name.
    pub fn uri(&self) -> Result<String, TotpError> {
        self.0.to_url()
    }

    /// The time step of these digits, if they are good at that time.
    pub fn step_of(&self, digits: &str, now_us: i64) -> Option<i64> {
        let now_s = u64::try_from(now_us.div_euclid(1_000_000)).ok()?;
        i64::try_from(self.0.check(digits, now_s)?).ok()
    }
}

/// As it is shown: `ABCD-EFGH-IJKL-MNOP`.
pub fn recovery_code(random: [u8; RECOVERY_BYTES]) -> String {
    let text = Secret::from(random.as_slice()).to_base32();
    let mut shown = String::new();
    for (index, char) in text.chars().enumerate() {
        if index > 0 && index.is_multiple_of(GROUP_CHARS) {
            shown.push('-');
        }
        shown.push(char);
    }
    shown
}

/// What is stored of a recovery code in its one form.
pub fn recovery_hash(user_id: Uuid, code: &str) -> [u8; 32] {
    Sha256::new().chain_update(user_id.as_bytes()).chain_update(code).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_US: i64 = 30_000_000;

    /// That of RFC 6238, appendix B.
    fn device() -> Device {
        Device::new(b"12345678901234567890", "ann@example.org").unwrap()
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (at_s, digits, step) in
            [(59, "287082", 1), (1_111_111_109, "081804", 37_037_036), (2_000_000_000, "279037", 66_666_666)]
        {
            assert_eq!(device().step_of(digits, at_s * 1_000_000), Some(step));
        }
        assert_eq!(device().step_of("287083", 59_000_000), None);
    }

    #[test]
    fn a_code_is_good_one_step_early_and_one_step_late() {
        for (at_us, found) in [(0, Some(1)), (STEP_US, Some(1)), (2 * STEP_US, Some(1)), (3 * STEP_US, None)] {
            assert_eq!(device().step_of("287082", at_us), found);
        }
        assert_eq!(device().step_of("287082", -1), None);
    }

    #[test]
    fn a_device_is_set_up_by_an_address_that_names_the_account() {
        let device = device();
        assert_eq!(device.secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = device.uri().unwrap();
        assert!(uri.starts_with("otpauth://totp/MindFlow:ann%40example"), "{uri}");
        assert!(uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") && uri.contains("issuer=MindFlow"), "{uri}");
        assert!(Device::new(&[1; SECRET_BYTES], "\"a:b\"@example.org").unwrap().uri().is_ok());
    }

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        let shown = recovery_code([7; RECOVERY_BYTES]);
        assert_eq!((shown.len(), shown.split('-').count()), (19, 4));
        let code = Code::of(&shown);
        assert_eq!(Code::of(&format!(" {} ", shown.to_lowercase().replace('-', " "))), code);
        assert_eq!(Code::of(" 123 456"), Code::Digits("123456".into()));
        for other in ["12345", "1234567", "", "12345a"] {
            assert!(matches!(Code::of(other), Code::Recovery(_)), "{other}");
        }
    }

    #[test]
    fn the_same_code_of_two_users_is_not_stored_alike() {
        let of = |user| recovery_hash(Uuid::from_u128(user), "ABCD");
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
