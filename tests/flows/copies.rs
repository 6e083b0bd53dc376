//! Goal: what a host knows of Redis it does not ask for again. Method: a Redis of the test's own counts the reads.

use crate::trouble_servers::all_on_redis;
use mindflow_test_support::PrivateRedis;
use mindflow_tests::{Account, Platform, until};
use serde_json::json;

/// Of views and figures, whose answers are kept.
const DASHBOARD: &str =
    "{ me { displayName } recentEntries { title } tags { name } writingStats(days: 30) { entries } }";
const REQUESTS: u64 = 20;

/// Entries of buckets that were asked for so far.
fn reads(redis: &PrivateRedis) -> u64 {
    let mut connection = redis::Client::open(redis.url()).expect("an address").get_connection().expect("a connection");
    let info: String = redis::cmd("INFO").arg("commandstats").query(&mut connection).expect("statistics");
    let calls = info.lines().find_map(|line| line.strip_prefix("cmdstat_hmget:calls=")?.split(',').next());
    calls.map_or(0, |calls| calls.parse().expect("a number"))
}

/// Waits until so many requests cost so many reads.
async fn until_read(redis: &PrivateRedis, account: &Account, query: &str, expected: u64) {
    until(&format!("{REQUESTS} times {query} cost {expected} reads"), async || {
        let before = reads(redis);
        for _ in 0..REQUESTS {
            account.data(query, json!({})).await;
        }
        reads(redis) - before == expected
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_costs_one_read_of_redis_and_one_about_the_schema_none() {
    let redis = PrivateRedis::start();
    let platform = all_on_redis(Platform::services(), &redis.url()).start().await;
    let ada = platform.register().await;
    ada.write(json!({ "title": "First", "content": "One two." })).await;
    // Only the marks of the user's own writes are read.
    until_read(&redis, &ada, DASHBOARD, REQUESTS).await;
    until_read(&redis, &ada, "{ __typename }", 0).await;
    // And what changes is seen in the next answer.
    ada.write(json!({ "title": "Second", "content": "Three." })).await;
    let data = ada.data(DASHBOARD, json!({})).await;
    assert_eq!(data["recentEntries"], json!([{ "title": "Second" }, { "title": "First" }]));
    ada.post("/auth/logout", &json!({})).await.expect(204);
    ada.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
}
