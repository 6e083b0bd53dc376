//! The keys in the write database, as the role of the capability may see them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mindflow_platform::jwt::{Jwk, KeySet, Known, Period, Wrapping};
use mindflow_platform::sql::{Error, Value};
use mindflow_spin_guest::postgres::{Connection, Rows};
use mindflow_spin_guest::{time, variables};
use rsa::{PrivateKey, PublicKey};

use super::rsa_key;

pub(super) type Keys = KeySet<Arc<PublicKey>>;

const PUBLIC_KEYS: &str = "SELECT kid, public_jwk, signs_from, retired_at FROM mindflow.public_signing_keys()";
const WRAPPED_KEY: &str = "SELECT mindflow.wrapped_signing_key($1)";
/// Ten times what a replica under load needs, and less than a request's deadline.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Reads the public keys. Those that are known from `before` are not taken apart again.
pub(super) async fn public_keys(before: &Keys, read_at_us: i64) -> Result<Keys, String> {
    let mut by_kid = HashMap::new();
    for row in asked(PUBLIC_KEYS, &[]).await?.rows {
        let (kid, known) = known(row, before)?;
        by_kid.insert(kid, known);
    }
    Ok(Keys { by_kid, read_at_us })
}

fn known(row: Vec<Value>, before: &Keys) -> Result<(String, Known<Arc<PublicKey>>), String> {
    let [Value::Text(kid), Value::Text(jwk), Value::Timestamp(signs_from_us), retired_at] =
        <[Value; 4]>::try_from(row).map_err(|_| "mindflow.public_signing_keys answered other columns".to_owned())?
    else {
        return Err("mindflow.public_signing_keys answered other types".to_owned());
    };
    let retired_at_us = match retired_at {
        Value::Timestamp(us) => Some(us),
        _ => None,
    };
    let period = Period { signs_from_us, retired_at_us };
    if let Some(Known { jwk, key, .. }) = before.by_kid.get(&kid) {
        return Ok((kid, Known { jwk: jwk.clone(), period, key: Arc::clone(key) }));
    }
    let unreadable = |reason| format!("signing key {kid:?} in mindflow.signing_keys cannot be read: {reason}");
    let jwk = Jwk::read(&jwk).map_err(unreadable)?;
    if jwk.kid() != kid {
        return Err(unreadable(format!("it is the key {:?}", jwk.kid())));
    }
    let key = Arc::new(rsa_key::public(&jwk).map_err(unreadable)?);
    Ok((kid, Known { jwk, period, key }))
}

/// Reads and opens a private key.
pub(super) async fn private_key(kid: &str) -> Result<PrivateKey, String> {
    let secret = variables::get("jwt_wrapping_secret").await?;
    let secret = secret.ok_or("the variable `jwt_wrapping_secret` is not set")?;
    let wrapping = Wrapping::new(&secret).map_err(|error| format!("the variable `jwt_wrapping_secret`: {error}"))?;
    let wrapped = match asked(WRAPPED_KEY, &[kid.into()]).await?.into_single() {
        Ok(Value::Bytes(wrapped)) => wrapped,
        _ => {
            return Err(format!(
                "signing key {kid:?} is not wrapped: set `wrapping-secret` in [keys] of a MindFlow host to the value of \
                 the variable `jwt_wrapping_secret`, and start it"
            ));
        }
    };
    let pem = wrapping.open(kid, &wrapped);
    pem.map_err(|error| error.to_string()).and_then(|pem| rsa_key::private(&pem)).map_err(|reason| {
        format!("signing key {kid:?} cannot be opened with the variable `jwt_wrapping_secret`: {reason}")
    })
}

async fn asked(statement: &str, params: &[Value]) -> Result<Rows, String> {
    let dsn = variables::get("keys_dsn").await?.ok_or("the variable `keys_dsn` is not set")?;
    let answer = async { Connection::open(&dsn).await?.query(statement, params).await };
    let answer: Result<Rows, Error> = time::within(ANSWER_WITHIN, answer).await.unwrap_or(Err(Error::Timeout));
    answer.map_err(|error| format!("the signing keys cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a pair that was made for this test and thrown away.
    const N: &str = "n4eSD8wefMO28Xxyv_9y3IWv-xnPcEkMldf8YHmblnmH0kiJZxeCSYLHYbxRXYnQuhteekjOTpIKm62t1nxhNgedDeWfGbn6Q3r9\
                     3PWIWGWci2dzs38uM63QAcDkOyJl5TCFzNfvdi9eoRHJPkipnC9fUd8NPwwZj1gsctf4BoFtoT_nUAvsiilqQvg_L4Yk4X1BHaLr\
                     X77fn0GdPJR9JJXdqPk2xgd_8tjAjI2AOAdjZXioXuHjChD7JLJwbhuR_wwv6rJ0tSRn_jNaNF17Oe1VElwsenLtC68kEFwUBkYs\
                     gib5NAdAY6seLbUn6y8ibaj-ez-kFZjsmxA6rHo5kQ";

    fn row(kid: &str) -> Vec<Value> {
        let jwk = format!(r#"{{"kty":"RSA","n":"{N}","e":"AQAB"}}"#);
        vec![kid.into(), jwk.into(), Value::Timestamp(7), Value::Null]
    }

    #[test]
    fn a_row_is_a_key_with_its_time() {
        let none = Keys::default();
        let refused = known(row("another"), &none).unwrap_err();
        let kid = refused.split("it is the key \"").nth(1).unwrap().trim_end_matches('"').to_owned();
        let (name, known) = known(row(&kid), &none).unwrap();
        assert_eq!((name, known.period), (kid, Period { signs_from_us: 7, retired_at_us: None }));
    }

    #[test]
    fn a_row_of_something_else_is_refused() {
        assert!(known(vec![Value::Null], &Keys::default()).unwrap_err().contains("other columns"));
        assert!(known(vec![Value::Null; 4], &Keys::default()).unwrap_err().contains("other types"));
    }
}
