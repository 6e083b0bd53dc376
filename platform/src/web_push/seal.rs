//! Message encryption for web push (RFC 8291): one record of `aes128gcm` (RFC 8188), under a key that only
//! the browser can find again.

use super::Subscription;
use aes_gcm::{Aes128Gcm, KeyInit, aead::Aead};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use p256::{
    PublicKey, SecretKey,
    ecdh::diffie_hellman,
    elliptic_curve::{Generate, sec1::ToSec1Point},
};
use sha2::Sha256;

/// Push services take bodies of 4,096 bytes at least (RFC 8030 §7.2): header 86, delimiter 1, tag 16.
pub const PLAINTEXT_BYTES_MAX: usize = 4096 - 86 - 1 - 16;
const RECORD_SIZE: u32 = 4096;
const SALT_BYTES: usize = 16;
const AUTH_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// 0x04, then x and y.
const POINT_BYTES: usize = 65;

/// Why a message cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("endpoint: must be an address with a scheme and a host")]
    Endpoint,
    #[error("p256dh: must be an uncompressed point of P-256 in base64url, 65 bytes")]
    P256dh,
    #[error("auth: must be 16 bytes in base64url")]
    Auth,
    #[error("a push message has at most {PLAINTEXT_BYTES_MAX} bytes")]
    TooLong,
    #[error("the message could not be sealed")]
    Crypto,
}

/// A browser's keys.
pub(super) struct Keys {
    public: PublicKey,
    auth: Vec<u8>,
}

impl Keys {
    pub(super) fn read(subscription: &Subscription) -> Result<Self, SealError> {
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
        let point = decode(&subscription.p256dh).map_err(|_| SealError::P256dh)?;
        if point.len() != POINT_BYTES || point.first() != Some(&4) {
            return Err(SealError::P256dh);
        }
        let public = PublicKey::from_sec1_bytes(&point).map_err(|_| SealError::P256dh)?;
        let auth = decode(&subscription.auth).map_err(|_| SealError::Auth)?;
        if auth.len() != AUTH_BYTES {
            return Err(SealError::Auth);
        }
        Ok(Self { public, auth })
    }
}

/// Under a key and a salt of this message's own.
pub(super) fn seal(keys: &Keys, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    let own = SecretKey::try_generate().map_err(|_| SealError::Crypto)?;
    let salt = <[u8; SALT_BYTES]>::try_generate().map_err(|_| SealError::Crypto)?;
    seal_with(keys, plaintext, &own, salt)
}

fn seal_with(keys: &Keys, plaintext: &[u8], own: &SecretKey, salt: [u8; SALT_BYTES]) -> Result<Vec<u8>, SealError> {
    if plaintext.len() > PLAINTEXT_BYTES_MAX {
        return Err(SealError::TooLong);
    }
    let public = point(&own.public_key());
    let shared = diffie_hellman(own.to_nonzero_scalar(), keys.public.as_affine());
    let info = [b"WebPush: info\0".as_slice(), &point(&keys.public), &public].concat();
    let secret: [u8; 32] = expand(&keys.auth, shared.raw_secret_bytes(), &info)?;
    let content_key: [u8; 16] = expand(&salt, &secret, b"Content-Encoding: aes128gcm\0")?;
    let nonce: [u8; NONCE_BYTES] = expand(&salt, &secret, b"Content-Encoding: nonce\0")?;

    // The delimiter of a last record, and no padding after it.
    let record = [plaintext, &[2]].concat();
    let record =
        Aes128Gcm::new(&content_key.into()).encrypt(&nonce.into(), record.as_slice()).map_err(|_| SealError::Crypto)?;
    let key_id_bytes = u8::try_from(public.len()).map_err(|_| SealError::Crypto)?;
    Ok([salt.as_slice(), &RECORD_SIZE.to_be_bytes(), &[key_id_bytes], &public, &record].concat())
}

/// Uncompressed.
pub(super) fn point(public: &PublicKey) -> Vec<u8> {
    public.to_sec1_point(false).as_bytes().to_vec()
}

fn expand<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> Result<[u8; N], SealError> {
    let mut key = [0; N];
    Hkdf::<Sha256>::new(Some(salt), secret).expand(info, &mut key).map_err(|_| SealError::Crypto)?;
    Ok(key)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    // RFC 8291 §5 and appendix A.
    pub const UA_PUBLIC: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    pub const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
    const AS_PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
    const SALT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
    const PLAINTEXT: &[u8] = b"When I grow up, I want to be a watermelon";
    const BODY: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tl\
                        zAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

    fn keys() -> Keys {
        let (p256dh, auth) = (UA_PUBLIC.into(), AUTH.into());
        Keys::read(&Subscription { endpoint: "https://push.example.net".into(), p256dh, auth }).unwrap()
    }

    #[test]
    fn the_example_of_the_rfc_comes_out_byte_for_byte() {
        let own = SecretKey::from_slice(&URL_SAFE_NO_PAD.decode(AS_PRIVATE).unwrap()).unwrap();
        let salt = URL_SAFE_NO_PAD.decode(SALT).unwrap().try_into().unwrap();
        let sealed = seal_with(&keys(), PLAINTEXT, &own, salt).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(sealed), BODY);
    }

    #[test]
    fn the_same_message_never_looks_the_same() {
        assert_ne!(seal(&keys(), PLAINTEXT).unwrap(), seal(&keys(), PLAINTEXT).unwrap());
    }

    #[test]
    fn a_message_that_no_push_service_must_take_is_refused() {
        assert_eq!(seal(&keys(), &[0; PLAINTEXT_BYTES_MAX]).unwrap().len(), 4096);
        assert_eq!(seal(&keys(), &[0; PLAINTEXT_BYTES_MAX + 1]), Err(SealError::TooLong));
    }
}
