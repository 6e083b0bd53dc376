//! Goal: what one client does too often is refused with the time to wait, and a user who has a live session at the same address
//! does not notice. Method: the limits that are shipped, an attacker at the user's own address, and their numbers in the
//! header fields of draft-ietf-httpapi-ratelimit-headers-11.

use crate::media::upload;
use crate::trouble_kit::{assert_says, start_refused};
use crate::trouble_servers::all_on_redis;
use futures::{StreamExt, stream};
use mindflow_test_support::PrivateRedis;
use mindflow_tests::{Account, Answer, Http, PASSWORD, Platform, absolute_manifest, eventually, root, send};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::future::Future;
use std::net::Ipv4Addr;

/// As `spin.toml` has them.
const REGISTRATIONS: usize = 60;
const LOGINS: usize = 60;
const REFUSED_TOKENS: usize = 120;
const REFRESHES: usize = 60;
const UPLOADS: usize = 60;
const WEBHOOK_CHANGES: usize = 30;
const PERSISTED_QUERIES: usize = 100;

/// So many times 2,101 points, for which nothing is read without a session.
fn searches(times: usize) -> String {
    let searches: String =
        (0..times).map(|alias| format!("a{alias}: search(query: \"a\") {{ totalCount }} ")).collect();
    format!("{{ {searches} }}")
}

/// The answers to many requests, eight at a time.
async fn answers(requests: impl Iterator<Item = impl Future<Output = Answer>>) -> Vec<Answer> {
    stream::iter(requests).buffer_unordered(8).collect().await
}

async fn register(http: &Http) -> Answer {
    let email = format!("{}@example.org", uuid::Uuid::new_v4().simple());
    http.post("/auth/register", &json!({ "email": email, "password": PASSWORD, "displayName": "Eve" })).await
}

/// Of an address that no one has, so that no account is locked.
async fn log_in(http: &Http) -> Answer {
    let email = format!("{}@example.org", uuid::Uuid::new_v4().simple());
    http.post("/auth/login", &json!({ "email": email, "password": PASSWORD })).await
}

async fn refresh(http: &Http, token: &str) -> Answer {
    send(http.request(Method::POST, "/auth/refresh").header("cookie", format!("mf_refresh={token}"))).await
}

/// Asserts that the limit was reached, and that the answer says so as the draft has it.
#[track_caller]
fn assert_limited(answer: &Answer, limit: &str) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    let wait: u32 = answer.header("retry-after").parse().expect("seconds");
    assert!(wait >= 1);
    let (policy, rate) = (answer.header("ratelimit-policy"), answer.header("ratelimit"));
    assert!(policy.starts_with(&format!("\"{limit}\";q=")) && policy.contains(";w="), "{policy}");
    assert!(rate.starts_with(&format!("\"{limit}\";r=")) && rate.ends_with(&format!(";t={wait}")), "{rate}");
}

/// Of these answers so many have the status, or some more: replicas hear of each other's a moment later, and what comes back
/// meanwhile. All others are refused by the limit.
#[track_caller]
fn assert_served(answers: &[Answer], status: u16, times: usize, limit: &str) {
    let (served, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == status);
    assert!((times..=2 * times).contains(&served.len()), "{} were answered with {status}", served.len());
    assert!(!refused.is_empty());
    refused.into_iter().for_each(|answer| assert_limited(answer, limit));
}

/// The first answer that is refused by a limit, of at most so many.
async fn limited<F: Future<Output = Answer>>(times: usize, ask: impl Fn() -> F) -> Answer {
    for _ in 0..times {
        let answer = ask().await;
        if answer.status == 429 {
            return answer;
        }
    }
    panic!("{times} were answered");
}

/// The user reads, writes and has a new token.
async fn is_served(user: &Account) -> Account {
    user.data("{ me { id } recentEntries { title } }", json!({})).await;
    user.write(json!({ "title": "t", "content": "c" })).await;
    user.get("/auth/sessions").await.expect(200);
    let refreshed = refresh(user.http(), &user.refresh_token).await.expect(200);
    Account::granted(user.http(), &user.email, &user.password, &refreshed)
}

/// Sends a query with its hash.
async fn persist(http: &Http, query: &str) -> Answer {
    http.post("/graphql", &json!({ "query": query, "extensions": persisted(query) })).await
}

/// Sends the hash of a query alone.
async fn is_persisted(http: &Http, query: &str) -> bool {
    let answer = http.post("/graphql", &json!({ "extensions": persisted(query) })).await;
    answer.json()["data"]["__typename"] == "Query"
}

fn persisted(query: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hex::encode(Sha256::digest(query)) } })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_some_queries_stored_and_no_long_ones_and_all_are_answered() {
    let platform = Platform::services().shipped_limits().start().await;
    let attacker = platform.http();
    let long = format!("{{ __typename }} #{}", "x".repeat(20 * 1024));
    persist(attacker, &long).await.expect(200);
    assert!(!is_persisted(attacker, &long).await);
    let query = |number: usize| format!("{{ __typename }} #{number}");
    for number in 0..PERSISTED_QUERIES + 20 {
        persist(attacker, &query(number)).await.expect(200);
    }
    assert!(is_persisted(attacker, &query(0)).await);
    assert!(!is_persisted(attacker, &query(PERSISTED_QUERIES + 19)).await);
    let elsewhere = attacker.coming_from(Ipv4Addr::new(127, 0, 0, 77).into());
    let theirs = "{ __typename } # another address";
    persist(&elsewhere, theirs).await.expect(200);
    assert!(is_persisted(&elsewhere, theirs).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_writes_is_limited_by_its_bytes() {
    let builder = Platform::services().shipped_limits();
    let platform = builder.env("MINDFLOW_RATE_LIMITS__LIMITS__WRITTEN_BYTES__QUOTA", "400000").start().await;
    let (attacker, user) = (platform.register().await, platform.register().await);
    let entry = attacker.write(json!({ "title": "t", "content": "c" })).await;
    let id = entry["id"].as_str().expect("an id");
    let long = "x".repeat(90_000);
    let update = "mutation($id: ID!, $content: String!) { updateJournalEntry(input: { id: $id, content: $content }) { version } }";
    let refused = limited(8, || attacker.graphql(update, json!({ "id": id, "content": long }))).await;
    assert_limited(&refused, "written-bytes");
    let body = json!({ "title": "t", "content": long });
    assert_limited(&attacker.post("/api/journals", &body).await, "written-bytes");
    attacker.data("{ recentEntries { title } }", json!({})).await;
    is_served(&user).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_and_logins_of_an_address_are_limited_on_all_replicas_and_its_users_go_on() {
    let mut redis = PrivateRedis::start();
    let builder = Platform::services().shipped_limits().variable("free_entries_per_month", "100");
    let platform = all_on_redis(builder, &redis.url()).start().await;
    let replica = platform.replica().await;
    let (here, there) = (platform.http(), &replica.http);
    let user = platform.register().await;

    let first = register(here).await.expect(201);
    assert_eq!(first.header("ratelimit-policy"), "\"register\";q=60;w=3600");
    assert!(first.header("ratelimit").starts_with("\"register\";r=58;t="), "{}", first.header("ratelimit"));
    let many = (0..REGISTRATIONS + 35).map(|number| register([here, there][number % 2]));
    assert_served(&answers(many).await, 201, REGISTRATIONS - 2, "register");
    let many = (0..LOGINS + 35).map(|number| log_in([here, there][number % 2]));
    assert_served(&answers(many).await, 401, LOGINS, "login");
    for http in [here, there] {
        limited(10, || register(http)).await.expect_problem(429, "rate-limited");
        limited(10, || log_in(http)).await.expect_problem(429, "rate-limited");
    }

    // The user has a live session there, by which a login is their own.
    let user = is_served(&user).await;
    let body = json!({ "email": user.email, "password": user.password });
    user.with_http(there.clone()).post("/auth/login", &body).await.expect(200);
    // Another address has a part of its own.
    register(&here.coming_from(Ipv4Addr::new(127, 0, 0, 77).into())).await.expect(201);

    // While Redis is away, and when it has lost everything, a replica forgets nothing that it knows.
    redis.kill();
    assert_limited(&limited(10, || register(here)).await, "register");
    redis.run();
    redis.flush();
    for http in [here, there] {
        assert_limited(&limited(10, || register(http)).await, "register");
    }
    eventually("the user goes on", async || (user.get("/auth/sessions").await.status == 200).then_some(())).await;
    user.data("{ me { id } recentEntries { title } }", json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_that_are_no_good_count_for_their_address_and_good_ones_for_their_user() {
    let platform = Platform::services().shipped_limits().variable("free_entries_per_month", "100").start().await;
    let user = is_served(&platform.register().await).await;
    let answers = answers((0..2 * REFUSED_TOKENS + 60).map(|_| refresh(platform.http(), "no-token"))).await;
    assert_served(&answers, 401, REFUSED_TOKENS, "refused-tokens");
    for answer in &answers {
        assert_eq!(
            answer.headers.contains_key("set-cookie"),
            answer.status == 401,
            "the cookie stays when it was not looked at"
        );
    }
    let mut user = is_served(&user).await;

    // Two were used above, and one a second comes back.
    let mut last = refresh(user.http(), &user.refresh_token).await;
    let mut times = 3;
    while last.status != 429 {
        assert!(times < 2 * REFRESHES, "{times} were answered");
        user = Account::granted(user.http(), &user.email, &user.password, &last.expect(200));
        last = refresh(user.http(), &user.refresh_token).await;
        times += 1;
    }
    assert!(times > REFRESHES, "{times} were answered");
    assert_limited(&last, "refresh");
    assert!(!last.headers.contains_key("set-cookie"), "the session goes on");
    user.get("/auth/sessions").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_costs_points_a_minute_of_the_user_or_else_of_the_address() {
    let platform = Platform::services().shipped_limits().variable("free_entries_per_month", "100").start().await;
    let (user, attacker) = (platform.register().await, platform.register().await);
    let query = searches(7);
    let answer = platform.http().graphql(&query, json!({})).await;
    let policy = "\"points-anonymous\";q=30000;w=60;mindflow-unit=\"points\"";
    assert_eq!((answer.status.as_u16(), answer.header("ratelimit-policy")), (200, policy));
    let anonymous = limited(10, || platform.http().graphql(&query, json!({}))).await;
    assert_limited(&anonymous, "points-anonymous");
    let error = anonymous.error();
    assert_eq!(error["extensions"]["code"], "RATE_LIMITED", "{error}");
    assert_eq!(error["extensions"]["retryAfter"].to_string(), anonymous.header("retry-after"), "{error}");
    // A token that proves no session is none.
    let mut forged = attacker.clone();
    forged.token = "a.b.c".to_owned();
    assert_limited(&forged.graphql(&query, json!({})).await, "points-anonymous");
    // A batch costs what its operations do.
    let batch = Value::Array(vec![json!({ "query": searches(3) }); 2]);
    assert_limited(&platform.http().post("/graphql", &batch).await, "points-anonymous");
    // So does what anybody can read. Probes are answered all the same.
    for path in ["/schema.graphql", "/.well-known/jwks.json"] {
        assert_limited(&limited(300, || platform.http().get(path)).await, "points-anonymous");
        user.get(path).await.expect(200);
    }
    platform.http().get("/health/ready").await.expect(200);

    let page = "{ journalEntries(first: 100) { edges { node { id title content mood createdAt updatedAt entryDate version wordCount \
        tags { id name entryCount } attachments { id fileName contentType bytes width height url thumbnailUrl } \
        analysis { status sentiment themes model completedAt insights { id entryId text kind createdAt } } } } } }";
    assert_limited(&limited(30, || attacker.graphql(page, json!({}))).await, "points");
    let rest = limited(30, || async {
        attacker.graphql(page, json!({})).await;
        attacker.get("/api/journals").await
    });
    assert_limited(&rest.await, "points");
    let mut socket = attacker.socket().await;
    let refused = loop {
        let id = socket.subscribe(page, json!({})).await;
        let message = socket.message().await;
        assert_eq!(message["id"], id.as_str());
        if message["type"] == "error" {
            break message["payload"][0].clone();
        }
        socket.message().await;
    };
    assert_eq!(refused["extensions"]["code"], "RATE_LIMITED", "{refused}");
    assert!(refused["extensions"]["retryAfter"].as_u64().is_some_and(|seconds| seconds >= 1), "{refused}");
    is_served(&user).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_so_many_uploads_and_changes_of_webhooks_and_others_have_theirs() {
    let platform = Platform::services().shipped_limits().variable("free_entries_per_month", "100");
    let platform = platform.env("MINDFLOW_RATE_LIMITS__LIMITS__UPLOAD_BYTES__QUOTA", "1000000").start().await;
    let (user, attacker, other) = (platform.register().await, platform.register().await, platform.register().await);
    // What is no image is refused before the codec sees it.
    let text = b"Dear diary, this is no image at all, not even by its name.";
    let many = (0..2 * UPLOADS).map(|_| upload(&attacker, "a.jpg", text));
    assert_served(&answers(many).await, 415, UPLOADS, "uploads");
    let half = vec![b'a'; 500_000];
    upload(&other, "b.jpg", &half).await.expect(415);
    let bytes = upload(&other, "b.jpg", &half).await;
    assert_limited(&bytes, "upload-bytes");
    assert_eq!(bytes.header("ratelimit-policy"), "\"upload-bytes\";q=1000000;w=3600;qu=\"content-bytes\"");

    let change = "mutation { deleteWebhook(id: \"0190b6f4-7a1c-7d1e-8f00-0123456789ab\") }";
    for _ in 0..WEBHOOK_CHANGES {
        assert_eq!(attacker.graphql(change, json!({})).await.status, 200);
    }
    let refused = attacker.graphql(change, json!({})).await;
    assert_limited(&refused, "webhook-changes");
    assert_eq!(refused.error_code(), "RATE_LIMITED");
    attacker.data("{ webhooks { id } }", json!({})).await;

    upload(&user, "c.png", &crate::media::small_png()).await.expect(201);
    assert_eq!(user.graphql(change, json!({})).await.status, 200);
    is_served(&user).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_the_limits_stops_the_start_with_one_line() {
    for (setting, value, says) in [
        (
            "LIMITS__LOGN__QUOTA",
            "5",
            &["rate-limits.limits.logn", "the manifest grants no limit of this name", "login"][..],
        ),
        ("LIMITS__LOGIN__QUOTA", "0", &["rate-limits.limits.login", "quota is 0; it must be 1 to"]),
        ("LIMITS__LOGIN__WINDOW_S", "0", &["rate-limits.limits.login", "window-s is 0"]),
        ("FACTOR", "0", &["rate-limits.factor is 0"]),
        ("BUCKET", "nowhere", &["[key-value.nowhere]", "[rate-limits]"]),
    ] {
        let builder = Platform::services().env("RUST_LOG", "off");
        let platform = builder.env(&format!("MINDFLOW_RATE_LIMITS__{setting}"), value).prepare().await;
        assert_says(&start_refused(&platform).await, says);
    }
}

#[test]
fn the_documentation_has_a_row_for_every_limit_of_the_manifest() {
    let manifest: toml::Table = absolute_manifest().parse().expect("spin.toml parses");
    let docs = std::fs::read_to_string(root().join("docs/security.md")).expect("docs/security.md");
    let mut limits = 0;
    for (component, entry) in manifest["component"].as_table().expect("components") {
        let granted = entry.get("tool").and_then(|tool| tool["mindflow"].get("rate-limits")?.as_table());
        for (name, limit) in granted.into_iter().flatten() {
            let row = docs.lines().find(|line| line.starts_with(&format!("| `{name}` | ")));
            let row = row.unwrap_or_else(|| panic!("docs/security.md has no row for `{name}` of {component}"));
            let quota = limit["quota"].as_integer().expect("a quota");
            let shown = [quota.to_string(), format!("{},000 ", quota / 1_000), format!("{} MB ", quota / 1_000_000)];
            assert!(shown.iter().any(|shown| row.contains(shown.as_str())), "{row}");
            limits += 1;
        }
    }
    assert!(limits >= 9, "{limits}");
}
