//! One RSA key pair: made, read and written, and used to sign.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use aws_lc_rs::{digest, rsa};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::json;

/// RFC 7518 §3.3 asks for 2048 bits or more; more would make every signature several times dearer.
const KEY_SIZE: KeySize = KeySize::Rsa2048;
const PEM_TAG: &str = "PRIVATE KEY";

/// A key pair that can sign and be shown.
pub(super) struct Key {
    /// The thumbprint of the public key (RFC 7638, SHA-256).
    pub(super) kid: String,
    pub(super) verifier: DecodingKey,
    /// The public key as RFC 7517 writes it.
    pub(super) jwk: serde_json::Value,
    pair: RsaKeyPair,
    /// The encoded header of every token that it signs.
    header: String,
}

/// A new key pair, as a PEM of PKCS#8, and its `kid`. Takes a fraction of a second of CPU.
pub(super) fn generate() -> Result<(String, String), String> {
    let pair = rsa::KeyPair::generate(KEY_SIZE).map_err(|error| error.to_string())?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|error| error.to_string())?;
    let pem = pem::encode(&pem::Pem::new(PEM_TAG, der.as_ref()));
    let kid = Key::read(&pem)?.kid;
    Ok((kid, pem))
}

/// Whether it can be a `kid` of ours: 43 characters of base64url.
pub(super) fn may_be_kid(kid: &str) -> bool {
    kid.len() == 43 && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl Key {
    /// Reads a PEM of PKCS#8. The error never repeats it.
    pub(super) fn read(pem: &str) -> Result<Self, String> {
        let pem = pem::parse(pem).map_err(|_| "it is not a PEM".to_owned())?;
        if pem.tag() != PEM_TAG {
            return Err(format!("it is not a PEM of a {PEM_TAG}"));
        }
        let pair = RsaKeyPair::from_pkcs8(pem.contents()).map_err(|error| error.to_string())?;
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let (n, e) = (URL_SAFE_NO_PAD.encode(&public.n), URL_SAFE_NO_PAD.encode(&public.e));
        let thumbprint = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, thumbprint.as_bytes()).as_ref());
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": kid}).to_string();
        Ok(Self {
            verifier: DecodingKey::from_rsa_raw_components(&public.n, &public.e),
            jwk: json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e}),
            pair,
            header: URL_SAFE_NO_PAD.encode(header),
            kid,
        })
    }

    /// The token (RFC 7515 §3.1). Takes a millisecond or two of CPU.
    pub(super) fn sign(&self, claims: &str) -> Option<String> {
        let mut token = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, token.as_bytes(), &mut signature).ok()?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Some(token)
    }
}
