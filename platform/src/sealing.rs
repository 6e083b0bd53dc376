//! The capability `sealing`: texts that only the platform can read, encrypted with AES-256-GCM. A key follows from a master key by
//! HKDF (RFC 5869), another for each component. Version, key, component and context are authenticated, so that nothing sealed
//! opens elsewhere.
//!
//! ```text
//! 1 byte: version ─ 8 bytes: the name of the master key ─ 12 bytes: nonce ─ the text and its tag of 16 bytes
//! ```

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;

/// Of a master key: HKDF makes no weak secret strong.
pub const KEY_CHARS_MIN: usize = 32;
/// Fresh ones for each text. By chance, two of 2³² texts of one component have the same: far more than are sealed.
pub const NONCE_BYTES: usize = 12;
/// For secrets, not for files.
pub const PLAINTEXT_BYTES_MAX: usize = 65_536;
/// The name of what something sealed is of.
pub const CONTEXT_BYTES_MAX: usize = 256;

const VERSION: u8 = 1;
const NAME_BYTES: usize = 8;

/// Why something is not sealed or opened. The text never has anything secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    #[error("a key must have at least {KEY_CHARS_MIN} characters; `openssl rand -base64 32` makes one")]
    TooShort,
    #[error("at most {PLAINTEXT_BYTES_MAX} bytes can be sealed")]
    TooLong,
    #[error("a context has at most {CONTEXT_BYTES_MAX} bytes")]
    Context,
    #[error(
        "sealed with the key {0}, which this host does not have; set [sealing] key, or former-keys, to what it was"
    )]
    OtherKey(String),
    #[error("sealed by a later version of the platform")]
    Version,
    #[error("damaged, or sealed by another component or for another context")]
    Damaged,
}

/// Makes a [`SealingError`] the error of the interface: each program has a type of its own for that, made from the same WIT.
#[macro_export]
macro_rules! sealing_error {
    ($error:ty) => {
        impl From<$crate::sealing::SealingError> for $error {
            fn from(error: $crate::sealing::SealingError) -> Self {
                use $crate::sealing::SealingError as E;
                let text = error.to_string();
                match error {
                    E::TooLong | E::Context | E::TooShort => Self::Invalid(text),
                    E::OtherKey(_) | E::Version => Self::OtherKey(text),
                    E::Damaged => Self::Damaged(text),
                }
            }
        }
    };
}

/// The platform's master keys: one seals, all open.
pub struct Keys {
    /// The one that seals is the first.
    masters: Vec<Hkdf<Sha256>>,
}

/// The keys of one component.
pub struct Sealer {
    component: String,
    /// The one that seals is the first.
    keys: Vec<Key>,
}

struct Key {
    name: [u8; NAME_BYTES],
    cipher: Aes256Gcm,
}

// === impl Keys ===

impl Keys {
    /// `key` seals; `former` are those that sealed before, and still open.
    ///
    /// # Errors
    /// `TooShort`.
    pub fn new<'a>(key: &'a str, former: impl IntoIterator<Item = &'a str>) -> Result<Self, SealingError> {
        let all = std::iter::once(key).chain(former).map(str::trim);
        let masters = all.map(|key| {
            let is_long = key.chars().count() >= KEY_CHARS_MIN;
            is_long.then(|| Hkdf::new(None, key.as_bytes())).ok_or(SealingError::TooShort)
        });
        Ok(Self { masters: masters.collect::<Result<_, _>>()? })
    }

    /// What a component of this name seals and opens with.
    ///
    /// # Errors
    /// None: HKDF makes keys of this length.
    pub fn of(&self, component: &str) -> Result<Sealer, SealingError> {
        let key = |master: &Hkdf<Sha256>| {
            let (mut name, mut key) = ([0; NAME_BYTES], [0; 32]);
            master.expand(b"mindflow sealing: name", &mut name).map_err(|_| SealingError::Damaged)?;
            let info = [b"mindflow sealing: key of ", component.as_bytes()];
            master.expand_multi_info(&info, &mut key).map_err(|_| SealingError::Damaged)?;
            Ok(Key { name, cipher: Aes256Gcm::new(&key.into()) })
        };
        Ok(Sealer {
            component: component.to_owned(),
            keys: self.masters.iter().map(key).collect::<Result<_, SealingError>>()?,
        })
    }
}

// === impl Sealer ===

impl Sealer {
    /// `nonce`: random.
    ///
    /// # Errors
    /// `TooLong` or `Context`.
    pub fn seal(&self, plaintext: &[u8], context: &str, nonce: [u8; NONCE_BYTES]) -> Result<Vec<u8>, SealingError> {
        if plaintext.len() > PLAINTEXT_BYTES_MAX {
            return Err(SealingError::TooLong);
        }
        let Key { name, cipher } = self.keys.first().ok_or(SealingError::Damaged)?;
        let aad = self.aad(name, context)?;
        let payload = Payload { msg: plaintext, aad: &aad };
        let text = cipher.encrypt(&nonce.into(), payload).map_err(|_| SealingError::Damaged)?;
        Ok([[VERSION].as_slice(), name, &nonce, &text].concat())
    }

    /// # Errors
    /// `OtherKey`, `Version`, `Damaged` or `Context`.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, SealingError> {
        let (version, rest) = sealed.split_first().ok_or(SealingError::Damaged)?;
        if *version > VERSION {
            return Err(SealingError::Version);
        }
        let (name, rest) = rest.split_first_chunk::<NAME_BYTES>().ok_or(SealingError::Damaged)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealingError::Damaged)?;
        if *version < VERSION || text.len() > PLAINTEXT_BYTES_MAX + TAG_BYTES {
            return Err(SealingError::Damaged);
        }
        let key =
            self.keys.iter().find(|key| key.name == *name).ok_or_else(|| SealingError::OtherKey(hex::encode(name)))?;
        let aad = self.aad(name, context)?;
        let payload = Payload { msg: text, aad: &aad };
        key.cipher.decrypt(&(*nonce).into(), payload).map_err(|_| SealingError::Damaged)
    }

    /// What is authenticated besides the text. The component's length says where the context begins.
    fn aad(&self, name: &[u8; NAME_BYTES], context: &str) -> Result<Vec<u8>, SealingError> {
        if context.len() > CONTEXT_BYTES_MAX {
            return Err(SealingError::Context);
        }
        let length = u32::try_from(self.component.len()).unwrap_or(u32::MAX).to_be_bytes();
        let component = self.component.as_bytes();
        Ok([[VERSION].as_slice(), name, &length, component, context.as_bytes()].concat())
    }
}

/// Of AES-GCM.
const TAG_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "a master key of 32 characters or more";
    const NEWER: &str = "another master key, of as many characters";
    const NONCE: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

    fn sealer(key: &str, former: &[&str], component: &str) -> Sealer {
        Keys::new(key, former.iter().copied()).unwrap().of(component).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_component_and_context_alone() {
        let notification = sealer(KEY, &[], "notification");
        let sealed = notification.seal(b"whsec_secret", "webhook:1", NONCE).unwrap();
        assert_eq!(sealed.len(), 12 + 37);
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
        assert_eq!(sealer(KEY, &[], "notification").open(&sealed, "webhook:1").unwrap(), b"whsec_secret");
        assert_eq!(notification.open(&sealed, "webhook:2"), Err(SealingError::Damaged));
        // Neither by its own key nor by moving the border between its name and the context.
        assert_eq!(sealer(KEY, &[], "auth").open(&sealed, "webhook:1"), Err(SealingError::Damaged));
        assert_eq!(sealer(KEY, &[], "notificationweb").open(&sealed, "hook:1"), Err(SealingError::Damaged));
        assert_eq!(notification.open(&notification.seal(b"", "", NONCE).unwrap(), "").unwrap(), b"");
    }

    #[test]
    fn a_former_key_opens_and_an_unknown_one_is_named() {
        let before = sealer(KEY, &[], "a").seal(b"x", "c", NONCE).unwrap();
        let rotated = sealer(NEWER, &[KEY], "a");
        assert_eq!(rotated.open(&before, "c").unwrap(), b"x");
        let after = rotated.seal(b"x", "c", NONCE).unwrap();
        assert_eq!(rotated.open(&after, "c").unwrap(), b"x");
        let refusal = sealer(KEY, &[], "a").open(&after, "c").unwrap_err();
        assert!(matches!(&refusal, SealingError::OtherKey(name) if name.len() == 16), "{refusal}");
        assert!(refusal.to_string().contains("[sealing] key") && !refusal.to_string().contains("master"), "{refusal}");
    }

    #[test]
    fn a_changed_byte_anywhere_opens_nothing() {
        let a = sealer(KEY, &[], "a");
        let sealed = a.seal(b"text", "c", NONCE).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(a.open(&changed, "c").is_err(), "byte {place}");
            assert!(a.open(&sealed[..place], "c").is_err(), "cut at {place}");
        }
        assert_eq!(a.open(&[[2].as_slice(), &sealed[1..]].concat(), "c"), Err(SealingError::Version));
    }

    #[test]
    fn bounds_are_kept() {
        assert_eq!(Keys::new("short", []).err(), Some(SealingError::TooShort));
        assert_eq!(Keys::new(KEY, ["short"]).err(), Some(SealingError::TooShort));
        let a = sealer(KEY, &[], "a");
        let most = vec![0; PLAINTEXT_BYTES_MAX];
        assert_eq!(a.open(&a.seal(&most, "c", NONCE).unwrap(), "c").unwrap(), most);
        assert_eq!(a.seal(&[most, vec![0]].concat(), "c", NONCE), Err(SealingError::TooLong));
        assert_eq!(a.seal(b"x", &"c".repeat(CONTEXT_BYTES_MAX + 1), NONCE), Err(SealingError::Context));
    }
}
