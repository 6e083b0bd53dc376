//! What the claims of this platform's tokens must be, and what is wrong with those of others.

use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use serde_json::{Map, Value};

use super::{Settings, SignError, VerifyError};

/// Ours have 900 bytes; a header line of HTTP has about this much.
pub(super) const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The claims as they are signed: this platform's, and not to live longer than they may.
pub(super) fn check(claims: &str, settings: &Settings, now_us: i64) -> Result<String, SignError> {
    let refuse = |reason: &str| Err(SignError::Claims(reason.to_owned()));
    let Ok(claims) = serde_json::from_str::<Map<String, Value>>(claims) else {
        return refuse("they are not a JSON object");
    };
    if claims.get("iss").and_then(Value::as_str) != Some(&settings.issuer) {
        return refuse("`iss` is not the platform's");
    }
    if claims.get("aud").and_then(Value::as_str) != Some(&settings.audience) {
        return refuse("`aud` is not the platform's");
    }
    let Some(expires_at_us) = expiry_us(&claims) else {
        return refuse("`exp` is not a number of seconds");
    };
    let left_us = expires_at_us.saturating_sub(now_us);
    // `exp` is in whole seconds, so a token may seem to live a second longer.
    if left_us <= 0 || left_us > us(settings.access_lifetime + Duration::from_secs(1)) {
        return refuse("`exp` is in the past, or later than a token may live");
    }
    let claims = Value::Object(claims).to_string();
    // Base64, the header and the signature add a third and some 450 bytes.
    if claims.len() > TOKEN_BYTES_MAX / 2 {
        return refuse("they are too long for a token");
    }
    Ok(claims)
}

/// Why a proof has failed.
pub(super) fn refused(kind: &ErrorKind) -> VerifyError {
    match kind {
        ErrorKind::InvalidSignature => VerifyError::BadSignature,
        ErrorKind::ExpiredSignature => VerifyError::Expired,
        ErrorKind::InvalidIssuer => VerifyError::NotAccepted("`iss` is not ours".to_owned()),
        ErrorKind::InvalidAudience => VerifyError::NotAccepted("`aud` is not ours".to_owned()),
        ErrorKind::MissingRequiredClaim(claim) => VerifyError::NotAccepted(format!("`{claim}` is missing")),
        ErrorKind::InvalidAlgorithm => VerifyError::NotAccepted("its algorithm is not RS256".to_owned()),
        _ => VerifyError::Malformed,
    }
}

/// The claim `exp` (RFC 7519 §4.1.4: seconds since 1970), in microseconds.
pub(super) fn expiry_us(claims: &Map<String, Value>) -> Option<i64> {
    claims.get("exp")?.as_i64()?.checked_mul(1_000_000)
}

pub(super) fn us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
