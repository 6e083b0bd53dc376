//! The keys that sign access tokens (JWT, RS256), and the proof of tokens.
//!
//! Private keys live in the write database and in this process. With a secret for wrapping, the database has them encrypted
//! as well, for adapters elsewhere that are no administrators there and have that secret. A key signs until
//! it is rotated out, and verifies until the last token that it can have signed has expired.
//! Signing and verifying are aws-lc's, which takes the same time for all keys.

mod key;
mod key_set;
mod keyring;
mod store;

pub use keyring::Keyring;
pub use mindflow_platform::jwt::{Settings, SignError, Verified, VerifyError, Wrapping, WrappingError};
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
    #[error("{}", mindflow_platform::jwt::NO_KEY)]
    NoKey,
}
