//! The keys that sign access tokens (JWT, RS256), and the proof of tokens.
//!
//! Private keys live in the write database and in this process, and nowhere else. A key signs until
//! it is rotated out, and verifies until the last token that it can have signed has expired.
//! Signing and verifying are aws-lc's, which takes the same time for all keys.

mod claims;
mod key;
mod key_set;
mod keyring;
mod store;

pub use keyring::{Keyring, Settings, Verified};
pub use store::{KeyStore, PostgresKeys, StoreError, StoredKey};

/// Why a keyring could not be opened or rotated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the signing keys cannot be read or written")]
    Store(#[from] StoreError),
    /// The row was changed by hand, or belongs to a later version.
    #[error("signing key {kid:?} in mindflow.signing_keys cannot be read: {reason}")]
    Unreadable { kid: String, reason: String },
    #[error("a signing key could not be made: {0}")]
    Generate(String),
    #[error("there is no signing key")]
    NoKey,
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
