//! The limits of the WIT interface, checked once in front of every back end, so that they cannot
//! differ between them.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mindflow_platform::key_value::{check_key, check_keys, check_prefix, check_ttl, check_value};

use super::{Condition, Entry, Error, KeyValue, PutOutcome};

/// A back end behind its limits.
pub(super) struct Checked<B>(pub B);

#[async_trait]
impl<B: KeyValue> KeyValue for Checked<B> {
    async fn get(&self, key: &str) -> Result<Option<Entry>, Error> {
        check_key(key).map_err(Error::Invalid)?;
        self.0.get(key).await
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        check_keys(keys).map_err(Error::Invalid)?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.0.get_many(keys).await
    }

    async fn recall(&self, keys: &[String], current: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        check_keys(keys).and(check_keys(current)).map_err(Error::Invalid)?;
        if keys.is_empty() && current.is_empty() {
            return Ok(Vec::new());
        }
        self.0.recall(keys, current).await
    }

    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>, when: Condition) -> Result<PutOutcome, Error> {
        check_key(key).map_err(Error::Invalid)?;
        check_ttl(ttl).map_err(Error::Invalid)?;
        check_value(&value).map_err(Error::Invalid)?;
        self.0.put(key, value, ttl, when).await
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, Error> {
        check_key(key).map_err(Error::Invalid)?;
        check_ttl(ttl).map_err(Error::Invalid)?;
        self.0.increment(key, delta, ttl).await
    }

    async fn delete(&self, keys: &[String]) -> Result<u32, Error> {
        check_keys(keys).map_err(Error::Invalid)?;
        if keys.is_empty() {
            return Ok(0);
        }
        self.0.delete(keys).await
    }

    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        check_prefix(prefix).map_err(Error::Invalid)?;
        self.0.list_keys(prefix).await
    }

    async fn health(&self) -> Result<(), Error> {
        self.0.health().await
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
