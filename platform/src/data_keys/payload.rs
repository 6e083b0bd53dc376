//! A payload as it is kept: encrypted with AES-256-GCM under its aggregate's key, as a JSON object that says so.
//!
//! ```text
//! {"$sealed": BASE64, "$under": AGGREGATE}      $under where it is not the event's own aggregate
//!
//! 1 byte: version ─ 12 bytes: nonce ─ 32 bytes: commitment ─ 32 bytes of salt and the payload's text, encrypted, and the tag of 16 bytes
//! ```
//!
//! What the event is of is authenticated with it, so that no payload opens as another event's. The commitment is the SHA-256 of
//! the salt and the text: it binds what is kept to one text, and the salt, which is encrypted too, keeps anyone from trying texts
//! against it when the key is gone. An object without any bytes is what had no key any more when it was to be sealed.

use aes_gcm::aead::{Aead, Payload as Sealing};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::tree::Key;
use crate::event::Event;
use crate::sql::NewEvent;

/// Members of a sealed payload. No component publishes one that has them.
pub const SEALED: &str = "$sealed";
const UNDER: &str = "$under";

pub(super) const NONCE_BYTES: usize = 12;
pub(super) const SALT_BYTES: usize = 32;
const COMMITMENT_BYTES: usize = 32;
const VERSION: u8 = 1;

/// What a payload is bound to.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub event_id: Uuid,
    pub event_type: &'a str,
    pub partition_key: &'a str,
    pub user_id: Uuid,
}

/// Fresh for each payload.
pub(super) struct Noise {
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) salt: [u8; SALT_BYTES],
}

/// A payload that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    bytes: Vec<u8>,
    under: Option<String>,
}

/// It was changed, or is another event's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sealed payload of event {0} is damaged, or another event's")]
pub struct Damaged(pub Uuid);

// === impl About ===

impl<'a> About<'a> {
    /// `None`: the event is of no user.
    #[must_use]
    pub fn event(event: &'a Event) -> Option<Self> {
        let Event { event_id, event_type, partition_key, .. } = event;
        Some(Self { event_id: *event_id, event_type, partition_key, user_id: event.metadata.user_id? })
    }

    /// `None`: the event is of no user.
    #[must_use]
    pub fn new_event(event: &'a NewEvent) -> Option<Self> {
        let NewEvent { event_id, event_type, partition_key, user_id, .. } = event;
        Some(Self { event_id: *event_id, event_type, partition_key, user_id: (*user_id)? })
    }

    /// Lengths say where each part ends.
    fn authenticated(&self, under: Option<&str>, commitment: &[u8]) -> Vec<u8> {
        let user_id = self.user_id.as_bytes();
        let under = under.unwrap_or(self.partition_key);
        let mut bytes = vec![VERSION];
        for part in [
            self.event_id.as_bytes().as_slice(),
            self.event_type.as_bytes(),
            self.partition_key.as_bytes(),
            under.as_bytes(),
            user_id,
            commitment,
        ] {
            bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }
}

// === impl Sealed ===

impl Sealed {
    /// The payload of an event, if it is sealed.
    ///
    /// # Errors
    /// It says that it is, and nothing could be.
    pub fn read(event: &Event) -> Option<Result<Self, Damaged>> {
        let sealed = event.payload.get(SEALED)?;
        let read = || {
            let bytes = STANDARD_NO_PAD.decode(sealed.as_str()?).ok()?;
            let under = match event.payload.get(UNDER) {
                None => None,
                Some(name) => Some(name.as_str()?.to_owned()),
            };
            Some(Self { bytes, under })
        };
        Some(read().ok_or(Damaged(event.event_id)))
    }

    /// What stands for a payload whose key was destroyed before it was sealed.
    #[must_use]
    pub fn nothing() -> Self {
        Self { bytes: Vec::new(), under: None }
    }

    /// Whether its text was never kept.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The aggregate under whose key it is.
    #[must_use]
    pub fn aggregate<'a>(&'a self, about: &About<'a>) -> &'a str {
        self.under.as_deref().unwrap_or(about.partition_key)
    }

    /// `under`: another aggregate than the event's own.
    pub(super) fn seal(
        key: &Key,
        about: &About<'_>,
        under: Option<&str>,
        text: &str,
        noise: &Noise,
    ) -> Result<Self, Damaged> {
        let commitment = commitment(&noise.salt, text.as_bytes());
        let plain = [noise.salt.as_slice(), text.as_bytes()].concat();
        let aad = about.authenticated(under, &commitment);
        let sealing = Sealing { msg: &plain, aad: &aad };
        let cipher = Aes256Gcm::new(&(*key.bytes()).into());
        let text = cipher.encrypt(&noise.nonce.into(), sealing).map_err(|_| Damaged(about.event_id))?;
        let bytes = [[VERSION].as_slice(), &noise.nonce, &commitment, &text].concat();
        Ok(Self { bytes, under: under.map(ToOwned::to_owned) })
    }

    pub(super) fn open(&self, key: &Key, about: &About<'_>) -> Result<String, Damaged> {
        let open = || {
            let rest = self.bytes.strip_prefix(&[VERSION])?;
            let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>()?;
            let (said, text) = rest.split_first_chunk::<COMMITMENT_BYTES>()?;
            let aad = about.authenticated(self.under.as_deref(), said);
            let sealing = Sealing { msg: text, aad: &aad };
            let cipher = Aes256Gcm::new(&(*key.bytes()).into());
            let plain = cipher.decrypt(&(*nonce).into(), sealing).ok()?;
            let (salt, text) = plain.split_first_chunk::<SALT_BYTES>()?;
            let is_bound = commitment(salt, text) == *said;
            is_bound.then(|| String::from_utf8(text.to_vec()).ok()).flatten()
        };
        open().ok_or(Damaged(about.event_id))
    }

    /// As it is kept in the place of the payload.
    #[must_use]
    pub fn members(&self) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert(SEALED.to_owned(), STANDARD_NO_PAD.encode(&self.bytes).into());
        if let Some(under) = &self.under {
            members.insert(UNDER.to_owned(), under.as_str().into());
        }
        members
    }
}

fn commitment(salt: &[u8; SALT_BYTES], text: &[u8]) -> [u8; COMMITMENT_BYTES] {
    let mut hash = Sha256::new();
    hash.update(b"mindflow payload: ");
    hash.update(salt);
    hash.update(text);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_keys::tree::{Node, Place};

    const TEXT: &str = r#"{"title":"A calm morning"}"#;

    fn about(event: u128) -> About<'static> {
        About {
            event_id: Uuid::from_u128(event),
            event_type: "JournalEntryCreated",
            partition_key: "entry:1",
            user_id: Uuid::from_u128(9),
        }
    }

    fn key(aggregate: &str) -> Key {
        Node::root([7; 32]).key(Place::of(aggregate)).unwrap()
    }

    fn noise() -> Noise {
        Noise { nonce: [1; NONCE_BYTES], salt: [2; SALT_BYTES] }
    }

    fn event(payload: Map<String, Value>) -> Event {
        serde_json::from_value(serde_json::json!({
            "eventId": Uuid::from_u128(1), "eventType": "JournalEntryCreated", "version": "1.0", "timestamp": "2026-11-26T12:00:00Z",
            "source": "command-service", "correlationId": "c", "sequence": 1, "partitionKey": "entry:1",
            "metadata": {"userId": Uuid::from_u128(9)}, "payload": payload
        }))
        .unwrap()
    }

    #[test]
    fn a_payload_opens_for_its_own_event_and_key_alone() {
        let sealed = Sealed::seal(&key("entry:1"), &about(1), None, TEXT, &noise()).unwrap();
        let kept = event(sealed.members());
        assert!(!kept.payload_text().contains("calm"));
        let read = Sealed::read(&kept).unwrap().unwrap();
        assert_eq!(
            (read.aggregate(&about(1)), read.open(&key("entry:1"), &about(1)).as_deref()),
            ("entry:1", Ok(TEXT))
        );
        assert_eq!(read.open(&key("entry:2"), &about(1)), Err(Damaged(Uuid::from_u128(1))));
        for other in [
            about(2),
            About { event_type: "JournalEntryUpdated", ..about(1) },
            About { partition_key: "entry:2", ..about(1) },
            About { user_id: Uuid::from_u128(8), ..about(1) },
        ] {
            assert!(read.open(&key("entry:1"), &other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_payload_under_another_aggregate_says_which() {
        let sealed = Sealed::seal(&key("entry:7"), &about(1), Some("entry:7"), TEXT, &noise()).unwrap();
        let read = Sealed::read(&event(sealed.members())).unwrap().unwrap();
        assert_eq!(
            (read.aggregate(&about(1)), read.open(&key("entry:7"), &about(1)).as_deref()),
            ("entry:7", Ok(TEXT))
        );
        let moved = Sealed { under: Some("entry:8".into()), ..read };
        assert!(moved.open(&key("entry:7"), &about(1)).is_err());
    }

    #[test]
    fn a_changed_byte_anywhere_opens_nothing() {
        let sealed = Sealed::seal(&key("entry:1"), &about(1), None, TEXT, &noise()).unwrap();
        for place in 0..sealed.bytes.len() {
            let mut changed = sealed.clone();
            changed.bytes[place] ^= 1;
            assert!(changed.open(&key("entry:1"), &about(1)).is_err(), "byte {place}");
        }
    }

    #[test]
    fn what_is_kept_of_the_same_text_twice_has_nothing_in_common() {
        let other = Noise { nonce: [3; NONCE_BYTES], salt: [4; SALT_BYTES] };
        let [one, two] =
            [noise(), other].map(|noise| Sealed::seal(&key("entry:1"), &about(1), None, TEXT, &noise).unwrap().bytes);
        assert!(one.windows(8).all(|part| !two.windows(8).any(|same| same == part)));
    }

    #[test]
    fn a_payload_in_clear_is_not_sealed_and_one_that_cannot_be_is_damaged() {
        assert!(Sealed::read(&event(serde_json::from_str(TEXT).unwrap())).is_none());
        let wrong = serde_json::from_str(r#"{"$sealed": 7}"#).unwrap();
        assert_eq!(Sealed::read(&event(wrong)), Some(Err(Damaged(Uuid::from_u128(1)))));
        let nothing = Sealed::read(&event(Sealed::nothing().members())).unwrap().unwrap();
        assert!(nothing.is_nothing());
    }
}
