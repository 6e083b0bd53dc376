//! Mail by an HTTP API, push messages with the platform's key, and addresses that users enter.

use super::Stage;
use mindflow_spin_tests::bridge::Bridge;
use mindflow_test_support::TestPostgres;
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers every request alike, and keeps what came.
pub struct Sink {
    pub origin: String,
    pub requests: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    pub async fn answering(status: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut request = Vec::new();
                let whole = |request: &[u8]| {
                    let text = String::from_utf8_lossy(request).into_owned();
                    let (head, body) = text.split_once("\r\n\r\n")?;
                    let length = head
                        .lines()
                        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
                    (body.len() >= length.unwrap_or(0)).then_some(text)
                };
                let text = loop {
                    if let Some(text) = whole(&request) {
                        break text;
                    }
                    if client.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        break String::new();
                    }
                };
                kept.lock().unwrap().push(text);
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
                let _ = client.write_all(answer.as_bytes()).await;
            }
        });
        Self { origin, requests }
    }
}

async fn mailer(sink: &Sink) -> Stage {
    Stage::new(|component| {
        component.allowed_outbound_hosts.push(sink.origin.clone());
        component.variables.insert("mail_url".into(), format!("{}/v3/d/messages.mime", sink.origin));
        component.variables.insert("mail_from".into(), "MindFlow <hello@mindflow.example>".into());
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_the_hosts_message_in_a_form() {
    let sink = Sink::answering("200 OK", r#"{"id": "x", "message": "Queued"}"#).await;
    let stage = mailer(&sink).await;
    assert_eq!(stage.step(json!(["mail", "ada@example.org", "Grüße"])).await, "()");
    let request = sink.requests.lock().unwrap().remove(0);
    for part in [
        "POST /v3/d/messages.mime HTTP/1.1\r\n",
        "name=\"to\"\r\n\r\nada@example.org\r\n",
        "Message-ID: <0190b6f4-7a1c-7d1e-8f00-0123456789ab@mindflow.example>\r\n",
        "From: MindFlow <hello@mindflow.example>\r\n",
        "Subject: =?utf-8?",
        "Hello in text.",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
    let answer = stage.step(json!(["mail", "no-address", "x"])).await;
    assert_eq!(answer, "error: Error::Invalid(\"to: is no e-mail address\")");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_mail_is_given_up_and_an_outage_passes() {
    let refusing = Sink::answering("400 Bad Request", r#"{"message": "to parameter is not a valid address"}"#).await;
    let answer = mailer(&refusing).await.step(json!(["mail", "ada@example.org", "x"])).await;
    assert!(answer.starts_with("error: Error::Rejected(") && answer.contains("not a valid address"), "{answer}");
    let down = Sink { origin: "http://127.0.0.1:1".into(), requests: Arc::default() };
    let answer = mailer(&down).await.step(json!(["mail", "ada@example.org", "x"])).await;
    assert!(answer.starts_with("error: Error::Unavailable("), "{answer}");
    let stage = Stage::without_grants().await;
    let answer = stage.step(json!(["mail", "ada@example.org", "x"])).await;
    assert_eq!(answer, "error: Error::AccessDenied(\"the component may not send mail\")");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_message_is_sealed_with_the_key_that_the_database_keeps() {
    let database = TestPostgres::empty("vapid").await;
    // As its migrations make it, for a role of the capability's own.
    database.script("CREATE SCHEMA mindflow; GRANT USAGE ON SCHEMA mindflow TO PUBLIC").await;
    database.script(include_str!("../../../../migrations/write/0009_create_vapid_key.sql")).await;
    database
        .script("DO $$ BEGIN CREATE ROLE \"mindflow_web-push\" LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$")
        .await;
    database.script(include_str!("../../../../migrations/write/0074_open_vapid_key.sql")).await;
    let name: String = database.one("SELECT current_database()::text").await;
    let postgres = Bridge::to_postgres(&database.dsn()).await;
    let dsn = postgres.postgres("mindflow_web-push", &name);
    let stage = Stage::new(|component| {
        component.allowed_outbound_hosts.push(format!("postgres://{}", postgres.address()));
        component.variables.insert("web_push_dsn".into(), dsn);
    })
    .await;
    // RFC 8291 §5.
    let (p256dh, auth) = (
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    );
    let answers =
        stage.run(json!([["push-key"], ["seal", p256dh, auth], ["seal", p256dh, "AAAA"], ["push-key"]])).await;
    assert_eq!(answers[0], answers[3]);
    assert_eq!(answers[0].len(), 87 + 2, "{answers:?}");
    assert_eq!(answers[1], format!("(true, {})", 86 + 5 + 1 + 16));
    assert!(answers[2].contains("auth: must be 16 bytes"), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_users_enter_are_judged_by_their_form() {
    let stage = Stage::new(|component| {
        component.variables.insert("outbound_allow_private".into(), "127.0.0.1:8080".into());
    })
    .await;
    for public in ["https://example.org/hook", "https://1.1.1.1/", "http://127.0.0.1:8080/hook"] {
        assert_eq!(stage.step(json!(["check", public])).await, "()", "{public}");
    }
    for private in
        ["https://127.1/", "https://[::1]/", "https://redis/", "https://a.svc.cluster.local/", "http://example.org/"]
    {
        let answer = stage.step(json!(["check", private])).await;
        assert!(answer.starts_with("error: Refusal::Prohibited("), "{private}: {answer}");
    }
}
