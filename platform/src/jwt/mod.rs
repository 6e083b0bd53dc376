//! Access tokens (JWT, RS256): what they say, when a key signs and verifies, how public keys are shown, and how a private key
//! lies in the database for a provider that is no administrator there. The arithmetic of RSA is the provider's own.

mod claims;
mod jwk;
mod key_set;
mod token;
mod wrapping;

use std::time::Duration;

pub use claims::{check, check_statement, expiry_us, verified};
pub use jwk::{Jwk, may_be_kid};
pub use key_set::{KeySet, Known, Period, Reading};
pub use token::{Token, signing_input, with_signature};
pub use wrapping::{KEY_NAME_BYTES, NONCE_BYTES, Wrapping, WrappingError};

/// Ours have 900 bytes; a header line of HTTP has about this much.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// A receipt with a hundred stores has 10 KiB.
const STATEMENT_BYTES_MAX: usize = 32 * 1024;
/// How often the keys are read, so that a rotation elsewhere is found without being asked for.
pub const REFRESH_EVERY: Duration = Duration::from_secs(30);
/// Who has not read the keys for so long no longer signs: the key may be rotated out.
pub const SIGNS_WITHOUT_REFRESH_FOR: Duration = Duration::from_mins(2);
/// How far replicas' clocks may be apart.
const CLOCK_SKEW: Duration = Duration::from_mins(1);
/// A key is stored so long before it signs. So who has read the keys within [`UNKNOWN_KEY_REFRESH_EVERY`] knows those of all
/// tokens that there are, also where clocks differ by a little.
pub const SIGNS_AFTER: Duration = Duration::from_secs(3);
/// Tokens with an unknown key make us read the keys at most this often. In between they are refused without a wait.
pub const UNKNOWN_KEY_REFRESH_EVERY: Duration = Duration::from_secs(1);
/// How long such a token waits for a reading. The reading ends then, too.
pub const UNKNOWN_KEY_WAITS_MAX: Duration = Duration::from_secs(2);
/// How many such tokens wait concurrently; more are refused as unavailable.
pub const UNKNOWN_KEYS_WAITING_MAX: usize = 64;
/// A key that was not there stays unknown for so long: its `kid` is a digest, so it was forged, or
/// the key is forgotten.
pub const UNKNOWN_KEY_REMEMBERED_FOR: Duration = Duration::from_mins(1);
/// A proven token is trusted for so long without looking at the key again.
pub const VERIFIED_FOR: Duration = Duration::from_mins(1);
/// What is said when there is none.
pub const NO_KEY: &str = "there is no signing key";
/// What is said when too many wait.
pub const TOO_MANY_UNKNOWN: &str = "too many concurrent tokens with unknown keys";
/// What is said of an unknown key when it is not known whether it is one.
pub const NOT_READ: &str = "the signing keys could not be read a moment ago";

/// What the platform's tokens look like.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `iss` of every token.
    pub issuer: String,
    /// `aud` of every token.
    pub audience: String,
    /// The longest lifetime of a token; `sign` refuses more. A rotated key verifies for so long.
    pub access_lifetime: Duration,
}

/// A proven token.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    /// The claims, a JSON object.
    pub claims: String,
    /// The claim `sub`; empty when there is none.
    pub subject: String,
    /// The claim `roles`; empty when there is none.
    pub roles: Vec<String>,
    /// The claim `exp`, in microseconds since 1970.
    pub expires_at_us: i64,
}

/// Why a token was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The claims are not those of this platform's tokens.
    #[error("the claims cannot be signed: {0}")]
    Claims(String),
    /// The keys cannot be read now, so it is not known which of them signs.
    #[error("tokens cannot be signed now: {0}")]
    Unavailable(String),
    #[error("the signature could not be made")]
    Signature,
}

/// Why a token proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("the token is malformed")]
    Malformed,
    #[error("the token's signature is wrong")]
    BadSignature,
    #[error("the token has expired")]
    Expired,
    /// Another issuer, audience or algorithm than the platform's, or a claim is missing.
    #[error("the token is not accepted: {0}")]
    NotAccepted(String),
    #[error("the token cannot be verified now: {0}")]
    Unavailable(String),
}

/// Makes a [`VerifyError`] the error of the interface: each program has a type of its own for that, made from the same WIT.
#[macro_export]
macro_rules! verify_error {
    ($error:ty) => {
        impl From<$crate::jwt::VerifyError> for $error {
            fn from(error: $crate::jwt::VerifyError) -> Self {
                use $crate::jwt::VerifyError as E;
                match error {
                    E::Malformed => Self::Malformed,
                    E::BadSignature => Self::BadSignature,
                    E::Expired => Self::Expired,
                    E::NotAccepted(reason) => Self::NotAccepted(reason),
                    E::Unavailable(reason) => Self::Unavailable(reason),
                }
            }
        }
    };
}

// === impl Settings ===

impl Settings {
    /// How long a key verifies after it was retired. A replica that has not read of it yet goes on
    /// signing for a while, so the last token's life begins later than the retirement.
    pub fn verifies_for_us(&self) -> i64 {
        us(self.access_lifetime + SIGNS_WITHOUT_REFRESH_FOR + CLOCK_SKEW)
    }
}

// === impl Verified ===

impl Verified {
    /// Who the token speaks for.
    ///
    /// # Errors
    /// The subject is no user's id.
    pub fn user_id(&self) -> Result<uuid::Uuid, String> {
        self.subject.parse().map_err(|_| "the token's `sub` is no UUID".to_owned())
    }
}

/// In microseconds.
pub fn us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
