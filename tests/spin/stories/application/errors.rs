//! Goal: what is refused on the host is refused on Spin, in the same words. Method: both protocols, and tokens that are none of
//! the platform's.

use super::Stage;
use mindflow_backends::clock::Clock;
use mindflow_backends::database::postgres::{Database, DatabaseConfig, PostgresConfig};
use mindflow_backends::keys::{Keyring, PostgresKeys, Settings};
use mindflow_tests::send;
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const CHANGED: &str = "subscription { entryChanged { kind } }";

/// Signed with the platform's own key.
async fn of_another_issuer(stage: &Stage, user: &str) -> String {
    let config = PostgresConfig {
        dsn: stage.bed.platform.dsn("write"),
        direct_dsn: None,
        replica_dsn: None,
        pool_max: Some(1),
        ca_file: None,
        statement_timeout_ms: None,
    };
    let database = Database::open("test", "databases.test", &DatabaseConfig::Postgres(config), None).await.unwrap();
    let settings =
        Settings { issuer: "another".into(), audience: "mindflow".into(), access_lifetime: Duration::from_secs(900) };
    let keys = Keyring::open(Arc::new(PostgresKeys::new(database, None)), settings, Clock::system()).await.unwrap();
    let now = Clock::system().now_us() / 1_000_000;
    let claims = json!({
        "sub": user, "roles": ["user", "admin"], "iat": now, "exp": now + 600, "iss": "another", "aud": "mindflow",
        "jti": uuid::Uuid::new_v4(),
    });
    keys.sign(&claims.to_string()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_those_of_the_host_in_both_protocols() {
    let stage = Stage::new().await;
    let ada = stage.register().await;
    let created = ada.post("/api/journals", &json!({ "title": "Rest", "content": "two words" })).await.expect(201);
    let path = created.header("location").to_owned();
    let etag = ada.get(&path).await.expect(200).header("etag").to_owned();
    send(ada.request(Method::GET, &path).header("if-none-match", &etag)).await.expect(304);
    ada.patch(&path, &json!({ "title": "Changed" })).await.expect(200);
    let stale = ada.request(Method::PATCH, &path).header("if-match", &etag).json(&json!({ "title": "Lost" }));
    send(stale).await.expect_problem(412, "precondition-failed");
    ada.delete(&path).await.expect(204);
    ada.get(&path).await.expect_problem(404, "not-found");
    ada.get("/api/nothing").await.expect_problem(404, "not-found");
    // What no other file takes is the web client's.
    assert_eq!(stage.http.get("/").await.expect(200).header("content-type"), "text/html; charset=utf-8");
    stage.http.get("/nothing").await.expect_problem(404, "not-found");
    send(ada.request(Method::PUT, &path)).await.expect_problem(405, "method-not-allowed");
    stage.http.get("/api/journals").await.expect_problem(401, "unauthenticated");
    let broken = json!({ "title": " ", "content": "" });
    let problem = ada.post("/api/journals", &broken).await.expect_problem(422, "invalid-input");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
    let answer = ada.graphql(mindflow_tests::CREATE, json!({ "input": broken })).await.json();
    let codes = answer["errors"].as_array().unwrap().iter().map(|error| &error["extensions"]["code"]);
    assert!(codes.eq([&json!("BAD_USER_INPUT"); 2]), "{answer}");
    assert_eq!(stage.http.graphql("{ me { id } }", json!({})).await.error_code(), "UNAUTHENTICATED");
    // A plain answer cannot carry a subscription, and WebSocket is the host's alone.
    assert_eq!(ada.graphql(CHANGED, json!({})).await.error_code(), "BAD_USER_INPUT");
    let handshake =
        stage.http.request(Method::GET, "/graphql").header("connection", "Upgrade").header("upgrade", "websocket");
    let handshake =
        handshake.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let refused = send(handshake).await.expect(400).error();
    assert!(refused["message"].as_str().unwrap().contains("Subscribe by server-sent events"), "{refused}");
    let problem = stage.http.post("/auth/login", &json!({ "email": ada.email, "password": "wrong password" })).await;
    problem.expect_problem(401, "unauthenticated");
    for token in ["nonsense".to_owned(), format!("{}x", ada.token), of_another_issuer(&stage, &ada.id).await] {
        let mut forged = ada.clone();
        forged.token = token;
        assert_eq!(forged.graphql("{ me { id } }", json!({})).await.error_code(), "UNAUTHENTICATED");
    }
}
