//! Addresses that open an export without a token until it is removed, for a browser's download and for programs that go on with one.

use crate::DATABASE;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use mindflow_guest::{
    call::Error,
    sql::{self, Identity},
};
use sha2::Sha256;
use std::sync::OnceLock;
use uuid::Uuid;

/// The key never changes, so that links stay valid.
const KEY: &str = "SELECT key FROM portability.url_key";
/// What a link's query has.
pub const PARAMETERS: [&str; 2] = ["expires", "signature"];

/// The key, read once per instance.
pub async fn key() -> Result<&'static [u8], Error> {
    static LOADED: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(key) = LOADED.get() {
        return Ok(key);
    }
    let rows = sql::query(DATABASE, Identity::Service, KEY, Vec::new()).await?;
    let row = rows.first().ok_or_else(|| Error::Internal("there is no key for links".into()))?;
    let key = row.get("key")?;
    Ok(LOADED.get_or_init(|| key))
}

/// Where the export is until then.
pub fn address(key: &[u8], job: Uuid, expires_us: i64) -> String {
    let expires_s = expires_us.div_euclid(1_000_000);
    let signature = mac(key, job, expires_s).map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    format!("/portability/exports/{job}?expires={expires_s}&signature={}", signature.unwrap_or_default())
}

/// Whether the query is of a link to the export that is not over.
pub fn opens(key: &[u8], job: Uuid, query: &str, now_us: i64) -> bool {
    let value = |name: &str| {
        let of =
            |pair: &'_ str| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
        query.split('&').find_map(of)
    };
    let expires_s = value("expires").and_then(|text| text.parse::<i64>().ok());
    let signature = value("signature").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let (Some(expires_s), Some(signature)) = (expires_s, signature) else { return false };
    // The comparison takes the same time wherever they differ.
    now_us.div_euclid(1_000_000) < expires_s
        && mac(key, job, expires_s).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
}

/// None only for a key of a length that HMAC does not take, and it takes all.
fn mac(key: &[u8], job: Uuid, expires_s: i64) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{job}.{expires_s}").as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_its_export_until_it_is_over() {
        let (key, job) = ([7; 32], Uuid::from_u128(1));
        let address = address(&key, job, 100_000_000);
        let (path, query) = address.split_once('?').unwrap();
        assert_eq!(path, format!("/portability/exports/{job}"));
        assert!(opens(&key, job, query, 99_999_999));
        assert!(!opens(&key, job, query, 100_000_000));
        assert!(!opens(&key, Uuid::from_u128(2), query, 0));
        assert!(!opens(&[8; 32], job, query, 0));
        for wrong in ["", "expires=100", &query.replace("expires=100", "expires=999"), "expires=x&signature=%"] {
            assert!(!opens(&key, job, wrong, 0), "{wrong}");
        }
    }
}
