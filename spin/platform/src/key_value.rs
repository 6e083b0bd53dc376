//! The capability `key-value`.

use crate::Platform;
use crate::bindings::exports::mindflow::platform::key_value::{Bucket, Condition, Entry, Error, Guest, GuestBucket, PutOutcome};

impl Guest for Platform {
    type Bucket = Opened;
}

/// A bucket.
pub struct Opened;

fn later<T>() -> Result<T, Error> {
    Err(Error::Unavailable("to be written".to_owned()))
}

impl GuestBucket for Opened {
    async fn open(_name: String) -> Result<Bucket, Error> {
        later()
    }

    async fn get(&self, _key: String) -> Result<Option<Entry>, Error> {
        later()
    }

    async fn get_many(&self, _keys: Vec<String>) -> Result<Vec<Option<Entry>>, Error> {
        later()
    }

    async fn put(
        &self,
        _key: String,
        _value: Vec<u8>,
        _ttl_ms: Option<u64>,
        _when: Condition,
    ) -> Result<PutOutcome, Error> {
        later()
    }

    async fn increment(&self, _key: String, _delta: i64, _ttl_ms: Option<u64>) -> Result<i64, Error> {
        later()
    }

    async fn delete(&self, _keys: Vec<String>) -> Result<u32, Error> {
        later()
    }

    async fn list_keys(&self, _prefix: String) -> Result<Vec<String>, Error> {
        later()
    }
}
