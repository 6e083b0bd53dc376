//! Goal: a user's journal is the same on Spin as on the host. Method: one user, from the first page on.

use super::Stage;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_user_writes_an_entry_and_finds_it_on_the_dashboard() {
    let stage = Stage::new().await;
    let ada = stage.register().await;
    let entry = ada
        .write(json!({ "title": "A first page", "content": "Slept well.", "mood": "CALM", "tags": ["morning"] }))
        .await;
    assert_eq!((&entry["title"], &entry["tags"][0]["name"]), (&json!("A first page"), &json!("morning")));
    let dashboard = "{ me { displayName quota { used limit } } recentEntries { id title mood tags { name entryCount } } moodTrends { mood count } }";
    let shown = ada
        .eventually(dashboard, json!({}), |data| {
            data["recentEntries"][0]["tags"][0]["entryCount"] == 1
                && data["moodTrends"][0]["count"] == 1
                && data["me"]["quota"]["used"] == 1
        })
        .await;
    assert_eq!(shown["recentEntries"][0]["id"], entry["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_away_learns_what_changed_and_what_is_gone() {
    let stage = Stage::new().await;
    let ada = stage.register().await;
    let (kept, gone) = (
        ada.write(json!({ "title": "Kept", "content": "x", "tags": ["morning"] })).await,
        ada.write(json!({ "title": "Gone", "content": "x" })).await,
    );
    let first = ada.data(CHANGES, json!({})).await["changesSince"].clone();
    assert_eq!((first["changes"].as_array().map(Vec::len), &first["hasMore"]), (Some(3), &json!(false)));
    ada.data(DELETE, json!({ "id": gone["id"] })).await;
    ada.data("mutation ($id: ID!) { deleteTag(id: $id) }", json!({ "id": kept["tags"][0]["id"] })).await;
    let then = ada.data(CHANGES, json!({ "cursor": first["cursor"] })).await["changesSince"]["changes"].clone();
    let of = |kind: &str, id: &serde_json::Value, deleted: bool, entry: serde_json::Value| json!({ "kind": kind, "id": id, "deleted": deleted, "entry": entry });
    let expected = json!([
        of("ENTRY", &gone["id"], true, json!(null)),
        of("ENTRY", &kept["id"], false, json!({ "title": "Kept", "tags": [] })),
        of("TAG", &kept["tags"][0]["id"], true, json!(null)),
    ]);
    assert_eq!(then, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_reads_the_audit_trail_and_users_see_their_own_entries_alone() {
    let stage = Stage::new().await;
    let (ada, admin) = (stage.register().await, stage.register_as("admin").await);
    let entry = ada.write(json!({ "title": "Mine", "content": "secret" })).await;
    let id = json!({ "id": entry["id"] });
    ada.eventually(ENTRY, id.clone(), |data| data["journalEntry"]["title"] == "Mine").await;
    for other in [&stage.register().await, &admin] {
        assert!(other.data(ENTRY, id.clone()).await["journalEntry"].is_null());
        assert_eq!(other.graphql(DELETE, id.clone()).await.error_code(), "NOT_FOUND");
    }
    let log = "query ($user: ID) { auditLog(userId: $user, eventType: \"JournalEntryCreated\") { edges { node { payload withheld } } } }";
    let shown = admin.eventually(log, json!({ "user": ada.id }), |data| {
        data["auditLog"]["edges"].as_array().is_some_and(|edges| edges.len() == 1)
    });
    let shown = shown.await.to_string();
    assert!(shown.contains("withheld") && !shown.contains("secret"), "{shown}");
    assert_eq!(ada.graphql(log, json!({})).await.error_code(), "FORBIDDEN");
}

const CHANGES: &str = "query ($cursor: String) { changesSince(cursor: $cursor) { cursor hasMore changes {
    kind id deleted entry { title tags { name } } } } }";
const ENTRY: &str = "query ($id: ID!) { journalEntry(id: $id) { title } }";
const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";
