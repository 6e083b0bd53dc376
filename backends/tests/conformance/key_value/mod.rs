//! Goal: every back end of `key_value` keeps the same promises.
//! Method: one set of stories, run over the memory, the file, a real Redis and a Redis Cluster; and, at the end, the
//! stories that only one of them has (a moved clock, a `kill -9`, a server that goes away).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use mindflow_backends::clock::Clock;
use mindflow_backends::stores::key_value::{self, Condition, Config, Entry, Error, KeyValue, PutOutcome};
use mindflow_test_support::{TestRedis, until};

/// A bucket, and what must live as long as it.
struct Bed {
    bucket: Arc<dyn KeyValue>,
    config: Config,
    data_dir: tempfile::TempDir,
    _redis: Option<TestRedis>,
}

impl Bed {
    async fn new(config: Config, redis: Option<TestRedis>) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let bucket = key_value::open(&config, "sessions", data_dir.path(), Clock::system()).await;
        Self { bucket: bucket.unwrap(), config, data_dir, _redis: redis }
    }

    async fn memory() -> Self {
        Self::new(config(serde_json::json!({"backend": "memory"})), None).await
    }

    async fn file() -> Self {
        Self::new(Config::File {}, None).await
    }

    async fn redis() -> Self {
        Self::on(TestRedis::open()).await
    }

    async fn redis_cluster() -> Self {
        Self::on(TestRedis::cluster()).await
    }

    async fn on(redis: TestRedis) -> Self {
        let config = config(serde_json::json!({"backend": "redis", "url": redis.url, "prefix": redis.prefix}));
        Self::new(config, Some(redis)).await
    }
}

on_every_back_end! {
    [Bed]: memory, file, redis, redis_cluster;
    what_is_put_is_got,
    a_value_of_any_bytes_up_to_a_mebibyte_is_kept,
    a_key_is_gone_at_its_deadline,
    a_put_without_a_lifetime_ends_an_earlier_one,
    an_expired_key_counts_as_absent,
    a_hundred_puts_if_absent_store_one,
    of_many_puts_if_version_one_is_stored,
    a_put_that_is_stale_shows_what_is_there,
    increments_of_many_tasks_all_count,
    only_the_creator_of_a_counter_gives_it_a_lifetime,
    a_counter_reads_as_its_digits,
    what_is_no_counter_is_not_incremented,
    a_counter_does_not_leave_its_range,
    every_write_changes_the_version,
    a_version_does_not_come_back_after_a_delete,
    get_many_answers_in_the_order_asked,
    what_is_recalled_is_what_was_written_here,
    delete_counts_what_was_there,
    keys_are_listed_by_prefix,
    a_listing_ends_at_a_thousand_keys,
    what_is_out_of_bounds_is_refused,
    two_buckets_share_nothing,
    a_closed_bucket_is_unavailable,
}

async fn what_is_put_is_got(bed: Bed) {
    assert_eq!(bed.bucket.get("absent").await.unwrap(), None);
    let version = stored(bed.put("session:1", "anna", None, Condition::Always).await);
    assert_eq!(bed.get("session:1").await, Some(entry("anna", version)));
    bed.bucket.health().await.unwrap();
}

async fn a_value_of_any_bytes_up_to_a_mebibyte_is_kept(bed: Bed) {
    for value in [Vec::new(), vec![0, 255, 10, 13], vec![7; key_value::VALUE_BYTES_MAX]] {
        let value = Bytes::from(value);
        bed.bucket.put("k", value.clone(), None, Condition::Always).await.unwrap();
        assert!(bed.get("k").await.unwrap().value == value);
    }
}

async fn a_key_is_gone_at_its_deadline(bed: Bed) {
    bed.put("stays", "1", Some(Duration::from_hours(400 * 24)), Condition::Always).await;
    bed.put("goes", "1", Some(Duration::from_millis(80)), Condition::Always).await;
    bed.until_absent("goes").await;
    assert_eq!(bed.bucket.get_many(&keys(["goes"])).await.unwrap(), [None]);
    assert_eq!(bed.bucket.list_keys("").await.unwrap(), ["stays"]);
    assert_eq!(bed.bucket.delete(&keys(["goes"])).await.unwrap(), 0);
}

async fn a_put_without_a_lifetime_ends_an_earlier_one(bed: Bed) {
    bed.put("k", "1", Some(Duration::from_millis(40)), Condition::Always).await;
    bed.put("k", "2", None, Condition::Always).await;
    bed.put("later", "1", Some(Duration::from_millis(60)), Condition::Always).await;
    bed.until_absent("later").await;
    assert_eq!(bed.get("k").await.unwrap().value, "2");
}

async fn an_expired_key_counts_as_absent(bed: Bed) {
    let ttl = Some(Duration::from_millis(30));
    let version = stored(bed.put("k", "1", ttl, Condition::Always).await);
    bed.until_absent("k").await;
    let outcome = bed.put("k", "2", None, Condition::IfVersion(version)).await;
    assert_eq!(outcome, PutOutcome::Stale(None));
    stored(bed.put("k", "2", None, Condition::IfAbsent).await);
    bed.bucket.increment("n", 5, ttl).await.unwrap();
    bed.until_absent("n").await;
    assert_eq!(bed.bucket.increment("n", 1, None).await.unwrap(), 1);
}

async fn a_hundred_puts_if_absent_store_one(bed: Bed) {
    let outcomes = bed.concurrently(100, |bucket, number| async move {
        bucket.put("k", Bytes::from(number.to_string()), None, Condition::IfAbsent).await.unwrap()
    });
    let outcomes = outcomes.await;
    let winner = bed.get("k").await.unwrap();
    let stored: Vec<_> =
        outcomes.iter().enumerate().filter(|(_, outcome)| matches!(outcome, PutOutcome::Stored(_))).collect();
    assert_eq!(stored.len(), 1, "{outcomes:?}");
    assert_eq!(winner.value, stored[0].0.to_string());
    let stale = PutOutcome::Stale(Some(winner));
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == stale).count(), 99);
}

async fn of_many_puts_if_version_one_is_stored(bed: Bed) {
    let version = stored(bed.put("k", "0", None, Condition::Always).await);
    let outcomes = bed.concurrently(50, move |bucket, number| async move {
        let when = Condition::IfVersion(version);
        bucket.put("k", Bytes::from(number.to_string()), None, when).await.unwrap()
    });
    let is_stored = |outcome: &&PutOutcome| matches!(outcome, PutOutcome::Stored(_));
    assert_eq!(outcomes.await.iter().filter(is_stored).count(), 1);
}

async fn a_put_that_is_stale_shows_what_is_there(bed: Bed) {
    let outcome = bed.put("k", "1", None, Condition::IfVersion(1)).await;
    assert_eq!(outcome, PutOutcome::Stale(None));
    let first = stored(bed.put("k", "1", None, Condition::IfAbsent).await);
    let there = PutOutcome::Stale(Some(entry("1", first)));
    assert_eq!(bed.put("k", "2", None, Condition::IfAbsent).await, there);
    let second = stored(bed.put("k", "2", None, Condition::IfVersion(first)).await);
    let there = PutOutcome::Stale(Some(entry("2", second)));
    assert_eq!(bed.put("k", "3", None, Condition::IfVersion(first)).await, there);
}

async fn increments_of_many_tasks_all_count(bed: Bed) {
    let totals = bed.concurrently(100, |bucket, _| async move {
        bucket.increment("n", 3, Some(Duration::from_mins(1))).await.unwrap()
    });
    let mut totals = totals.await;
    totals.sort_unstable();
    assert_eq!(totals, (1..=100).map(|n| n * 3).collect::<Vec<i64>>());
}

async fn only_the_creator_of_a_counter_gives_it_a_lifetime(bed: Bed) {
    bed.bucket.increment("window", 1, Some(Duration::from_millis(80))).await.unwrap();
    bed.bucket.increment("window", 1, Some(Duration::from_hours(1))).await.unwrap();
    bed.bucket.increment("total", 1, None).await.unwrap();
    bed.bucket.increment("total", 1, Some(Duration::from_millis(1))).await.unwrap();
    bed.until_absent("window").await;
    assert_eq!(bed.get("total").await.unwrap().value, "2");
}

async fn a_counter_reads_as_its_digits(bed: Bed) {
    assert_eq!(bed.bucket.increment("n", -7, None).await.unwrap(), -7);
    assert_eq!(bed.get("n").await.unwrap().value, "-7");
    bed.put("n", "40", None, Condition::Always).await;
    assert_eq!(bed.bucket.increment("n", 2, None).await.unwrap(), 42);
}

async fn what_is_no_counter_is_not_incremented(bed: Bed) {
    for value in ["anna", "", "+1", "01", "1.5", " 1", "9223372036854775808"] {
        let version = stored(bed.put("k", value, None, Condition::Always).await);
        let outcome = bed.bucket.increment("k", 1, None).await;
        assert!(matches!(outcome, Err(Error::Invalid(_))), "{value:?}: {outcome:?}");
        assert_eq!(bed.get("k").await, Some(entry(value, version)));
    }
}

async fn a_counter_does_not_leave_its_range(bed: Bed) {
    assert_eq!(bed.bucket.increment("n", i64::MAX, None).await.unwrap(), i64::MAX);
    assert!(matches!(bed.bucket.increment("n", 1, None).await, Err(Error::Invalid(_))));
    assert_eq!(bed.get("n").await.unwrap().value, i64::MAX.to_string());
}

async fn every_write_changes_the_version(bed: Bed) {
    let first = stored(bed.put("k", "1", None, Condition::Always).await);
    let second = stored(bed.put("k", "1", None, Condition::Always).await);
    bed.bucket.increment("k", 0, None).await.unwrap();
    let third = bed.get("k").await.unwrap().version;
    assert!(first != second && second != third && first != third);
}

async fn a_version_does_not_come_back_after_a_delete(bed: Bed) {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let version = stored(bed.put("k", "1", None, Condition::IfAbsent).await);
        assert!(seen.insert(version), "version {version} came back");
        assert_eq!(bed.bucket.delete(&keys(["k"])).await.unwrap(), 1);
    }
}

async fn get_many_answers_in_the_order_asked(bed: Bed) {
    let a = stored(bed.put("a", "1", None, Condition::Always).await);
    let b = stored(bed.put("b", "2", None, Condition::Always).await);
    let found = bed.bucket.get_many(&keys(["b", "none", "a", "b"])).await.unwrap();
    let (a, b) = (Some(entry("1", a)), Some(entry("2", b)));
    assert_eq!(found, [b.clone(), None, a, b]);
    assert_eq!(bed.bucket.get_many(&[]).await.unwrap(), []);
}

async fn what_is_recalled_is_what_was_written_here(bed: Bed) {
    for number in 0..20 {
        let a = stored(bed.put("a", "1", None, Condition::Always).await);
        let b = bed.bucket.increment("b", 1, None).await.unwrap();
        let recalled = bed.bucket.recall(&keys(["b", "none", "a"]), &keys(["a", "none"])).await.unwrap();
        let a = Some(entry("1", a));
        assert_eq!(recalled[1..], [None, a.clone(), a, None], "after {number}");
        assert_eq!(recalled[0].as_ref().unwrap().value, b.to_string());
        bed.bucket.delete(&keys(["a"])).await.unwrap();
        assert_eq!(bed.bucket.recall(&keys(["a"]), &[]).await.unwrap(), [None]);
    }
    assert_eq!(bed.bucket.recall(&[], &[]).await.unwrap(), []);
}

async fn delete_counts_what_was_there(bed: Bed) {
    bed.put("a", "1", None, Condition::Always).await;
    bed.put("b", "1", None, Condition::Always).await;
    assert_eq!(bed.bucket.delete(&keys(["a", "none", "b", "a"])).await.unwrap(), 2);
    assert_eq!(bed.bucket.delete(&keys(["a", "b"])).await.unwrap(), 0);
    assert_eq!(bed.bucket.delete(&[]).await.unwrap(), 0);
}

async fn keys_are_listed_by_prefix(bed: Bed) {
    let all = ["user:1", "user:2", "user:*", "user:[12]", "users", "tag:1", r"user:\x", "ü:1"];
    for key in all {
        bed.put(key, "1", None, Condition::Always).await;
    }
    let listed = async |prefix: &str| {
        let mut keys = bed.bucket.list_keys(prefix).await.unwrap();
        keys.sort();
        keys
    };
    assert_eq!(listed("user:").await, ["user:*", "user:1", "user:2", "user:[12]", r"user:\x"]);
    assert_eq!(listed("user:*").await, ["user:*"]);
    assert_eq!(listed("user:[").await, ["user:[12]"]);
    assert_eq!(listed(r"user:\").await, [r"user:\x"]);
    assert_eq!(listed("ü").await, ["ü:1"]);
    assert_eq!(listed("none").await, [""; 0]);
    assert_eq!(listed("").await.len(), all.len());
}

async fn a_listing_ends_at_a_thousand_keys(bed: Bed) {
    let put = bed.concurrently(1_010, |bucket, number| async move {
        bucket.put(&format!("k:{number}"), "1".into(), None, Condition::Always).await.unwrap()
    });
    put.await;
    let listed = bed.bucket.list_keys("k:").await.unwrap();
    let unique: std::collections::HashSet<_> = listed.iter().collect();
    assert_eq!((listed.len(), unique.len()), (1_000, 1_000));
}

async fn what_is_out_of_bounds_is_refused(bed: Bed) {
    let bucket = &bed.bucket;
    let long = "k".repeat(513);
    let put = async |key: &str, bytes: usize, ttl: Option<Duration>| {
        bucket.put(key, vec![0; bytes].into(), ttl, Condition::Always).await.map(drop)
    };
    let refused = [
        bucket.get("").await.map(drop),
        bucket.get(&long).await.map(drop),
        put("", 1, None).await,
        put(&long, 1, None).await,
        put("k", key_value::VALUE_BYTES_MAX + 1, None).await,
        put("k", 1, Some(Duration::ZERO)).await,
        put("k", 1, Some(Duration::from_micros(999))).await,
        put("k", 1, Some(Duration::from_hours(400 * 24) + Duration::from_millis(1))).await,
        bucket.increment("", 1, None).await.map(drop),
        bucket.increment("k", 1, Some(Duration::ZERO)).await.map(drop),
        bucket.get_many(&vec!["k".to_owned(); 101]).await.map(drop),
        bucket.recall(&[], &vec!["k".to_owned(); 101]).await.map(drop),
        bucket.recall(&keys([""]), &[]).await.map(drop),
        bucket.delete(&vec!["k".to_owned(); 101]).await.map(drop),
        bucket.delete(&keys([""])).await.map(drop),
        bucket.list_keys(&long).await.map(drop),
    ];
    for (number, outcome) in refused.into_iter().enumerate() {
        assert!(matches!(outcome, Err(Error::Invalid(_))), "number {number}: {outcome:?}");
    }
    put(&"k".repeat(512), 1, Some(Duration::from_hours(400 * 24))).await.unwrap();
    bucket.get_many(&vec!["k".to_owned(); 100]).await.unwrap();
}

async fn two_buckets_share_nothing(bed: Bed) {
    let other = key_value::open(&bed.config, "cache", bed.data_dir.path(), Clock::system());
    let other = other.await.unwrap();
    bed.put("k", "1", None, Condition::Always).await;
    assert_eq!(other.get("k").await.unwrap(), None);
    assert_eq!(other.list_keys("").await.unwrap(), [""; 0]);
}

async fn a_closed_bucket_is_unavailable(bed: Bed) {
    bed.bucket.close().await;
    bed.bucket.close().await;
    assert!(matches!(bed.bucket.get("k").await, Err(Error::Unavailable(_))));
    assert!(matches!(bed.bucket.recall(&keys(["k"]), &[]).await, Err(Error::Unavailable(_))));
    let put = bed.bucket.put("k", "1".into(), None, Condition::Always).await;
    assert!(matches!(put, Err(Error::Unavailable(_))));
    assert!(matches!(bed.bucket.health().await, Err(Error::Unavailable(_))));
}

// === what only one back end has ===

mod configuration;
mod held_clock;
mod only_cluster;
mod only_file;
mod only_redis;
mod recall;

// === the plumbing ===

impl Bed {
    async fn get(&self, key: &str) -> Option<Entry> {
        self.bucket.get(key).await.unwrap()
    }

    async fn put(&self, key: &str, value: &'static str, ttl: Option<Duration>, when: Condition) -> PutOutcome {
        self.bucket.put(key, value.into(), ttl, when).await.unwrap()
    }

    async fn until_absent(&self, key: &str) {
        until(&format!("the lifetime of {key} ends"), async || self.get(key).await.is_none()).await;
    }

    /// Runs `call` in so many tasks concurrently, and returns what they returned.
    async fn concurrently<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        tasks: usize,
        call: impl Fn(Arc<dyn KeyValue>, usize) -> F,
    ) -> Vec<T> {
        let tasks = (0..tasks).map(|number| tokio::spawn(call(self.bucket.clone(), number)));
        join_all(tasks.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect()
    }
}

fn config(json: serde_json::Value) -> Config {
    serde_json::from_value(json).unwrap()
}

fn entry(value: &'static str, version: u64) -> Entry {
    Entry { value: value.into(), version }
}

fn stored(outcome: PutOutcome) -> u64 {
    match outcome {
        PutOutcome::Stored(version) => version,
        PutOutcome::Stale(there) => panic!("not stored; there is {there:?}"),
    }
}

fn keys<const N: usize>(keys: [&str; N]) -> Vec<String> {
    keys.map(str::to_owned).to_vec()
}
