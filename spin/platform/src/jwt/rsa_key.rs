//! The arithmetic of RSA. It is the crate `rsa`'s: aws-lc, which the host has, does not build for components. Signing is
//! blinded with random numbers, so that its time says nothing of the key.

use mindflow_platform::jwt::{Jwk, Token, signing_input, with_signature};
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::Sha256;
use rsa::{BoxedUint, PrivateKey, PublicKey};

/// # Errors
/// It is no public key of 2048 bits or more.
pub(super) fn public(jwk: &Jwk) -> Result<PublicKey, String> {
    let (n, e) = jwk.components()?;
    let (n, e) = (BoxedUint::from_be_slice_vartime(&n), BoxedUint::from_be_slice_vartime(&e));
    PublicKey::new(n, e).map_err(|error| error.to_string())
}

/// Whether the key has signed the token.
pub(super) fn has_signed(key: &PublicKey, token: &Token<'_>) -> bool {
    key.pkcs1v15_verify::<Sha256>(token.message, &token.signature).is_ok()
}

/// Reads a PEM of PKCS#8.
///
/// # Errors
/// It is none. The text never repeats it.
pub(super) fn private(pem: &str) -> Result<PrivateKey, String> {
    PrivateKey::from_pkcs8_pem(pem).map_err(|_| "it is no private key of RSA in PKCS#8".to_owned())
}

/// The token. Takes some milliseconds, in which the instance does nothing else.
pub(super) fn sign(key: &PrivateKey, kid: &str, claims: &str) -> Option<String> {
    let message = signing_input(kid, claims);
    let signature = key.pkcs1v15_sign::<Sha256>(message.as_bytes()).ok()?;
    Some(with_signature(message, &signature))
}
