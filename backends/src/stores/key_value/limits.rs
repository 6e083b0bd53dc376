//! The limits of the WIT interface, checked once in front of every back end, so that they cannot
//! differ between them.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Condition, Entry, Error, KeyValue, PutOutcome};

/// Longer keys are values in disguise; ours are some 60 bytes (`session:{uuid}`).
pub const KEY_BYTES_MAX: usize = 512;
/// 1 MiB: a page of 100 entries in JSON fits; files belong to the blob store.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;
/// The finest grain that every back end can keep (Redis: `PEXPIRE`).
pub const TTL_MIN: Duration = Duration::from_millis(1);
/// 400 days, the longest lifetime that browsers allow a cookie.
pub const TTL_MAX: Duration = Duration::from_hours(400 * 24);
/// Bounds one call's work: 100 values of 1 MiB are 100 MiB in flight at worst.
pub const KEYS_PER_CALL_MAX: usize = 100;
/// Bounds a listing: 1,000 keys of 512 bytes are half a megabyte.
pub const KEYS_PER_LIST_MAX: usize = 1000;

/// A back end behind its limits.
pub(super) struct Checked<B>(pub B);

#[async_trait]
impl<B: KeyValue> KeyValue for Checked<B> {
    async fn get(&self, key: &str) -> Result<Option<Entry>, Error> {
        check_key(key)?;
        self.0.get(key).await
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        check_keys(keys)?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.0.get_many(keys).await
    }

    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>, when: Condition) -> Result<PutOutcome, Error> {
        check_key(key)?;
        check_ttl(ttl)?;
        if value.len() > VALUE_BYTES_MAX {
            return Err(Error::Invalid(format!(
                "a value may have {VALUE_BYTES_MAX} bytes; this one has {}",
                value.len()
            )));
        }
        self.0.put(key, value, ttl, when).await
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, Error> {
        check_key(key)?;
        check_ttl(ttl)?;
        self.0.increment(key, delta, ttl).await
    }

    async fn delete(&self, keys: &[String]) -> Result<u32, Error> {
        check_keys(keys)?;
        if keys.is_empty() {
            return Ok(0);
        }
        self.0.delete(keys).await
    }

    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        if prefix.len() > KEY_BYTES_MAX {
            return Err(Error::Invalid(format!(
                "a prefix may have {KEY_BYTES_MAX} bytes; this one has {}",
                prefix.len()
            )));
        }
        self.0.list_keys(prefix).await
    }

    async fn health(&self) -> Result<(), Error> {
        self.0.health().await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    if (1..=KEY_BYTES_MAX).contains(&key.len()) {
        return Ok(());
    }
    Err(Error::Invalid(format!("a key must have 1 to {KEY_BYTES_MAX} bytes; this one has {}", key.len())))
}

fn check_keys(keys: &[String]) -> Result<(), Error> {
    if keys.len() > KEYS_PER_CALL_MAX {
        return Err(Error::Invalid(format!("a call may name {KEYS_PER_CALL_MAX} keys; this one names {}", keys.len())));
    }
    keys.iter().try_for_each(|key| check_key(key))
}

fn check_ttl(ttl: Option<Duration>) -> Result<(), Error> {
    match ttl {
        Some(ttl) if !(TTL_MIN..=TTL_MAX).contains(&ttl) => {
            Err(Error::Invalid(format!("a lifetime must be 1 ms to 400 days; this one is {} ms", ttl.as_millis())))
        }
        _ => Ok(()),
    }
}
