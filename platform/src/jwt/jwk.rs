//! A public key as RFC 7517 writes it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

/// An RSA public key that is named for its thumbprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    kid: String,
    /// Modulus and exponent, big-endian, in base64url.
    n: String,
    e: String,
}

/// Whether it can be a `kid` of ours: 43 characters of base64url.
pub fn may_be_kid(kid: &str) -> bool {
    kid.len() == 43 && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

// === impl Jwk ===

impl Jwk {
    /// Of the modulus and the exponent, big-endian.
    pub fn new(n: &[u8], e: &[u8]) -> Self {
        Self::named(URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e))
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// It is no RSA key in JSON.
    pub fn read(json: &str) -> Result<Self, String> {
        let jwk: serde_json::Value = serde_json::from_str(json).map_err(|_| "it is no JSON".to_owned())?;
        let text = |name: &str| {
            let text = jwk.get(name).and_then(serde_json::Value::as_str);
            text.map(str::to_owned).ok_or_else(|| format!("it has no `{name}`"))
        };
        Ok(Self::named(text("n")?, text("e")?))
    }

    fn named(n: String, e: String) -> Self {
        // RFC 7638: these members, in this order.
        let thumbprint = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        Self { kid: URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint)), n, e }
    }

    /// The thumbprint (RFC 7638, SHA-256).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The modulus and the exponent, big-endian.
    ///
    /// # Errors
    /// They are no base64url.
    pub fn components(&self) -> Result<(Vec<u8>, Vec<u8>), String> {
        let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| "it is no base64url".to_owned());
        Ok((decoded(&self.n)?, decoded(&self.e)?))
    }

    /// As it is shown.
    pub fn to_json(&self) -> serde_json::Value {
        let Self { kid, n, e } = self;
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_for_its_thumbprint() {
        // RFC 7638 §3.1.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
                 FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnY\
                 b9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0\
                 Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = Jwk::read(&json!({ "kty": "RSA", "n": n, "e": "AQAB" }).to_string()).unwrap();
        assert_eq!(jwk.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert!(may_be_kid(jwk.kid()) && !may_be_kid("../../etc/passwd"));
        let (n, e) = jwk.components().unwrap();
        assert_eq!((n.len(), e.as_slice()), (256, [1, 0, 1].as_slice()));
        assert_eq!(Jwk::new(&n, &e), jwk);
        assert_eq!(Jwk::read(&jwk.to_json().to_string()), Ok(jwk));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(Jwk::read("x"), Err("it is no JSON".into()));
        assert_eq!(Jwk::read(r#"{"n": "AA"}"#), Err("it has no `e`".into()));
    }
}
