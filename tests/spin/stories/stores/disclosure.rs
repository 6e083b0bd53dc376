//! Texts of users that leave, to a service of embeddings or to another host: in the ledger before they are sent, or not sent.

use super::Stage;
use super::messages::Sink;
use mindflow_spin_tests::bridge::Bridge;
use mindflow_test_support::{TestDatabase, TestPostgres};
use serde_json::json;

const ADA: &str = "00000000-0000-4000-8000-000000000001";
const ROLE: &str = "mindflow_disclosure-ledger";

/// A service outside, the ledger, and the probe that reaches both.
struct Outside {
    sink: Sink,
    database: TestDatabase,
    stage: Stage,
    _postgres: Bridge,
}

impl Outside {
    async fn new() -> Self {
        let sink = Sink::answering("200 OK", r#"{"data": [{"index": 0, "embedding": [0.5, 1]}]}"#).await;
        let database = TestPostgres::empty("ledger").await;
        // As its migration makes it, for the role of the capability.
        let role = format!("CREATE ROLE \"{ROLE}\" LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN");
        database.script(&format!("DO $$ BEGIN {role} END $$")).await;
        database.script(include_str!("../../../../migrations/write/0085_keep_ai_ledger.sql")).await;
        database.script(include_str!("../../../../migrations/write/0091_name_disclosures.sql")).await;
        let name: String = database.one("SELECT current_database()::text").await;
        let postgres = Bridge::to_postgres(&database.dsn()).await;
        let (dsn, origin) = (postgres.postgres(ROLE, &name), format!("postgres://{}", postgres.address()));
        let stage = Stage::new(|component| {
            component.allowed_outbound_hosts.extend([origin, sink.origin.clone()]);
            let address = sink.origin.trim_start_matches("http://").to_owned();
            for (name, value) in [
                ("disclosure_ledger_dsn", dsn),
                ("embeddings_url", format!("{}/v1/embeddings", sink.origin)),
                ("embeddings_model", "small".into()),
                ("outbound_allow_private", address),
            ] {
                component.variables.insert(name.into(), value);
            }
        })
        .await;
        Self { sink, database, stage, _postgres: postgres }
    }

    /// What the ledger has, oldest first.
    async fn rows(&self) -> serde_json::Value {
        let rows = "SELECT coalesce(json_agg(json_build_array(component, user_id, purpose, host, model, bytes) ORDER BY id), '[]')::text
            FROM disclosure.ledger";
        serde_json::from_str(&self.database.one::<String>(rows).await).unwrap()
    }

    fn sent(&self) -> usize {
        self.sink.requests.lock().unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn embeddings_come_from_the_service_that_the_variables_name_and_the_ledger_knows_of_each() {
    let outside = Outside::new().await;
    assert_eq!(outside.stage.step(json!(["embed", ADA, "hello"])).await, "[[0.5, 1.0]]");
    let body = r#"{"model":"small","input":["hello"],"encoding_format":"float"}"#;
    assert!(outside.sink.requests.lock().unwrap()[0].ends_with(body));
    let host = outside.sink.origin.trim_start_matches("http://");
    assert_eq!(outside.rows().await, json!([["probe", ADA, "search-query", host, "small", body.len()]]));
    let stage = Stage::new(|_| {}).await;
    assert_eq!(stage.step(json!(["embed", ADA, "hello"])).await, "error: Error::NotConfigured");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_sent_after_it_is_written_down_and_not_at_all_where_that_fails() {
    let outside = Outside::new().await;
    let url = format!("{}/hook", outside.sink.origin);
    let disclose =
        async |user: &str, purpose: &str, url: &str| outside.stage.step(json!(["disclose", user, purpose, url])).await;
    for (user, purpose, url, reason) in [
        ("ada", "webhook", url.as_str(), "error: Error::Invalid("),
        (ADA, "No purpose", &url, "error: Error::Invalid("),
        (ADA, "webhook", "http://127.0.0.1:1/", "error: Error::Prohibited("),
    ] {
        let answer = disclose(user, purpose, url).await;
        assert!(answer.starts_with(reason), "{answer}");
    }
    assert_eq!((outside.rows().await, outside.sent()), (json!([]), 0));
    assert_eq!(disclose(ADA, "webhook", &url).await, "200");
    let host = outside.sink.origin.trim_start_matches("http://");
    assert_eq!(outside.rows().await, json!([["probe", ADA, "webhook", host, "small", 17]]));

    outside.database.script("ALTER TABLE disclosure.ledger RENAME TO away").await;
    let answer = disclose(ADA, "webhook", &url).await;
    assert!(answer.starts_with("error: Error::Unrecorded("), "{answer}");
    let answer = outside.stage.step(json!(["embed", ADA, "hello"])).await;
    assert!(answer.starts_with("error: Error::Unavailable("), "{answer}");
    assert_eq!(outside.sent(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_may_not_disclose_sends_nothing() {
    let stage = Stage::without_grants().await;
    let answer = stage.step(json!(["disclose", ADA, "webhook", "https://example.org/"])).await;
    assert!(answer.starts_with("error: Error::Prohibited(") && answer.contains("disclosed = true"), "{answer}");
}
