//! Goal: what is secret stays so: in the log, in the stores and in answers. Method: use everything once, then look.

use mindflow_tests::messages_api::{Behaviour, MessagesApi};
use mindflow_tests::{Account, PASSWORD, Platform, send};
use reqwest::Method;
use serde_json::{Value, json};

const DIARY: &str = "the-most-private-sentence";
/// Of the length of an unsubscribe link's token.
const LINK_TOKEN: &str = "AZXXoHweeACAAAAAAAAAAQ0bq3mTq2d0h3m1m2m3m4m";

#[tokio::test(flavor = "multi_thread")]
async fn neither_log_nor_stores_show_passwords_tokens_keys_or_diaries() {
    let api = MessagesApi::start().await.unwrap();
    api.then(Behaviour::unauthorized());
    let platform =
        Platform::services().claude(&api.url()).env("RUST_LOG", "debug,wasmtime=info,cranelift=info").start().await;
    let ada = platform.register_as("premium").await;
    let refreshed = send(
        platform
            .http()
            .request(Method::POST, "/auth/refresh")
            .header("cookie", format!("mf_refresh={}", ada.refresh_token)),
    )
    .await
    .expect(200);
    let ada = Account::granted(platform.http(), &ada.email, PASSWORD, &refreshed);
    let entry = ada.write(json!({ "title": DIARY, "content": DIARY, "tags": ["x"] })).await;
    ada.eventually("query ($id: ID!) { journalEntry(id: $id) { id } }", json!({ "id": entry["id"] }), |data| {
        data["journalEntry"].is_object()
    })
    .await;
    let path = format!("/api/journals/{}", entry["id"].as_str().unwrap());
    ada.patch(&path, &json!({ "title": "x".repeat(300), "content": DIARY })).await.expect(422);
    ada.post("/graphql", &json!({ "query": format!("{{ broken \"{DIARY}\" ") })).await;
    platform
        .http()
        .post("/auth/login", &json!({ "email": ada.email, "password": "another secret password" }))
        .await
        .expect(401);
    api.wait_for_requests(1, mindflow_tests::WITHIN).await.unwrap();
    for method in [Method::GET, Method::POST] {
        send(platform.http().request(method, &format!("/notifications/unsubscribe/{LINK_TOKEN}"))).await;
    }
    for path in ["/media/1", "/api/journals", "/graphql", "/nothing", "/health/live"] {
        platform.http().get(&format!("{path}?signature=secret-of-a-query")).await;
    }

    let kept = mindflow_tests::eventually("the last request is among the kept lines", async || {
        let kept = platform.cli(&["logs", "--last", "1000", "--json"]).await.stdout;
        kept.contains("/health/live").then_some(kept)
    })
    .await;
    assert!(kept.contains("/notifications/unsubscribe/…"), "{kept}");
    let log = platform.log() + &kept;
    assert!(log.contains("/auth/login") && log.contains("/notifications/unsubscribe/…"));
    for (what, secret) in [
        ("password", PASSWORD),
        ("password", "another secret password"),
        ("access token", &*ada.token),
        ("refresh token", &*ada.refresh_token),
        ("key", "test-key"),
        ("diary", DIARY),
        ("token of a link", LINK_TOKEN),
        ("query", "secret-of-a-query"),
    ] {
        assert!(!log.contains(secret), "the log shows a {what}");
    }

    let database = platform.write_database().await;
    let stored: String =
        database.query_one("SELECT string_agg(u::text, ' ') FROM auth.users u", &[]).await.unwrap().get(0);
    assert!(stored.contains("$2b$04$") && !stored.contains(PASSWORD), "{stored}");
    let (url, prefix) = platform.redis();
    let mut redis = redis::Client::open(url).unwrap().get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{prefix}*")).query(&mut redis).unwrap();
    assert!(keys.iter().any(|key| key.contains("session")), "{keys:?}");
    let secret = ada.refresh_token.split('.').nth(1).unwrap().as_bytes();
    for key in &keys {
        assert!(!key.contains(&ada.email), "{key}");
        let value: Vec<u8> = redis::cmd("DUMP").arg(key).query(&mut redis).unwrap();
        assert!(!value.windows(secret.len()).any(|window| window == secret), "{key} holds a refresh token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_keeps_browsers_from_guessing_and_only_named_origins_may_read() {
    let platform = Platform::services().variable("cors_origins", "https://app.example.org").start().await;
    let http = platform.http();
    for path in ["/.well-known/jwks.json", "/api/journals", "/nothing"] {
        let answer = http.get(path).await;
        assert_eq!(
            (answer.header("x-content-type-options"), answer.header("x-frame-options")),
            ("nosniff", "DENY"),
            "{path}"
        );
    }
    let asked = |origin: &str| {
        let request = http.request(Method::OPTIONS, "/graphql").header("origin", origin);
        send(
            request
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization,content-type"),
        )
    };
    let allowed = asked("https://app.example.org").await.expect(204);
    assert_eq!(
        (allowed.header("access-control-allow-origin"), allowed.header("access-control-allow-credentials")),
        ("https://app.example.org", "true")
    );
    assert!(allowed.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(asked("https://evil.example.org").await.header("access-control-allow-origin"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_every_kind_comes_back_as_it_was_written() {
    let platform = Platform::services().start().await;
    let ada = platform.register_as("premium").await;
    for text in [
        "'; DROP TABLE command.entries; --",
        "<script>alert(1)</script>",
        "emoji 👩‍👩‍👧 and עברית, العربية",
        "back\\slash \"quote\" %s ${x} {{x}}",
        "tab\tnew\r\nline \u{1F}\u{7F}\u{FEFF}",
        "{\"json\": [1]}",
    ] {
        let input = json!({ "title": format!("t {}", text.replace(['\r', '\n'], " ")), "content": text, "tags": [text.chars().filter(|char| !char.is_control()).take(40).collect::<String>()] });
        let entry = ada.write(input.clone()).await;
        assert_eq!(entry["content"], *text);
        let read = ada
            .data(
                "query ($id: ID!) { journalEntry(id: $id) { title content tags { name } } }",
                json!({ "id": entry["id"] }),
            )
            .await;
        assert_eq!((&read["journalEntry"]["content"], &read["journalEntry"]["title"]), (&json!(text), &entry["title"]));
        assert_eq!(read["journalEntry"]["tags"][0]["name"], entry["tags"][0]["name"]);
    }
    let nul = ada.graphql(mindflow_tests::CREATE, json!({ "input": { "title": "t", "content": "a\u{0}b" } })).await;
    assert_eq!(nul.error()["extensions"]["field"], "content");
    for (field, value) in [("id", json!("1; SELECT 1")), ("id", json!("")), ("id", json!("x".repeat(5_000)))] {
        let answer = ada.data("query ($id: ID!) { journalEntry(id: $id) { id } }", json!({ field: value })).await;
        assert_eq!(answer["journalEntry"], Value::Null);
    }
}
