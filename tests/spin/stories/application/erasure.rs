//! Goal: an account ends on Spin as on the host. Method: one user with an entry, until the receipt is complete.

use super::Stage;
use mindflow_tests::{PASSWORD, eventually_within};
use serde_json::{Value, json};
use std::time::Duration;

const DELETE: &str = "mutation ($password: String!) { deleteAccount(password: $password) { erasureId } }";
const RECEIPT: &str =
    "query ($id: ID!) { erasureReceipt(id: $id) { completedAt erased { service count } waiting signed } }";
const WORD: &str = "quokkaberry";

/// A step that waits for a report is taken by the next ring of the clock, which comes each minute.
pub const RUNG_TWICE: Duration = Duration::from_secs(150);

/// The receipt when it is complete.
pub async fn complete(stage: &Stage, id: &Value) -> Value {
    eventually_within(RUNG_TWICE, "the erasure is complete", || async move {
        let receipt = stage.http.graphql(RECEIPT, json!({ "id": id })).await.json()["data"]["erasureReceipt"].clone();
        receipt["completedAt"].is_string().then_some(receipt)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_ends_leaves_nothing_in_the_views_and_a_receipt_that_is_signed() {
    let stage = Stage::with(&[("account_deletion_grace_days", "0"), ("erasure_settle_seconds", "0")]).await;
    let ada = stage.register().await;
    ada.write(json!({ "title": WORD, "content": "Slept well.", "tags": ["morning"] })).await;
    let shown = |data: &Value| data["recentEntries"][0]["title"] == WORD;
    ada.eventually("{ recentEntries { title } }", json!({}), shown).await;
    let id = ada.data(DELETE, json!({ "password": PASSWORD })).await["deleteAccount"]["erasureId"].clone();
    let done = complete(&stage, &id).await;
    assert_eq!(done["waiting"], json!([]));
    assert_eq!(done["signed"].as_str().map(|signed| signed.split('.').count()), Some(3), "{done}");
    let login = json!({ "email": ada.email, "password": PASSWORD });
    stage.http.post("/auth/login", &login).await.expect_problem(401, "unauthenticated");
    let views = "SELECT count(*) FROM query.journals_view WHERE strpos(title, $1) > 0";
    let left = stage.bed.platform.read_database().await.query_one(views, &[&WORD]).await.expect("the views");
    assert_eq!(left.get::<_, i64>(0), 0);
}
