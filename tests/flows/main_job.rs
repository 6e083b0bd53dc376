//! Goal: the platform's one main job works, on every set of stores. Method: a user who signs up, writes and looks.

use mindflow_tests::{Account, Platform, send};
use serde_json::json;

const DASHBOARD: &str = "{ me { displayName roles quota { limit used } } recentEntries { id title tags { name } } }";

async fn a_user_signs_up_writes_and_sees_it(platform: &Platform) -> Account {
    let ada = platform.register().await;
    // A new user has a profile immediately.
    assert_eq!(ada.data("{ me { id } }", json!({})).await["me"]["id"], json!(ada.id));
    let written =
        ada.write(json!({ "title": "First", "content": "one two three", "mood": "HAPPY", "tags": ["Work"] })).await;
    assert_eq!(
        (&written["title"], &written["wordCount"], &written["version"]),
        (&json!("First"), &json!(3), &json!(1))
    );
    // The dashboard's parts are read side by side: one may be a projection ahead of the other.
    let both =
        |data: &serde_json::Value| data["recentEntries"][0]["id"] == written["id"] && data["me"]["quota"]["used"] == 1;
    let seen = ada.eventually(DASHBOARD, json!({}), both).await;
    assert_eq!(seen["me"], json!({ "displayName": "Ada", "roles": ["USER"], "quota": { "limit": 5, "used": 1 } }));
    assert_eq!(seen["recentEntries"][0]["tags"], json!([{ "name": "Work" }]));
    ada
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_writes_an_entry_and_sees_it_on_the_dashboard() {
    let mut platform = Platform::services().start().await;
    a_user_signs_up_writes_and_sees_it(&platform).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_of_events_can_be_on_redis_streams() {
    let mut platform = Platform::services().redis_streams().start().await;
    let ada = a_user_signs_up_writes_and_sees_it(&platform).await;
    platform.kill();
    platform.start().await;
    let second = ada.write(json!({ "title": "Second", "content": "after a kill" })).await;
    ada.eventually(DASHBOARD, json!({}), |data| data["recentEntries"][0]["id"] == second["id"]).await;
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_can_have_a_new_instance_for_every_call() {
    let per_call =
        |text: String| text.replace("instances = { max = 24 }", r#"instances = { mode = "per-call", max = 24 }"#);
    let mut platform = Platform::services().manifest(per_call).start().await;
    a_user_signs_up_writes_and_sees_it(&platform).await;
    let listed = platform.cli(&["components", "list", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
    let query = listed.as_array().unwrap().iter().find(|component| component["name"] == "query").unwrap();
    assert_eq!(query["instances"], 0, "{query}");
    platform.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_reads_their_own_write_immediately() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let entry = ada.write(json!({ "title": "0", "content": "c" })).await;
    let read = "query ($id: ID!) { journalEntry(id: $id) { title } }";
    assert_eq!(ada.data(read, json!({ "id": entry["id"] })).await["journalEntry"]["title"], "0");
    for number in 1..=10 {
        let title = number.to_string();
        let change =
            "mutation ($id: ID!, $title: String) { updateJournalEntry(input: { id: $id, title: $title }) { title } }";
        ada.data(change, json!({ "id": entry["id"], "title": title })).await;
        assert_eq!(ada.data(read, json!({ "id": entry["id"] })).await["journalEntry"]["title"], *title);
        let rest = ada.get(&format!("/api/journals/{}", entry["id"].as_str().unwrap())).await.expect(200).json();
        assert_eq!(rest["title"], *title);
    }
    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": entry["id"] })).await;
    assert!(ada.data(read, json!({ "id": entry["id"] })).await["journalEntry"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_default_keeps_entries_and_sessions_over_a_restart_and_a_kill() {
    let mut platform = Platform::embedded().start().await;
    let ada = a_user_signs_up_writes_and_sees_it(&platform).await;
    platform.restart().await;
    let seen = ada.eventually(DASHBOARD, json!({}), |data| data["recentEntries"][0]["title"] == "First").await;
    assert_eq!(seen["me"]["quota"]["used"], 1);
    let second = ada.write(json!({ "title": "Second", "content": "kept" })).await;
    platform.kill();
    platform.start().await;
    ada.eventually(DASHBOARD, json!({}), |data| data["recentEntries"][0]["id"] == second["id"]).await;
    let request = platform.http().request(reqwest::Method::POST, "/auth/refresh");
    send(request.header("cookie", format!("mf_refresh={}", ada.refresh_token))).await.expect(200);
    ada.login().await;
    platform.stop().await;
}
