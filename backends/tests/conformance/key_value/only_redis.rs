//! What only a server has: it goes away and comes back, and it asks for a password.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mindflow_backends::clock::Clock;
use mindflow_backends::stores::key_value::{self, Condition, Error, KeyValue};
use serde_json::json;

use mindflow_test_support::PrivateRedis;

pub(super) async fn open(url: &str) -> Arc<dyn KeyValue> {
    let config = super::config(json!({"backend": "redis", "url": url, "prefix": "mf:"}));
    let folder = tempfile::tempdir().unwrap();
    key_value::open(&config, "sessions", folder.path(), Clock::system()).await.unwrap()
}

async fn expect_unavailable(bucket: &Arc<dyn KeyValue>) -> String {
    let answers = [
        bucket.get("k").await.map(drop),
        bucket.put("k", "2".into(), None, Condition::Always).await.map(drop),
        bucket.increment("n", 1, None).await.map(drop),
        bucket.delete(&["k".to_owned()]).await.map(drop),
        bucket.list_keys("").await.map(drop),
        bucket.health().await,
    ];
    let mut texts = String::new();
    for answer in answers {
        match answer {
            Err(Error::Unavailable(text)) => texts.push_str(&text),
            other => panic!("expected unavailable, not {other:?}"),
        }
    }
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_and_comes_back_needs_no_restart_of_ours() {
    let mut server = PrivateRedis::start();
    let bucket = open(&server.url()).await;
    bucket.put("k", "1".into(), None, Condition::Always).await.unwrap();
    for _ in 0..2 {
        server.kill();
        expect_unavailable(&bucket).await;
        server.run();
        assert_eq!(bucket.get("k").await.unwrap().unwrap().value, "1");
        bucket.put("k", "1".into(), None, Condition::Always).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_yet_does_not_fail_the_opening() {
    let mut server = PrivateRedis::start();
    server.kill();
    let bucket = open(&server.url()).await;
    expect_unavailable(&bucket).await;
    server.run();
    bucket.put("k", "1".into(), None, Condition::IfAbsent).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_answers_nothing_is_unavailable_within_a_bound() {
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bucket = open(&format!("redis://{}/", deaf.local_addr().unwrap())).await;
    let began = Instant::now();
    let answer = bucket.get("k").await;
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_is_in_no_error() {
    let bucket = open("redis://user:hunter2@127.0.0.1:1/").await;
    let texts = expect_unavailable(&bucket).await;
    assert!(texts.contains("127.0.0.1:1") && !texts.contains("hunter2"), "{texts}");
    // A server that knows no such user refuses the login.
    let server = PrivateRedis::start();
    let refused = format!("{}?user=u&pass=hunter2", server.url());
    let text = expect_unavailable(&open(&refused).await).await;
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_its_memory_gives_no_version_again() {
    let server = PrivateRedis::start();
    let bucket = open(&server.url()).await;
    let version = async || {
        bucket.put("k", "1".into(), None, Condition::Always).await.unwrap();
        bucket.get("k").await.unwrap().unwrap().version
    };
    let before = version().await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL").exec_async(&mut connection).await.unwrap();
    assert!(version().await > before);
    // The scripts are known by their digest; a server that forgot them is sent them again.
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut connection).await.unwrap();
    assert!(version().await > before);
}
