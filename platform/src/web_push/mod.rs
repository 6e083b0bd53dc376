//! The capability `web-push`: a message sealed for one browser (RFC 8291), and proof of who sends it (VAPID, RFC 8292).
//! Sending it is an ordinary HTTP request and none of this module's business.
//!
//! The cryptography is RustCrypto's, which builds for the host and for components: a key that one of them made signs at the
//! other.

mod seal;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::Generate,
    pkcs8::{DecodePrivateKey, EncodePrivateKey},
};
use serde::Serialize;

pub use seal::{PLAINTEXT_BYTES_MAX, SealError};

/// Push services refuse tokens that live longer than a day (RFC 8292 §2).
const PROOF_LIFETIME_S: i64 = 12 * 3600;

/// Answers the platform's one key, PKCS#8. $1: a new one, kept if there is none yet.
pub const KEY: &str = "SELECT mindflow.keep_vapid_key($1)";

/// Seals messages and signs for them.
pub struct Sealer {
    key: SigningKey,
    public_key: String,
    /// `mailto:` and the operator's address.
    subject: String,
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

/// The key cannot be made or read. The text never repeats it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the VAPID key cannot be made or read: {0}")]
pub struct KeyError(String);

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: i64,
    sub: &'a str,
}

/// A new key pair, as PKCS#8.
///
/// # Errors
/// There is no randomness.
pub fn generate() -> Result<Vec<u8>, KeyError> {
    let made = SecretKey::try_generate().map_err(KeyError::of)?;
    Ok(made.to_pkcs8_der().map_err(KeyError::of)?.as_bytes().to_vec())
}

// === impl Sealer ===

impl Sealer {
    /// `contact`: the address of the platform's operator.
    ///
    /// # Errors
    /// It is no key of P-256 in PKCS#8.
    pub fn new(pkcs8: &[u8], contact: &str) -> Result<Self, KeyError> {
        let secret = SecretKey::from_pkcs8_der(pkcs8).map_err(KeyError::of)?;
        let public_key = URL_SAFE_NO_PAD.encode(seal::point(&secret.public_key()));
        Ok(Self { key: SigningKey::from(&secret), public_key, subject: format!("mailto:{contact}") })
    }

    /// What browsers subscribe with (`applicationServerKey`), in base64url.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Seals a message for one browser and signs for it.
    ///
    /// # Errors
    /// The subscription or the message cannot be used.
    pub fn seal(&self, subscription: &Subscription, plaintext: &[u8], now_us: i64) -> Result<Sealed, SealError> {
        let body = seal::seal(&seal::Keys::read(subscription)?, plaintext)?;
        let claims = Claims {
            aud: origin(&subscription.endpoint)?,
            exp: now_us / 1_000_000 + PROOF_LIFETIME_S,
            sub: &self.subject,
        };
        let claims = serde_json::to_vec(&claims).map_err(|_| SealError::Crypto)?;
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#), URL_SAFE_NO_PAD.encode(claims));
        let signature: Signature = self.key.try_sign(signed.as_bytes()).map_err(|_| SealError::Crypto)?;
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
        Ok(Sealed { authorization: format!("vapid t={token}, k={}", self.public_key), body })
    }
}

/// Whether a message can be sealed for this subscription.
///
/// # Errors
/// Which of its parts is wrong, and why.
pub fn check(subscription: &Subscription) -> Result<(), SealError> {
    seal::Keys::read(subscription).and(origin(&subscription.endpoint).map(drop))
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

// === impl KeyError ===

impl KeyError {
    fn of(reason: impl ToString) -> Self {
        Self(reason.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::{VerifyingKey, signature::Verifier};

    fn sealer() -> Sealer {
        Sealer::new(&generate().unwrap(), "ops@example.org").unwrap()
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
        let sealed = sealer().seal(&subscription(), b"hello", 1_000_000_000_000_000).unwrap();
        let (token, key) = sealed.authorization.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        VerifyingKey::from_sec1_bytes(&URL_SAFE_NO_PAD.decode(key).unwrap())
            .unwrap()
            .verify(signed.as_bytes(), &Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap())
            .unwrap();
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["aud"], "https://push.example.net:8443");
        assert_eq!(claims["sub"], "mailto:ops@example.org");
        assert_eq!(claims["exp"], 1_000_000_000 + PROOF_LIFETIME_S);
    }

    #[test]
    fn a_key_stays_the_same_key_when_it_is_read_again() {
        let pkcs8 = generate().unwrap();
        let (one, other) = (Sealer::new(&pkcs8, "a@b").unwrap(), Sealer::new(&pkcs8, "a@b").unwrap());
        assert_eq!(one.public_key(), other.public_key());
        assert_eq!(URL_SAFE_NO_PAD.decode(one.public_key()).unwrap().len(), 65);
        assert!(Sealer::new(b"no key", "a@b").is_err());
    }

    #[test]
    fn a_subscription_with_a_wrong_part_is_refused_by_that_part() {
        check(&subscription()).unwrap();
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
            assert_eq!(check(&wrong), Err(error));
        }
    }
}
