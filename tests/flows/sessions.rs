//! Goal: a session ends where and when its user or an administrator says so, in every connection and for every role, and
//! nothing else ends it. Method: the requests of browsers, cookies among others; sockets and streams that are open
//! while a session ends; roles that change under tokens that are still good.

use crate::trouble_kit::{guest, with_tables};
use crate::trouble_servers::all_on_redis;
use mindflow_test_support::PrivateRedis;
use mindflow_tests::{Account, Answer, GraphqlSocket, Http, PASSWORD, Platform, Received, Sse, eventually, send};
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use std::time::Duration;

const CHANGED: &str = "subscription { entryChanged { kind entry { title content } } }";
/// In an entry that a session which has ended must not be sent.
const SECRET: &str = "written after the end of the session";
/// Sessions of open connections are proven every minute. What ends within half of that got a notice.
const BEFORE_THE_NEXT_PROOF: Duration = Duration::from_secs(30);

/// A request with these bytes as its `Cookie`.
async fn with_cookie(http: &Http, path: &str, cookie: impl AsRef<[u8]>) -> Answer {
    let cookie = HeaderValue::from_bytes(cookie.as_ref()).expect("a header");
    send(http.request(Method::POST, path).header("cookie", cookie)).await
}

async fn refresh(http: &Http, token: &str) -> Answer {
    with_cookie(http, "/auth/refresh", format!("mf_refresh={token}")).await
}

async fn sessions(account: &Account) -> Vec<Value> {
    account.get("/auth/sessions").await.expect(200).json().as_array().expect("a list").clone()
}

/// The id of the account's own session.
async fn session_of(account: &Account) -> String {
    let own = sessions(account).await.into_iter().find(|session| session["current"] == true).expect("its own");
    own["id"].as_str().expect("an id").to_owned()
}

fn takes_the_cookie(answer: &Answer) -> bool {
    answer.header("set-cookie").contains("Max-Age=0")
}

/// A socket whose subscription has begun: an operation was answered after it.
async fn subscribed(account: &Account) -> GraphqlSocket {
    let mut socket = account.socket().await;
    socket.subscribe(CHANGED, json!({})).await;
    let later = socket.subscribe("{ me { id } }", json!({})).await;
    assert!(socket.next(&later).await["me"]["id"].is_string());
    assert_eq!(socket.message().await["type"], "complete");
    socket
}

/// The close code, and what was sent before.
async fn end_of(socket: &mut GraphqlSocket) -> (u16, String) {
    let mut sent = String::new();
    loop {
        match socket.receive().await {
            Received::Message(message) => sent.push_str(&message.to_string()),
            Received::Closed(code) => return (code, sent),
        }
    }
}

/// All that was sent until the stream ended.
async fn rest_of(stream: &mut Sse) -> String {
    let mut sent = String::new();
    while let Some((_, data)) = stream.next().await {
        sent.push_str(&data.to_string());
    }
    sent
}

async fn noticed<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(BEFORE_THE_NEXT_PROOF, what).await.expect("before the session is proven again")
}

// === cookies ===

#[tokio::test(flavor = "multi_thread")]
async fn the_refresh_cookie_is_found_among_others_and_taken_only_when_it_was_sent_and_refused() {
    let platform = Platform::services().start().await;
    let http = platform.http();
    let ada = platform.register().await;
    let mut token = ada.refresh_token.clone();
    for others in ["city=Zürich".as_bytes(), b"city=Z\xfcrich", b"broken", b"=; a=b=c", b"mf_refresh="] {
        let cookie = [others, b"; mf_refresh=", token.as_bytes()].concat();
        let answer = with_cookie(http, "/auth/refresh", cookie).await.expect(200);
        token = answer.refresh_cookie().0;
    }

    for (path, cookie) in [("/auth/refresh", ""), ("/auth/logout", ""), ("/auth/logout", "city=Zürich")] {
        let missing = with_cookie(http, path, cookie).await;
        missing.expect_problem(401, "unauthenticated");
        assert_eq!(missing.header("set-cookie"), "", "{path}: nothing was sent that could be taken");
    }
    for path in ["/auth/refresh", "/auth/logout"] {
        let refused = with_cookie(http, path, "mf_refresh=nonsense").await;
        refused.expect_problem(401, "unauthenticated");
        assert!(takes_the_cookie(&refused), "{path}");
        // A token is taken from its cookie alone, so one in a body is not passed over in silence.
        let broken = http.post(path, &json!({ "refreshToken": token })).await.expect_problem(422, "invalid-input");
        assert_eq!(broken["errors"][0]["field"], "refreshToken", "{path}");
    }
    // Another site can send the request, but neither use the cookie nor have it taken away. A browser says whose it is by either.
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://other.example"), ("origin", "null")] {
        for path in ["/auth/refresh", "/auth/logout"] {
            let cookie = format!("mf_refresh={token}");
            let foreign = send(http.request(Method::POST, path).header("cookie", cookie).header(name, value)).await;
            foreign.expect_problem(403, "forbidden");
            assert_eq!(foreign.header("set-cookie"), "", "{path}");
        }
    }
    let own = http.request(Method::POST, "/auth/refresh").header("cookie", format!("mf_refresh={token}"));
    let token = send(own.header("origin", http.url(""))).await.expect(200).refresh_cookie().0;
    refresh(http, &token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_out_after_the_access_token_has_expired_ends_the_session_by_the_cookie() {
    let seconds = "[component.auth.tool.mindflow.variables]\naccess_token_seconds = \"2\"";
    let platform = Platform::services()
        .manifest(|text| text.replace("[component.auth.tool.mindflow.variables]", seconds))
        .start()
        .await;
    let http = platform.http();
    let (ada, bob) = (platform.register().await, platform.register().await);
    let other = ada.login().await;
    eventually("the access token has expired", async || (ada.get("/auth/sessions").await.status == 401).then_some(()))
        .await;

    let cookie = format!("mf_refresh={}", ada.refresh_token);
    let left = send(ada.request(Method::POST, "/auth/logout").header("cookie", cookie)).await.expect(204);
    assert!(takes_the_cookie(&left));
    refresh(http, &ada.refresh_token).await.expect_problem(401, "unauthenticated");
    // Without any access token it is the same.
    with_cookie(http, "/auth/logout", format!("mf_refresh={}", bob.refresh_token)).await.expect(204);
    refresh(http, &bob.refresh_token).await.expect_problem(401, "unauthenticated");
    // A token that was used long before is a copy: it ends its session, and no other.
    let next = refresh(http, &other.refresh_token).await.expect(200).refresh_cookie().0;
    let next = refresh(http, &next).await.expect(200).refresh_cookie().0;
    let copy = with_cookie(http, "/auth/logout", format!("mf_refresh={}", other.refresh_token)).await;
    copy.expect_problem(401, "unauthenticated");
    assert!(takes_the_cookie(&copy));
    refresh(http, &next).await.expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_ends_the_session_of_the_token_and_that_of_the_cookie() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let (tab, other) = (ada.login().await, ada.login().await);
    let cookie = format!("mf_refresh={}", tab.refresh_token);
    send(ada.request(Method::POST, "/auth/logout").header("cookie", cookie)).await.expect(204);
    for ended in [&ada, &tab] {
        ended.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
        refresh(platform.http(), &ended.refresh_token).await.expect_problem(401, "unauthenticated");
    }
    assert_eq!(sessions(&other).await.len(), 1);
}

// === connections ===

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_session_ends_its_sockets_and_streams_before_the_next_notice() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let phone = ada.login().await;
    let (mut own, mut listening, mut idle) = (subscribed(&ada).await, subscribed(&phone).await, phone.socket().await);
    let mut stream = phone.sse(CHANGED, json!({})).await;
    // All of them hear.
    ada.write(json!({ "title": "Before", "content": "c" })).await;
    for socket in [&mut own, &mut listening] {
        assert!(socket.message().await.to_string().contains("Before"));
    }
    assert!(stream.next().await.is_some_and(|(_, data)| data.to_string().contains("Before")));

    ada.delete(&format!("/auth/sessions/{}", session_of(&phone).await)).await.expect(204);
    ada.write(json!({ "title": "After", "content": SECRET })).await;
    for socket in [&mut listening, &mut idle] {
        let (code, sent) = noticed(end_of(socket)).await;
        assert_eq!(code, 4403);
        assert!(!sent.contains("After") && !sent.contains(SECRET), "{sent}");
    }
    let sent = noticed(rest_of(&mut stream)).await;
    assert!(sent.contains("UNAUTHENTICATED") && !sent.contains("After") && !sent.contains(SECRET), "{sent}");
    // The other session of the same user goes on.
    assert!(own.message().await.to_string().contains(SECRET));

    // Each other way in which a session ends is noticed as well.
    let phone = ada.login().await;
    let mut idle = phone.socket().await;
    phone.post("/auth/logout", &Value::Null).await.expect(204);
    assert_eq!(noticed(end_of(&mut idle)).await.0, 4403);
    let phone = ada.login().await;
    let mut idle = phone.socket().await;
    for status in [200, 200, 401] {
        refresh(platform.http(), &phone.refresh_token).await.expect(status);
    }
    assert_eq!(noticed(end_of(&mut idle)).await.0, 4403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_while_no_notice_could_be_sent_is_sent_nothing_more() {
    let redis = PrivateRedis::start();
    let platform = all_on_redis(Platform::services(), &redis.url()).start().await;
    let ada = platform.register().await;
    let phone = ada.login().await;
    let (mut own, mut listening) = (subscribed(&ada).await, subscribed(&phone).await);
    let mut stream = phone.sse(CHANGED, json!({})).await;
    ada.write(json!({ "title": "Before", "content": "c" })).await;
    assert!(listening.message().await.to_string().contains("Before"));
    assert!(stream.next().await.is_some_and(|(_, data)| data.to_string().contains("Before")));
    assert!(own.message().await.to_string().contains("Before"));

    // As after an outage in which the key-value store forgot the session, and its end was published to no listener.
    let session = session_of(&phone).await;
    let database = platform.write_database().await;
    let delete = "DELETE FROM auth.sessions WHERE id::text = $1";
    assert_eq!(database.execute(delete, &[&session]).await.expect("the session"), 1);
    redis.flush();
    ada.write(json!({ "title": "After", "content": SECRET })).await;
    let (code, sent) = noticed(end_of(&mut listening)).await;
    assert_eq!(code, 4403);
    let streamed = noticed(rest_of(&mut stream)).await;
    assert!(!format!("{sent}{streamed}").contains(SECRET), "{sent}{streamed}");
    assert!(own.message().await.to_string().contains(SECRET));
}

// === roles ===

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_taken_or_given_holds_for_tokens_that_are_still_good() {
    const SET_ROLES: &str = "mutation ($id: ID!, $roles: [Role!]!) { setUserRoles(userId: $id, roles: $roles) { id } }";
    const ADMINS_ALONE: [&str; 7] = [
        "{ users { totalCount } }",
        "{ auditLog { edges { cursor } } }",
        "{ platformStats { users } }",
        "{ deadLetters { edges { cursor } } }",
        "mutation { discardDeadLetter(id: \"analytics/00000000-0000-4000-8000-000000000000\") }",
        "mutation { retryDeadLetter(id: \"analytics/00000000-0000-4000-8000-000000000000\") }",
        "mutation { setUserRoles(userId: \"00000000-0000-4000-8000-000000000000\", roles: [ADMIN]) { id } }",
    ];
    let platform = Platform::services().start().await;
    let root = platform.register_as("admin").await;
    let ada = platform.register().await;
    let as_admin = async |allowed: bool| {
        for operation in ADMINS_ALONE {
            let answer = ada.graphql(operation, json!({})).await;
            let refused = answer.text().contains("FORBIDDEN");
            assert_eq!(refused, !allowed, "{operation}: {}", answer.text());
        }
    };
    as_admin(false).await;
    root.data(SET_ROLES, json!({ "id": ada.id, "roles": ["ADMIN"] })).await;
    as_admin(true).await;
    // A refresh before the change must not bring the role back after it.
    root.data(SET_ROLES, json!({ "id": ada.id, "roles": ["USER"] })).await;
    as_admin(false).await;
    ada.get(&format!("/api/journals?userId={}", root.id)).await.expect_problem(403, "forbidden");
    ada.data("{ __typename }", json!({})).await;

    // By the operator, and for what a service decides.
    for number in 0..5 {
        ada.write(json!({ "title": format!("E{number}"), "content": "c" })).await;
    }
    let sixth = json!({ "input": { "title": "Sixth", "content": "c" } });
    assert_eq!(ada.graphql(mindflow_tests::CREATE, sixth.clone()).await.error_code(), "QUOTA_EXCEEDED");
    platform.grant(&ada.email, "premium").await;
    ada.data(mindflow_tests::CREATE, sixth.clone()).await;
    let revoked = platform.cli(&["users", "revoke", &ada.email, "premium"]).await;
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    assert_eq!(ada.graphql(mindflow_tests::CREATE, sixth).await.error_code(), "QUOTA_EXCEEDED");
}

// === age and number ===

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_at_its_greatest_age_however_it_is_used() {
    let redis = PrivateRedis::start();
    let platform = all_on_redis(Platform::services(), &redis.url()).start().await;
    let ada = platform.register().await;
    let session = session_of(&ada).await;
    // As if it had begun earlier, and Redis had forgotten it.
    let database = &platform.write_database().await;
    let redis = &redis;
    let aged = async |days: i32, hours: i32| {
        let age = "UPDATE auth.sessions SET value = jsonb_set(value, '{createdAt}',
            to_jsonb((extract(epoch FROM now() - make_interval(days => $2, hours => $3)) * 1000000)::bigint)) WHERE id::text = $1";
        assert_eq!(database.execute(age, &[&session, &days, &hours]).await.expect("the session"), 1);
        redis.flush();
    };
    aged(89, 23).await;
    let renewed = refresh(platform.http(), &ada.refresh_token).await.expect(200);
    let (token, cookie) = renewed.refresh_cookie();
    let seconds = cookie.split("; ").find_map(|part| part.strip_prefix("Max-Age=")?.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| seconds <= 3_600), "{cookie}");
    aged(90, 0).await;
    let refused = refresh(platform.http(), &token).await;
    refused.expect_problem(401, "unauthenticated");
    assert!(takes_the_cookie(&refused));
    ada.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    assert_eq!(sessions(&ada.login().await).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_session_more_than_a_user_may_have_the_longest_unused_ends() {
    let platform = Platform::services().variable("sessions_max", "3").start().await;
    let first = platform.register().await;
    let (second, third) = (first.login().await, first.login().await);
    let mut idle = second.socket().await;
    let first = refresh(platform.http(), &first.refresh_token).await.expect(200);
    let first = Account::granted(platform.http(), &second.email, PASSWORD, &first);
    let fourth = first.login().await;
    second.get("/auth/sessions").await.expect_problem(401, "unauthenticated");
    refresh(platform.http(), &second.refresh_token).await.expect_problem(401, "unauthenticated");
    assert_eq!(noticed(end_of(&mut idle)).await.0, 4403);
    for account in [&first, &third, &fourth] {
        assert_eq!(sessions(account).await.len(), 3);
    }
    // Also when many begin at the same moment; and each user has their own.
    let bob = platform.register().await;
    let logins = futures::future::join_all((0..12).map(|_| first.login())).await;
    let living = futures::future::join_all(logins.iter().map(|account| account.get("/auth/sessions"))).await;
    assert_eq!(living.iter().filter(|answer| answer.status == 200).count(), 3);
    assert_eq!(sessions(&bob).await.len(), 1);
}

// === dead letters ===

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_shows_administrators_no_content_and_the_machine_all() {
    let poison = format!(
        "[component.poison]\nsource = {:?}\n[[component.poison.tool.mindflow.subscriptions]]\nevents = [\"TagCreated\"]\n\
         retry = {{ delays-ms = [10], jitter-percent = 0 }}\n",
        guest("poison-subscriber")
    );
    let platform = Platform::services().manifest(with_tables(poison)).start().await;
    let (ada, admin) = (platform.register().await, platform.register_as("admin").await);
    ada.data("mutation { createTag(name: \"Venom\") { id } }", json!({})).await;
    let letters = "{ deadLetters(consumer: \"poison\") { edges { node { id event withheld lastError } } } }";
    let shown = admin.eventually(letters, json!({}), |data| data["deadLetters"]["edges"][0].is_object()).await;
    let nul = admin.graphql("{ deadLetters(consumer: \"\\u0000\") { edges { cursor } } }", json!({})).await.error();
    assert_eq!(
        (&nul["extensions"]["field"], &nul["extensions"]["rule"]),
        (&json!("consumer"), &json!("characters")),
        "{nul}"
    );
    let letter = &shown["deadLetters"]["edges"][0]["node"];
    assert_eq!((&letter["event"]["eventType"], &letter["withheld"]), (&json!("TagCreated"), &json!(["name"])));
    assert_eq!(letter["event"]["payload"]["userId"], json!(ada.id), "{letter}");
    assert!(!letter.to_string().contains("Venom"), "{letter}");

    let machine = platform.cli(&["dead-letters", "show", letter["id"].as_str().expect("an id")]).await;
    assert!(machine.code == Some(0) && machine.stdout.contains("Venom"), "{machine:?}");
}
