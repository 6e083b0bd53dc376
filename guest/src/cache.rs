//! JSON values in a key-value bucket, read through. A cache that fails is a miss, never an error.

use crate::bindings::mindflow::platform::key_value::{Bucket, Condition};
use serde::{Serialize, de::DeserializeOwned};

/// The cached value, or what `load` answers, kept for `ttl_ms`.
///
/// # Errors
/// Those of `load`.
pub async fn read_through<T, E>(
    bucket: &str,
    key: String,
    ttl_ms: u64,
    load: impl AsyncFnOnce() -> Result<T, E>,
) -> Result<T, E>
where
    T: Serialize + DeserializeOwned,
{
    let Ok(bucket) = Bucket::open(bucket.to_owned()).await else {
        return load().await;
    };
    if let Ok(Some(entry)) = bucket.get(key.clone()).await
        && let Ok(value) = serde_json::from_slice(&entry.value)
    {
        return Ok(value);
    }
    let value = load().await?;
    if let Ok(bytes) = serde_json::to_vec(&value) {
        let _ = bucket.put(key, bytes, Some(ttl_ms), Condition::Always).await;
    }
    Ok(value)
}
