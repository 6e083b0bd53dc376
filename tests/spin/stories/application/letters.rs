//! Goal: a subscriber that fails holds up no other, and what it gave up is delivered when an administrator says so. Method: the
//! figures' database closes its tables for a while.

use super::Stage;
use mindflow_tests::eventually;
use serde_json::json;

const LETTERS: &str = "{ deadLetters(consumer: \"analytics\") { edges { node { id attempts lastError } } } }";
const RETRY: &str = "mutation ($id: ID!) { retryDeadLetter(id: $id) }";

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_subscriber_ends_in_dead_letters_that_an_administrator_retries() {
    let stage = Stage::new().await;
    let (ada, admin) = (stage.register().await, stage.register_as("admin").await);
    let figures = stage.bed.platform.analytics_database().await;
    let tables = "ALL TABLES IN SCHEMA analytics";
    figures.batch_execute(&format!("REVOKE INSERT, UPDATE ON {tables} FROM mindflow_analytics")).await.unwrap();
    ada.write(json!({ "title": "Meanwhile", "content": "All is well." })).await;
    ada.eventually("{ recentEntries { title } }", json!({}), |data| data["recentEntries"][0]["title"] == "Meanwhile")
        .await;
    let shown =
        admin.eventually(LETTERS, json!({}), |data| !data["deadLetters"]["edges"].as_array().unwrap().is_empty());
    let letters = shown.await["deadLetters"]["edges"].as_array().unwrap().clone();
    assert!(letters.iter().all(|letter| letter["node"]["attempts"] == 5), "{letters:?}");
    assert_eq!(ada.graphql(LETTERS, json!({})).await.error_code(), "FORBIDDEN");
    // There is no host that could say what runs.
    assert_eq!(admin.graphql("{ platform { at } }", json!({})).await.error_code(), "UNAVAILABLE");

    figures.batch_execute(&format!("GRANT INSERT, UPDATE ON {tables} TO mindflow_analytics")).await.unwrap();
    let counted = eventually("the figures have the entry, and no letter is left", async || {
        // Others may have been given up meanwhile.
        let letters = admin.data(LETTERS, json!({})).await["deadLetters"]["edges"].as_array().unwrap().clone();
        for letter in &letters {
            admin.data(RETRY, json!({ "id": letter["node"]["id"] })).await;
        }
        assert_eq!(stage.spin.call("analytics", "/drain", "").await.status(), 200);
        let stats = ada.data("{ writingStats { entries } }", json!({})).await;
        (letters.is_empty() && stats["writingStats"]["entries"] == 1).then_some(())
    });
    counted.await;
}
