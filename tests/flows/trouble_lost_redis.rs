//! Goal: a Redis that loses everything (`FLUSHALL`, a restart without its disk) logs no user in or out,
//! unlocks nothing, and loses or doubles no event. Method: a Redis of the test's own under everything that uses
//! one, emptied under a running platform.

use crate::trouble_kit::{see, write_and_see};
use crate::trouble_servers::all_on_redis;
use mindflow_test_support::PrivateRedis;
use mindflow_tests::{Account, Answer, Platform, eventually, send};
use reqwest::Method;
use serde_json::{Value, json};

/// Failed logins that lock an account.
const FAILURES_MAX: usize = 5;

async fn refresh(account: &Account) -> Answer {
    let cookie = format!("mf_refresh={}", account.refresh_token);
    send(account.http().request(Method::POST, "/auth/refresh").header("cookie", cookie)).await
}

async fn sessions(account: &Account) -> Vec<Value> {
    account.get("/auth/sessions").await.expect(200).json().as_array().expect("a list").clone()
}

async fn wrong_login(platform: &Platform, account: &Account) -> Answer {
    platform.http().post("/auth/login", &json!({ "email": account.email, "password": "not the password" })).await
}

async fn right_login(platform: &Platform, account: &Account) -> Answer {
    platform.http().post("/auth/login", &json!({ "email": account.email, "password": account.password })).await
}

/// An event may be in the read side only once, and each entry's sequences without a gap in the archive.
async fn nothing_is_lost_or_doubled(platform: &Platform, account: &Account, titles: &[String]) {
    let count = titles.len();
    let data = account
        .eventually("{ journalEntries(first: 100) { totalCount edges { node { title } } } }", json!({}), |data| {
            data["journalEntries"]["totalCount"] == json!(count)
        })
        .await;
    let mut seen: Vec<_> = data["journalEntries"]["edges"].as_array().expect("edges").iter().collect();
    seen.sort_by_key(|edge| edge["node"]["title"].to_string());
    let seen: Vec<_> = seen.iter().map(|edge| edge["node"]["title"].as_str().expect("a title")).collect();
    let mut expected = titles.to_vec();
    expected.sort();
    assert_eq!(seen, expected);
    let database = &platform.write_database().await;
    let sql =
        "SELECT count(*), count(DISTINCT partition_key) FROM delivery.archive WHERE event_type = 'JournalEntryCreated'";
    let row = database.query_one(sql, &[]).await.expect("the archive");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (count as i64, count as i64));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_outlive_a_flush_of_redis_and_revoked_ones_stay_revoked() {
    let redis = PrivateRedis::start();
    let platform = all_on_redis(Platform::services(), &redis.url()).start().await;
    let ada = platform.register().await;
    let (phone, tablet, lost) = (ada.login().await, ada.login().await, ada.login().await);
    lost.post("/auth/logout", &json!({})).await.expect(204);
    write_and_see(&ada, "before").await;
    assert_eq!(sessions(&ada).await.len(), 3);

    redis.flush();
    // Cached reads come from the database again.
    let data = ada.data("{ me { id } recentEntries { title } }", json!({})).await;
    assert_eq!(data["recentEntries"], json!([{ "title": "before" }]));
    lost.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    refresh(&lost).await.expect_problem(401, "unauthenticated");
    // Sessions that were not used since are listed and can be revoked as well.
    let listed = sessions(&ada).await;
    assert_eq!(listed.len(), 3, "{listed:?}");
    assert_eq!(listed.iter().filter(|session| session["current"] == true).count(), 1);
    let renewed = refresh(&phone).await.expect(200);
    redis.flush();
    // The one before the newest is good for ten seconds more, also when Redis no longer knows it.
    refresh(&phone).await.expect(200);
    let renewed = Account::granted(platform.http(), &ada.email, &ada.password, &renewed);
    write_and_see(&renewed, "after").await;

    redis.flush();
    // A token that was used before has been copied, even if Redis no longer knows it.
    refresh(&phone).await.expect_problem(401, "unauthenticated");
    renewed.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    tablet.post("/auth/logout", &json!({})).await.expect(204);

    redis.flush();
    tablet.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    renewed.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    assert_eq!(sessions(&ada).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_find_their_session_again_and_one_of_many_refreshes_wins() {
    let redis = PrivateRedis::start();
    let platform = all_on_redis(Platform::services(), &redis.url()).start().await;
    let ada = platform.register().await;
    redis.flush();
    let answers = futures::future::join_all((0..20).map(|_| ada.get("/auth/sessions"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    redis.flush();
    let answers = futures::future::join_all((0..8).map(|_| refresh(&ada))).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(won <= 2, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 401 | 503)), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_account_stays_locked_when_redis_is_emptied() {
    let redis = PrivateRedis::start();
    let platform = all_on_redis(Platform::services(), &redis.url()).start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    for _ in 0..FAILURES_MAX {
        wrong_login(&platform, &ada).await.expect_problem(401, "unauthenticated");
    }
    right_login(&platform, &ada).await.expect_problem(429, "rate-limited");

    redis.flush();
    right_login(&platform, &ada).await.expect_problem(429, "rate-limited");
    right_login(&platform, &bob).await.expect(200);
    // Who is in stays in: a lock is of logins.
    ada.get("/auth/sessions").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_no_login_succeeds_and_all_goes_on_when_it_is_back_empty_live_subscriptions_too() {
    let mut redis = PrivateRedis::start();
    let platform = all_on_redis(Platform::services(), &redis.url()).start().await;
    let ada = platform.register().await;
    write_and_see(&ada, "before").await;
    let mut socket = ada.socket().await;
    let id = socket.subscribe("subscription { entryChanged { kind entry { title } } }", json!({})).await;
    ada.write(json!({ "title": "seen live", "content": "words" })).await;
    let notice = socket.next(&id).await;
    assert!(format!("{notice:?}").contains("seen live"), "{notice:?}");
    redis.kill();
    redis.forget();

    assert_eq!(ada.graphql("{ me { id } }", json!({})).await.error_code(), "UNAVAILABLE");
    ada.get("/api/journals").await.expect_problem(503, "unavailable");
    right_login(&platform, &ada).await.expect_problem(503, "unavailable");
    refresh(&ada).await.expect_problem(503, "unavailable");

    redis.run();
    let ready = || async { (platform.http().get("/health/ready").await.status == 200).then_some(()) };
    eventually("ready again", ready).await;
    let data = ada.data("{ recentEntries { title } }", json!({})).await;
    assert_eq!(data["recentEntries"], json!([{ "title": "seen live" }, { "title": "before" }]));
    ada.write(json!({ "title": "live again", "content": "words" })).await;
    let notice = socket.next(&id).await;
    assert!(format!("{notice:?}").contains("live again"), "{notice:?}");
    see(&ada, "live again").await;

    redis.flush();
    ada.write(json!({ "title": "live still", "content": "words" })).await;
    let notice = socket.next(&id).await;
    assert!(format!("{notice:?}").contains("live still"), "{notice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_on_redis_streams_arrive_once_though_redis_is_emptied_again_and_again() {
    let redis = PrivateRedis::start();
    let builder = Platform::services().redis_streams();
    let platform = all_on_redis(builder, &redis.url()).env("MINDFLOW_EVENTS__URL", &redis.url()).start().await;
    let ada = platform.register_as("premium").await;
    let mut titles = Vec::new();
    for round in 0..4 {
        for number in 0..5 {
            let title = format!("{round}.{number}");
            ada.write(json!({ "title": title, "content": "words" })).await;
            titles.push(title);
            // In the middle of what is on its way.
            if number == 2 {
                redis.flush();
            }
        }
    }
    nothing_is_lost_or_doubled(&platform, &ada, &titles).await;
    ada.write(json!({ "title": "last", "content": "words" })).await;
    see(&ada, "last").await;
}
