//! What a web push message needs of secrets: sealed for one browser (RFC 8291), and proof of who sends it
//! (VAPID, RFC 8292). Sending it is an ordinary HTTP request and none of this module's business.
//!
//! The VAPID key is the platform's identity at all push services, and browsers subscribe to it: it is made
//! once, kept in the write database, shared by all replicas, and never leaves this process.

mod seal;

use crate::{clock::Clock, database::postgres::Database};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

pub use seal::{PLAINTEXT_BYTES_MAX, SealError};

/// Push services refuse tokens that live longer than a day (RFC 8292 §2).
const PROOF_LIFETIME_S: i64 = 12 * 3600;

/// Seals messages and signs for them.
pub struct WebPush {
    key: EcdsaKeyPair,
    public_key: String,
    /// `mailto:` and the operator's address.
    subject: String,
    clock: Clock,
}

/// A browser's subscription, its keys in base64url as the browser gives them.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The push service's address for it.
    pub endpoint: String,
    /// The browser's public key: an uncompressed point of P-256.
    pub p256dh: String,
    /// 16 bytes.
    pub auth: String,
}

/// What goes to the push service by POST.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The `Authorization` header.
    pub authorization: String,
    /// With `Content-Encoding: aes128gcm`.
    pub body: Vec<u8>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("no connection to the write database")]
    Connect(#[source] crate::database::sql::Error),
    #[error("the write database refused")]
    Statement(#[from] tokio_postgres::Error),
    #[error("the VAPID key cannot be made or read: {0}")]
    Key(String),
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

// === impl WebPush ===

impl WebPush {
    /// `database`: the write database, migrated. Of replicas that start concurrently, one makes the key.
    ///
    /// # Errors
    /// The database cannot be asked, or what it holds is no key.
    pub async fn open(database: &Database, contact: &str, clock: Clock) -> Result<Self, OpenError> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|error| OpenError::Key(error.to_string()))?;
        let client = database.admin().await.map_err(OpenError::Connect)?;
        client
            .execute("INSERT INTO mindflow.vapid_key (pkcs8) VALUES ($1) ON CONFLICT DO NOTHING", &[&made.as_ref()])
            .await?;
        let row = client.query_one("SELECT pkcs8 FROM mindflow.vapid_key", &[]).await?;
        Self::new(row.try_get(0)?, contact, clock)
    }

    fn new(pkcs8: &[u8], contact: &str, clock: Clock) -> Result<Self, OpenError> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map_err(|error| OpenError::Key(error.to_string()))?;
        let public_key = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        Ok(Self { key, public_key, subject: format!("mailto:{contact}"), clock })
    }

    /// What browsers subscribe with (`applicationServerKey`), in base64url.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Whether a message can be sealed for this subscription.
    ///
    /// # Errors
    /// Which of its parts is wrong, and why.
    pub fn check(&self, subscription: &Subscription) -> Result<(), SealError> {
        seal::Keys::read(subscription).and_then(|keys| keys.agree()).and(origin(&subscription.endpoint).map(drop))
    }

    /// Seals a message for one browser and signs for it.
    ///
    /// # Errors
    /// The subscription or the message cannot be used.
    pub fn seal(&self, subscription: &Subscription, plaintext: &[u8]) -> Result<Sealed, SealError> {
        let body = seal::seal(&seal::Keys::read(subscription)?, plaintext)?;
        let claims = Claims {
            aud: origin(&subscription.endpoint)?,
            exp: self.clock.now_us() / 1_000_000 + PROOF_LIFETIME_S,
            sub: &self.subject,
        };
        let claims = serde_json::to_vec(&claims).map_err(|_| SealError::Crypto)?;
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| SealError::Crypto)?;
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
        Ok(Sealed { authorization: format!("vapid t={token}, k={}", self.public_key), body })
    }
}

/// Scheme and authority, which is what a push service compares (RFC 8292 §2).
fn origin(endpoint: &str) -> Result<&str, SealError> {
    let after_scheme = endpoint.find("://").ok_or(SealError::Endpoint)? + 3;
    let rest = endpoint.get(after_scheme..).ok_or(SealError::Endpoint)?;
    let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    if host == 0 {
        return Err(SealError::Endpoint);
    }
    endpoint.get(..after_scheme + host).ok_or(SealError::Endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    fn web_push() -> WebPush {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        WebPush::new(made.as_ref(), "ops@example.org", Clock::manual(1_000_000_000_000_000).0).unwrap()
    }

    fn subscription() -> Subscription {
        Subscription {
            endpoint: "https://push.example.net:8443/send/abc?x=1".into(),
            p256dh: seal::tests::UA_PUBLIC.into(),
            auth: seal::tests::AUTH.into(),
        }
    }

    #[test]
    fn the_proof_names_the_push_service_and_is_signed_by_the_key_that_it_shows() {
        let sealed = web_push().seal(&subscription(), b"hello").unwrap();
        let (token, key) = sealed.authorization.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).unwrap())
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://push.example.net:8443");
        assert_eq!(claims["sub"], "mailto:ops@example.org");
        assert_eq!(claims["exp"], 1_000_000_000 + PROOF_LIFETIME_S);
    }

    #[test]
    fn a_subscription_with_a_wrong_part_is_refused_by_that_part() {
        let web_push = web_push();
        web_push.check(&subscription()).unwrap();
        for (wrong, error) in [
            (Subscription { auth: "AAAA".into(), ..subscription() }, SealError::Auth),
            (Subscription { p256dh: "AAAA".into(), ..subscription() }, SealError::P256dh),
            // 65 bytes, but no point of the curve.
            (
                Subscription {
                    p256dh: URL_SAFE_NO_PAD.encode([[4u8].as_slice(), &[7; 64]].concat()),
                    ..subscription()
                },
                SealError::P256dh,
            ),
            (Subscription { endpoint: "push".into(), ..subscription() }, SealError::Endpoint),
        ] {
            assert_eq!(web_push.check(&wrong), Err(error));
        }
    }
}
