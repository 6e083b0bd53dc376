//! Buckets: lifetimes, conditions, counters, and the same data as on the host.

use super::Stage;
use mindflow_backends::clock::Clock;
use mindflow_backends::stores::key_value::{self, Condition};
use mindflow_test_support::until;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_conditions_versions_and_counters() {
    let stage = Stage::new(|_| {}).await;
    let answers = stage.run(json!([
        ["get", "cache", "a"],
        ["put", "cache", "a", "1", "", "absent"],
        ["put", "cache", "a", "2", "", "absent"],
        ["get", "cache", "a"],
        ["put", "cache", "a", "3", "", "old"],
        ["put", "cache", "a", "4", "", "current"],
        ["get-many", "cache", "b", "a"],
        ["recall", "cache", "a", "b", "a"],
        ["put", "cache", "b", "x", "", "old"],
        ["increment", "cache", "n", "5", ""],
        ["increment", "cache", "n", "-7", ""],
        ["increment", "cache", "a", "1", ""],
        ["put", "cache", "word", "w", "", "always"],
        ["increment", "cache", "word", "1", ""],
        ["list", "cache", ""],
        ["list", "cache", "w"],
        ["delete", "cache", "a", "b", "n"],
        ["get", "cache", "a"],
    ]));
    assert_eq!(
        answers.await,
        [
            "None",
            "\"stored\"",
            "\"stale\"",
            "Some(\"1\")",
            "\"stale\"",
            "\"stored\"",
            "[None, Some(\"4\")]",
            "[Some(\"4\"), None, Some(\"4\")]",
            "\"absent\"",
            "5",
            "-2",
            "5",
            "\"stored\"",
            "error: Error::Invalid(\"the value of \\\"word\\\" is not a counter\")",
            "[\"a\", \"n\", \"word\"]",
            "[\"word\"]",
            "2",
            "None",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifetime_ends_and_is_not_renewed_by_counting() {
    let stage = Stage::new(|_| {}).await;
    let answers = stage.run(json!([
        ["put", "cache", "a", "1", "400", "always"],
        ["increment", "cache", "n", "1", "400"],
        ["increment", "cache", "n", "1", "60000"],
        ["put", "cache", "kept", "1", "400", "always"],
        ["put", "cache", "kept", "2", "", "always"],
        ["put", "cache", "zero", "1", "0", "always"],
    ]));
    let answers = answers.await;
    assert_eq!(answers[..5], ["\"stored\"", "1", "2", "\"stored\"", "\"stored\""]);
    assert!(answers[5].contains("a lifetime must be 1 ms to 400 days"), "{answers:?}");
    until("a lifetime has not ended", async || {
        stage.step(json!(["get-many", "cache", "a", "n", "kept"])).await == "[None, None, Some(\"2\")]"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_and_spin_have_the_same_bucket() {
    let stage = Stage::new(|_| {}).await;
    let config = json!({ "backend": "redis", "url": stage.store.url, "prefix": stage.store.prefix });
    let config = serde_json::from_value(config).unwrap();
    let host = key_value::open(&config, "cache", Path::new(""), Clock::system()).await.unwrap();
    host.put("from:host", "h".into(), Some(Duration::from_secs(60)), Condition::Always).await.unwrap();
    let answers = stage.run(json!([
        ["get", "cache", "from:host"],
        ["put", "cache", "from:host", "s", "60000", "current"],
        ["increment", "cache", "n", "3", "60000"],
    ]));
    assert_eq!(answers.await, ["Some(\"h\")", "\"stored\"", "3"]);
    assert_eq!(host.get("from:host").await.unwrap().unwrap().value, "s");
    assert_eq!(host.increment("n", 1, None).await.unwrap(), 4);
    assert_eq!(host.list_keys("").await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bucket_and_what_breaks_a_limit_are_refused() {
    let stage = Stage::new(|_| {}).await;
    let answer = stage.step(json!(["get", "sessions", "a"])).await;
    assert_eq!(answer, "error: Error::AccessDenied(\"bucket `sessions` is not granted to `probe`\")");
    let answer = stage.step(json!(["get", "cache", ""])).await;
    assert_eq!(answer, "error: Error::Invalid(\"a key must have 1 to 512 bytes; this one has 0\")");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_keeps_one_connection() {
    let stage = Stage::new(|_| {}).await;
    for _ in 0..5 {
        stage.step(json!(["get", "cache", "a"])).await;
    }
    assert!(stage.redis.taken() <= stage.spin.instances(super::PROBE), "{}", stage.redis.taken());
}
