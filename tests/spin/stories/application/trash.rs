//! Goal: what is deleted waits in the trash on Spin as on the host, and comes back or goes for good. Method: one user with two entries, of
//! which one is purged, and of the other a month passes in the database before the clock rings.

use super::Stage;
use super::erasure::{RUNG_TWICE, complete};
use mindflow_tests::eventually_within;
use serde_json::json;

const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";
const RESTORE: &str = "mutation ($id: ID!) { restoreJournalEntry(id: $id) { title } }";
const PURGE: &str = "mutation ($id: ID!) { purgeJournalEntry(id: $id) { erasureId } }";
const TRASH: &str = "{ deletedEntries { totalCount edges { node { entry { title } } } } }";
const LISTED: &str = "{ journalEntries { totalCount } }";

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_comes_back_from_the_trash_or_goes_for_good_by_its_user_or_by_time() {
    let stage = Stage::with(&[("erasure_settle_seconds", "0")]).await;
    let ada = stage.register().await;
    let purged = json!({ "id": ada.write(json!({ "title": "A walk", "content": "By the lake." })).await["id"] });
    let aged = json!({ "id": ada.write(json!({ "title": "At home", "content": "Rain." })).await["id"] });
    ada.data(DELETE, purged.clone()).await;
    let trash = ada.eventually(TRASH, json!({}), |data| data["deletedEntries"]["totalCount"] == 1).await;
    assert_eq!(trash["deletedEntries"]["edges"][0]["node"]["entry"]["title"], "A walk");
    assert_eq!(ada.data(RESTORE, purged.clone()).await["restoreJournalEntry"]["title"], "A walk");
    ada.eventually(LISTED, json!({}), |data| data["journalEntries"]["totalCount"] == 2).await;

    let erasure = ada.data(PURGE, purged.clone()).await["purgeJournalEntry"]["erasureId"].clone();
    let done = complete(&stage, &erasure).await;
    assert_eq!(done["waiting"], json!([]), "{done}");
    assert_eq!(ada.graphql(RESTORE, purged).await.error_code(), "NOT_FOUND");

    ada.data(DELETE, aged.clone()).await;
    let database = stage.bed.platform.write_database().await;
    let ago = "UPDATE command.journals SET trashed_at = now() - interval '31 days' WHERE deleted_at IS NOT NULL AND purged_at IS NULL";
    assert_eq!(database.execute(ago, &[]).await.expect("time passes"), 1);
    stage.run("command", "empty-trash").await;
    assert_eq!(ada.graphql(RESTORE, aged).await.error_code(), "NOT_FOUND");
    let erased = "SELECT count(*) FROM auth.erasures WHERE entry_id IS NOT NULL AND completed_at IS NOT NULL";
    eventually_within(RUNG_TWICE, "both are erased everywhere", || async {
        let row = database.query_one(erased, &[]).await.expect("a count");
        (row.get::<_, i64>(0) == 2).then_some(())
    })
    .await;
    let texts = "SELECT count(*) FROM command.journals WHERE title <> '' OR content <> ''";
    assert_eq!(database.query_one(texts, &[]).await.expect("a count").get::<_, i64>(0), 0);
    ada.eventually(LISTED, json!({}), |data| data["journalEntries"]["totalCount"] == 0).await;
}
