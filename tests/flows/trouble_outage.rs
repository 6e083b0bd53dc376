//! Goal: after an outage of a store the platform recovers without a restart. Method: a PostgreSQL and a
//! Redis of the test's own, crashed and started again under a running platform.

use crate::trouble_kit::{see, write_and_see};
use crate::trouble_servers::{bucket_on_redis, on_postgres, realtime_on_redis};
use mindflow_test_support::{PrivatePostgres, PrivateRedis};
use mindflow_tests::{Account, Answer, Platform, eventually};
use serde_json::{Value, json};

const CREATE: &str = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }";

async fn write(account: &Account, title: &str) -> Answer {
    account.graphql(CREATE, json!({ "input": { "title": title, "content": "words" } })).await
}

/// Readiness, once it says that every one of `parts` is failing.
async fn unready(platform: &Platform, parts: &[&str]) -> Value {
    eventually("readiness says what is failing", || async move {
        let answer = platform.http().get("/health/ready").await;
        let body = answer.json();
        let named = parts.iter().all(|part| body["checks"][*part]["status"] == "failing");
        (answer.status == 503 && named).then_some(body)
    })
    .await
}

async fn ready(platform: &Platform) {
    eventually(
        "ready again",
        || async move { (platform.http().get("/health/ready").await.status == 200).then_some(()) },
    )
    .await;
}

/// An answer that is right, or says cleanly that it cannot be given now.
fn clean(answer: &Answer) -> bool {
    let body = answer.json();
    let none = Vec::new();
    let errors = body["errors"].as_array().unwrap_or(&none);
    errors.iter().all(|error| error["extensions"]["code"] == "UNAVAILABLE")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_postgres_goes_away_and_comes_back() {
    let mut postgres = PrivatePostgres::start(&["journal", "views"]).await;
    let builder = on_postgres(Platform::services(), "write", &postgres.dsn("journal"));
    let platform = on_postgres(builder, "read", &postgres.dsn("views")).start().await;
    let ada = platform.register().await;
    write_and_see(&ada, "before").await;
    let last = write(&ada, "just before").await.data();
    postgres.crash().await;

    assert_eq!(write(&ada, "lost").await.error_code(), "UNAVAILABLE");
    ada.post("/api/journals", &json!({ "title": "lost", "content": "words" })).await.expect_problem(503, "unavailable");
    let login = json!({ "email": ada.email, "password": ada.password });
    platform.http().post("/auth/login", &login).await.expect_problem(503, "unavailable");
    for _ in 0..20 {
        let answer = ada.graphql("{ me { id } recentEntries { title } }", json!({})).await;
        assert!(clean(&answer), "{}", answer.text());
    }
    // Sessions are in Redis, and the keys are known: who asks is still proven.
    ada.get("/auth/sessions").await.expect(200);
    let body = unready(&platform, &["database:write", "database:read", "events"]).await;
    assert_eq!(body["checks"]["key-value:sessions"]["status"], "ok", "{body}");
    assert_eq!(platform.http().get("/health/live").await.status, 200);

    postgres.run().await;
    ready(&platform).await;
    see(&ada, "just before").await;
    let after = eventually("a write works again", || async {
        write(&ada, "after").await.json()["data"]["createJournalEntry"]["id"].as_str().map(str::to_owned)
    })
    .await;
    assert_ne!(last["createJournalEntry"]["id"], after);
    see(&ada, "after").await;
    let titles = ada.data("{ recentEntries { title } }", json!({})).await["recentEntries"].clone();
    assert_eq!(
        titles,
        json!([{ "title": "after" }, { "title": "just before" }, { "title": "before" }]),
        "what failed was not written"
    );
    ada.login().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_read_database_goes_away_and_comes_back_and_writes_go_on() {
    let mut postgres = PrivatePostgres::start(&["views"]).await;
    let platform = on_postgres(Platform::services(), "read", &postgres.dsn("views")).start().await;
    let ada = platform.register().await;
    write_and_see(&ada, "before").await;
    postgres.crash().await;

    write(&ada, "meanwhile").await.data();
    let answer = ada.graphql("{ onThisDay { title } }", json!({})).await;
    assert_eq!(answer.error_code(), "UNAVAILABLE");
    unready(&platform, &["database:read"]).await;
    // Deliveries are deferred, however long it takes: none counts as a failed attempt.
    let database = &platform.write_database().await;
    let deferred = eventually("the event waits for its store", || async move {
        let sql = "SELECT attempts FROM delivery.queue WHERE subscription = 'query' AND not_before IS NOT NULL";
        database.query_opt(sql, &[]).await.expect("the queue")
    })
    .await;
    assert_eq!(deferred.get::<_, i32>("attempts"), 0);

    postgres.run().await;
    ready(&platform).await;
    see(&ada, "meanwhile").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn during_an_outage_of_the_cache_reads_come_from_the_database() {
    let mut redis = PrivateRedis::start();
    let builder = bucket_on_redis(Platform::services(), "cache", &redis.url());
    let platform = realtime_on_redis(builder, &redis.url()).start().await;
    let ada = platform.register().await;
    write_and_see(&ada, "before").await;
    redis.kill();

    for _ in 0..3 {
        let seen = ada.data("{ me { id } recentEntries { title } tags { name } }", json!({})).await;
        assert_eq!(seen["recentEntries"][0]["title"], "before");
    }
    write(&ada, "meanwhile").await.data();
    let body = unready(&platform, &["key-value:cache", "realtime"]).await;
    assert_eq!(body["checks"]["key-value:sessions"]["status"], "ok", "{body}");

    redis.run();
    ready(&platform).await;
    see(&ada, "meanwhile").await;
    write_and_see(&ada, "after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_of_the_session_store_users_are_still_logged_in() {
    let mut redis = PrivateRedis::start();
    let platform = bucket_on_redis(Platform::services(), "sessions", &redis.url()).start().await;
    let ada = platform.register().await;
    write_and_see(&ada, "before").await;
    redis.kill();

    // No request is accepted without a check.
    assert_eq!(ada.graphql("{ me { id } }", json!({})).await.error_code(), "UNAVAILABLE");
    assert_eq!(write(&ada, "lost").await.error_code(), "UNAVAILABLE");
    ada.get("/api/journals").await.expect_problem(503, "unavailable");
    let login = json!({ "email": ada.email, "password": ada.password });
    platform.http().post("/auth/login", &login).await.expect_problem(503, "unavailable");
    unready(&platform, &["key-value:sessions"]).await;

    redis.run();
    ready(&platform).await;
    let seen = ada.data("{ me { id } recentEntries { title } }", json!({})).await;
    assert_eq!(seen["recentEntries"], json!([{ "title": "before" }]));
    write_and_see(&ada, "after").await;
    ada.login().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_restarts_under_a_live_subscription_loses_no_later_notice() {
    let mut redis = PrivateRedis::start();
    let platform = realtime_on_redis(Platform::services(), &redis.url()).start().await;
    let ada = platform.register().await;
    write_and_see(&ada, "before").await;
    let mut socket = ada.socket().await;
    let id = socket.subscribe("subscription { entryChanged { kind entry { title } } }", json!({})).await;
    write(&ada, "seen live").await.data();
    let first = socket.next(&id).await;
    redis.kill();
    redis.run();
    ready(&platform).await;
    write(&ada, "seen after").await.data();
    let second = socket.next(&id).await;
    assert!(format!("{first:?}").contains("seen live"), "{first:?}");
    assert!(format!("{second:?}").contains("seen after"), "{second:?}");
}
