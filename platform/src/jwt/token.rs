//! A token in its compact form (RFC 7515 §3.1), taken apart and put together.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Settings, TOKEN_BYTES_MAX, Verified, VerifyError, claims};

/// A token that names a key and the platform's algorithm, not proven yet.
#[derive(Debug)]
pub struct Token<'a> {
    /// The key that its signature is to be checked with.
    pub kid: String,
    /// What is signed.
    pub message: &'a [u8],
    pub signature: Vec<u8>,
    claims: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood (RFC 7515 §4.1.11).
    crit: Option<Value>,
}

// === impl Token ===

impl<'a> Token<'a> {
    /// # Errors
    /// `Malformed`, or `NotAccepted`.
    pub fn parse(token: &'a str) -> Result<Self, VerifyError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(VerifyError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(VerifyError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(VerifyError::Malformed)?;
        let header: Header = decoded(header)?;
        let refuse = |reason: &str| Err(VerifyError::NotAccepted(reason.to_owned()));
        match header.alg.as_str() {
            "RS256" => {}
            "none" => return Err(VerifyError::Malformed),
            _ => return refuse("its algorithm is not RS256"),
        }
        if header.crit.is_some() {
            return refuse("its header has `crit`");
        }
        let Some(kid) = header.kid else { return refuse("it names no key") };
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| VerifyError::Malformed)?;
        Ok(Self { kid, message: message.as_bytes(), signature, claims })
    }

    /// What it proves. To be asked only once its signature was found right.
    ///
    /// # Errors
    /// `Malformed`, or `NotAccepted`.
    pub fn claims(&self, settings: &Settings) -> Result<Verified, VerifyError> {
        claims::verified(decoded::<Map<String, Value>>(self.claims)?, settings)
    }
}

fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, VerifyError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| VerifyError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| VerifyError::Malformed)
}

/// What a key signs: the header that names it, and the claims.
pub fn signing_input(kid: &str, claims: &str) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": kid}).to_string();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

/// The token.
pub fn with_signature(mut message: String, signature: &[u8]) -> String {
    message.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut message);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: Value) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode("{}"))
    }

    #[test]
    fn a_token_that_was_put_together_comes_apart() {
        let text = with_signature(signing_input("k", r#"{"sub":"anna"}"#), &[7, 8]);
        let token = Token::parse(&text).unwrap();
        assert_eq!((token.kid.as_str(), token.signature.as_slice()), ("k", [7, 8].as_slice()));
        assert_eq!(token.message, signing_input("k", r#"{"sub":"anna"}"#).as_bytes());
    }

    #[test]
    fn another_algorithm_no_key_or_an_extension_is_not_accepted() {
        for (header, reason) in [
            (json!({"alg": "HS256", "kid": "k"}), "its algorithm is not RS256"),
            (json!({"alg": "RS256"}), "it names no key"),
            (json!({"alg": "RS256", "kid": "k", "crit": ["b64"]}), "its header has `crit`"),
        ] {
            assert_eq!(Token::parse(&of(header)).unwrap_err(), VerifyError::NotAccepted(reason.into()));
        }
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        let ours = of(json!({"alg": "RS256", "kid": "k"}));
        for text in [
            String::new(),
            "a".into(),
            "a.b.c".into(),
            of(json!({"alg": "none", "kid": "k"})),
            of(json!({"alg": "RS256", "kid": 7})),
            format!("Bearer {ours}"),
            format!("{ours}="),
            "x".repeat(TOKEN_BYTES_MAX + 1),
        ] {
            assert_eq!(Token::parse(&text).unwrap_err(), VerifyError::Malformed, "{text:.80}");
        }
    }
}
