//! One RSA key pair: made, read and written, and used to sign.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use mindflow_platform::jwt::{Jwk, Token, signing_input, with_signature};

/// RFC 7518 §3.3 asks for 2048 bits or more; more would make every signature several times dearer.
const KEY_SIZE: KeySize = KeySize::Rsa2048;
const PEM_TAG: &str = "PRIVATE KEY";

/// A key pair that can sign and be shown.
pub(super) struct Key {
    pub(super) jwk: Jwk,
    public: RsaPublicKeyComponents<Vec<u8>>,
    pair: RsaKeyPair,
}

/// A new key pair, as a PEM of PKCS#8, and its `kid`. Takes a fraction of a second of CPU.
pub(super) fn generate() -> Result<(String, String), String> {
    let pair = rsa::KeyPair::generate(KEY_SIZE).map_err(|error| error.to_string())?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|error| error.to_string())?;
    let pem = pem::encode(&pem::Pem::new(PEM_TAG, der.as_ref()));
    let kid = Key::read(&pem)?.jwk.kid().to_owned();
    Ok((kid, pem))
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
        Ok(Self { jwk: Jwk::new(&public.n, &public.e), public, pair })
    }

    /// The token (RFC 7515 §3.1). Takes a millisecond or two of CPU.
    pub(super) fn sign(&self, claims: &str) -> Option<String> {
        let message = signing_input(self.jwk.kid(), claims);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).ok()?;
        Some(with_signature(message, &signature))
    }

    /// Whether it has signed the token.
    pub(super) fn has_signed(&self, token: &Token<'_>) -> bool {
        self.public.verify(&RSA_PKCS1_2048_8192_SHA256, token.message, &token.signature).is_ok()
    }
}
