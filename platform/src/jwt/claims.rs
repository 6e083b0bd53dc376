//! What the claims of this platform's tokens must be, and what is wrong with those of others.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{STATEMENT_BYTES_MAX, Settings, SignError, TOKEN_BYTES_MAX, Verified, VerifyError, us};

/// The claims as they are signed: this platform's, and not to live longer than they may.
///
/// # Errors
/// [`SignError::Claims`].
pub fn check(claims: &str, settings: &Settings, now_us: i64) -> Result<String, SignError> {
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

/// A statement as it is signed: no token, so it has neither of the claims that every token needs ([`verified`]).
///
/// # Errors
/// [`SignError::Claims`].
pub fn check_statement(statement: &str) -> Result<String, SignError> {
    let refuse = |reason: &str| Err(SignError::Claims(reason.to_owned()));
    let Ok(statement) = serde_json::from_str::<Map<String, Value>>(statement) else {
        return refuse("they are not a JSON object");
    };
    if ["aud", "exp"].iter().any(|name| statement.contains_key(*name)) {
        return refuse("a statement has neither `aud` nor `exp`, which tokens have");
    }
    let statement = Value::Object(statement).to_string();
    if statement.len() > STATEMENT_BYTES_MAX {
        return refuse("they are too long for a statement");
    }
    Ok(statement)
}

/// What the claims of a token whose signature is right prove, whatever the time.
///
/// # Errors
/// [`VerifyError::NotAccepted`].
pub fn verified(claims: Map<String, Value>, settings: &Settings) -> Result<Verified, VerifyError> {
    let refuse = |reason: &str| Err(VerifyError::NotAccepted(reason.to_owned()));
    for (name, ours) in [("iss", &settings.issuer), ("aud", &settings.audience)] {
        // RFC 7519 §4.1.3: one text, or a list of them.
        let is_ours = match claims.get(name) {
            Some(Value::String(text)) => text == ours,
            Some(Value::Array(texts)) => texts.iter().any(|text| text.as_str() == Some(ours)),
            _ => return refuse(&format!("`{name}` is missing")),
        };
        if !is_ours {
            return refuse(&format!("`{name}` is not ours"));
        }
    }
    let Some(expires_at_us) = expiry_us(&claims) else {
        return refuse("`exp` is missing");
    };
    let roles = claims.get("roles").and_then(Value::as_array);
    Ok(Verified {
        expires_at_us,
        subject: claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned(),
        roles: roles
            .map(|roles| roles.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default(),
        claims: Value::Object(claims).to_string(),
    })
}

/// The claim `exp` (RFC 7519 §4.1.4: seconds since 1970), in microseconds.
pub fn expiry_us(claims: &Map<String, Value>) -> Option<i64> {
    claims.get("exp")?.as_i64()?.checked_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOON: i64 = 1_795_000_000;

    fn settings() -> Settings {
        let (issuer, audience) = ("mindflow-auth".into(), "mindflow".into());
        Settings { issuer, audience, access_lifetime: Duration::from_mins(15) }
    }

    fn claims(name: &str, value: Value) -> Map<String, Value> {
        let mut claims = json!({
            "sub": "anna", "roles": ["user", 7, "premium"], "exp": NOON + 900, "iss": "mindflow-auth", "aud": "mindflow",
        });
        claims[name] = value;
        claims.as_object().unwrap().clone()
    }

    #[test]
    fn claims_prove_a_subject_with_roles() {
        let proven = verified(claims("aud", json!(["others", "mindflow"])), &settings()).unwrap();
        assert_eq!((proven.subject.as_str(), proven.expires_at_us), ("anna", (NOON + 900) * 1_000_000));
        assert_eq!(proven.roles, ["user", "premium"]);
        assert!(proven.user_id().unwrap_err().contains("`sub` is no UUID"));
    }

    #[test]
    fn claims_of_others_are_refused_by_name() {
        for (name, value, reason) in [
            ("iss", json!("somebody"), "`iss` is not ours"),
            ("iss", json!(7), "`iss` is missing"),
            ("aud", json!("others"), "`aud` is not ours"),
            ("aud", json!([]), "`aud` is not ours"),
            ("aud", Value::Null, "`aud` is missing"),
            ("exp", json!("9999999999"), "`exp` is missing"),
        ] {
            let error = verified(claims(name, value), &settings()).unwrap_err();
            assert_eq!(error, VerifyError::NotAccepted(reason.into()));
        }
    }

    #[test]
    fn a_statement_is_no_token() {
        let statement = check_statement(r#"{"iss":"mindflow-auth","erasureId":"e"}"#).unwrap();
        let claims = serde_json::from_str(&statement).unwrap();
        assert!(verified(claims, &settings()).is_err(), "and opens nothing");
        for other in ["[]", r#"{"aud":"mindflow"}"#, r#"{"exp":1}"#, &json!({ "x": "x".repeat(40_000) }).to_string()] {
            assert!(matches!(check_statement(other), Err(SignError::Claims(_))), "{other:.40}");
        }
    }

    #[test]
    fn only_claims_of_the_platform_that_end_soon_are_signed() {
        let signed = |name: &str, value: Value| {
            check(&Value::Object(claims(name, value)).to_string(), &settings(), NOON * 1_000_000)
        };
        signed("exp", json!(NOON + 901)).unwrap();
        for (name, value) in [
            ("exp", json!(NOON)),
            ("exp", json!(NOON + 902)),
            ("aud", json!(["mindflow"])),
            ("iss", json!("x")),
            ("note", json!("x".repeat(5_000))),
        ] {
            assert!(matches!(signed(name, value), Err(SignError::Claims(_))), "{name}");
        }
    }
}
