//! A private key as it lies in the database for providers that are no administrators there: encrypted with AES-256-GCM, under
//! a key that HKDF (RFC 5869) makes of a secret that the database does not have. The text is bound to the key's name, so
//! that one cannot stand in for another.
//!
//! ```text
//! 8 bytes: the name of the wrapping key ─ 12 bytes: nonce ─ the text and its tag of 16 bytes
//! ```

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

/// Of the secret: HKDF makes no weak secret strong.
const SECRET_BYTES_MIN: usize = 32;
/// Tells which secret has wrapped a key, so that a change of it is seen.
pub const KEY_NAME_BYTES: usize = 8;
/// Fresh ones for each wrapping; keys are few, so that chance does not repeat one.
pub const NONCE_BYTES: usize = 12;

/// Why a key cannot be wrapped or opened. The text never has anything secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrappingError {
    #[error("the secret must have at least {SECRET_BYTES_MIN} characters; `openssl rand -base64 32` makes one")]
    TooShort,
    #[error("the key was wrapped with another secret")]
    OtherSecret,
    #[error("the key is damaged, or another one's")]
    Damaged,
}

/// Wraps and opens with one secret.
pub struct Wrapping {
    cipher: Aes256Gcm,
    name: [u8; KEY_NAME_BYTES],
}

// === impl Wrapping ===

impl Wrapping {
    /// # Errors
    /// `TooShort`.
    pub fn new(secret: &str) -> Result<Self, WrappingError> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(WrappingError::TooShort);
        }
        let derive = Hkdf::<Sha256>::new(None, secret.as_bytes());
        let (mut key, mut name) = ([0; 32], [0; KEY_NAME_BYTES]);
        // Neither is longer than HKDF can make.
        derive.expand(b"mindflow signing keys: key", &mut key).map_err(|_| WrappingError::Damaged)?;
        derive.expand(b"mindflow signing keys: name", &mut name).map_err(|_| WrappingError::Damaged)?;
        Ok(Self { cipher: Aes256Gcm::new(&key.into()), name })
    }

    /// What every key that it wraps begins with.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// # Errors
    /// `Damaged`: the text is longer than the cipher takes.
    pub fn wrap(&self, kid: &str, private_pem: &str, nonce: [u8; NONCE_BYTES]) -> Result<Vec<u8>, WrappingError> {
        let payload = Payload { msg: private_pem.as_bytes(), aad: kid.as_bytes() };
        let text = self.cipher.encrypt(&nonce.into(), payload).map_err(|_| WrappingError::Damaged)?;
        Ok([self.name.as_slice(), &nonce, &text].concat())
    }

    /// The PEM.
    ///
    /// # Errors
    /// `OtherSecret`, or `Damaged`.
    pub fn open(&self, kid: &str, wrapped: &[u8]) -> Result<String, WrappingError> {
        let (name, rest) = wrapped.split_at_checked(KEY_NAME_BYTES).ok_or(WrappingError::Damaged)?;
        if name != self.name {
            return Err(WrappingError::OtherSecret);
        }
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(WrappingError::Damaged)?;
        let payload = Payload { msg: text, aad: kid.as_bytes() };
        let pem = self.cipher.decrypt(&(*nonce).into(), payload).map_err(|_| WrappingError::Damaged)?;
        String::from_utf8(pem).map_err(|_| WrappingError::Damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of 32 characters or more";

    #[test]
    fn a_wrapped_key_is_opened_by_the_same_secret_for_the_same_name() {
        let wrapped = Wrapping::new(SECRET).unwrap().wrap("k", "PEM", [7; NONCE_BYTES]).unwrap();
        let again = Wrapping::new(SECRET).unwrap();
        assert_eq!(again.open("k", &wrapped), Ok("PEM".into()));
        assert_eq!(again.open("another", &wrapped), Err(WrappingError::Damaged));
        assert!(wrapped.starts_with(again.name()));
        assert!(!wrapped.windows(3).any(|bytes| bytes == b"PEM"));
    }

    #[test]
    fn another_secret_or_a_changed_key_opens_nothing() {
        let wrapping = Wrapping::new(SECRET).unwrap();
        let mut wrapped = wrapping.wrap("k", "PEM", [7; NONCE_BYTES]).unwrap();
        let other = Wrapping::new(&SECRET.to_uppercase()).unwrap();
        assert_eq!(other.open("k", &wrapped), Err(WrappingError::OtherSecret));
        *wrapped.last_mut().unwrap() ^= 1;
        assert_eq!(wrapping.open("k", &wrapped), Err(WrappingError::Damaged));
        assert_eq!(wrapping.open("k", b"short"), Err(WrappingError::Damaged));
        assert_eq!(Wrapping::new("short").err(), Some(WrappingError::TooShort));
    }
}
