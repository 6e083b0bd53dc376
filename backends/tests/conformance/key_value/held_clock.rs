//! What the memory and the file promise to the millisecond, shown with a clock that the test holds.

use std::sync::Arc;
use std::time::Duration;

use mindflow_backends::clock::{Clock, ClockHandle};
use mindflow_backends::stores::key_value::{self, Condition, Config, KeyValue};

const NOON_US: i64 = 1_795_000_000_000_000;

async fn open(config: &Config, folder: &tempfile::TempDir) -> (Arc<dyn KeyValue>, ClockHandle) {
    let (clock, handle) = Clock::manual(NOON_US);
    (key_value::open(config, "b", folder.path(), clock).await.unwrap(), handle)
}

async fn gone_at_the_millisecond(config: Config) {
    let folder = tempfile::tempdir().unwrap();
    let (bucket, handle) = open(&config, &folder).await;
    let ttl = Some(Duration::from_millis(250));
    bucket.put("k", "1".into(), ttl, Condition::Always).await.unwrap();
    bucket.increment("n", 1, ttl).await.unwrap();
    handle.advance_us(249_999);
    assert!(bucket.get("k").await.unwrap().is_some());
    assert_eq!(bucket.increment("n", 1, ttl).await.unwrap(), 2);
    assert_eq!(bucket.list_keys("").await.unwrap().len(), 2);
    handle.advance_us(1);
    assert!(bucket.get("k").await.unwrap().is_none());
    assert!(bucket.list_keys("").await.unwrap().is_empty());
    assert_eq!(bucket.increment("n", 1, ttl).await.unwrap(), 1);
}

#[tokio::test]
async fn a_key_in_memory_is_gone_at_its_millisecond() {
    gone_at_the_millisecond(Config::Memory { max_bytes: key_value::MEMORY_BYTES_MIN }).await;
}

#[tokio::test]
async fn a_key_in_a_file_is_gone_at_its_millisecond() {
    gone_at_the_millisecond(Config::File {}).await;
}

#[tokio::test]
async fn a_full_memory_forgets_what_was_used_least_recently() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::Memory { max_bytes: key_value::MEMORY_BYTES_MIN };
    let (bucket, _hand) = open(&config, &folder).await;
    let tenth = vec![0u8; 200_000];
    for number in 0..10 {
        let key = format!("k{number}");
        bucket.put(&key, tenth.clone().into(), None, Condition::Always).await.unwrap();
    }
    bucket.get("k0").await.unwrap().unwrap();
    bucket.put("new", tenth.into(), None, Condition::Always).await.unwrap();
    let mut left = bucket.list_keys("").await.unwrap();
    left.sort();
    assert_eq!(left, ["k0", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9", "new"]);
}

#[tokio::test]
async fn a_full_memory_forgets_the_expired_before_the_living() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::Memory { max_bytes: key_value::MEMORY_BYTES_MIN };
    let (bucket, handle) = open(&config, &folder).await;
    let half = vec![0u8; 1_000_000];
    let put = async |key: &str, ttl| {
        bucket.put(key, half.clone().into(), ttl, Condition::Always).await.unwrap();
    };
    put("old-but-living", None).await;
    put("expired", Some(Duration::from_secs(1))).await;
    handle.advance_us(1_000_000);
    put("new", None).await;
    let mut left = bucket.list_keys("").await.unwrap();
    left.sort();
    assert_eq!(left, ["new", "old-but-living"]);
}
