//! Goal: a host and Spin may work on the same stores at the same time, as while one replaces the other. Method: a user writes to
//! both in turn; what an event delivered twice would count twice is counted.

use super::Stage;
use futures::future::join_all;
use serde_json::json;

const WRITES: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn a_host_and_spin_deliver_each_event_of_one_log_once() {
    let mut stage = Stage::new().await;
    stage.bed.platform.start().await;
    let (on_spin, admin) = (stage.register_as("premium").await, stage.register_as("admin").await);
    // The token that Spin issued is good on the host.
    let on_host = on_spin.with_http(stage.bed.platform.http().clone());
    join_all([&on_spin, &on_host].map(async |user| {
        for number in 0..WRITES / 2 {
            user.write(json!({ "title": format!("Page {number}"), "content": "Slept well.", "tags": ["both"] })).await;
        }
    }))
    .await;

    let counted =
        "{ tags { name entryCount } me { quota { used } } recentEntries(limit: 50) { title analysis { status } } }";
    for user in [&on_spin, &on_host] {
        user.eventually(counted, json!({}), |data| {
            let entries = data["recentEntries"].as_array().unwrap();
            entries.len() == WRITES
                && entries.iter().all(|entry| entry["analysis"]["status"] == "READY")
                && data["tags"] == json!([{ "name": "both", "entryCount": WRITES }])
                && data["me"]["quota"]["used"] == WRITES
        })
        .await;
    }
    let log = "query ($user: ID) { auditLog(userId: $user, eventType: \"JournalEntryCreated\", first: 50) { edges { node { eventId } } } }";
    admin
        .eventually(log, json!({ "user": on_spin.id }), |data| {
            data["auditLog"]["edges"].as_array().is_some_and(|edges| edges.len() == WRITES)
        })
        .await;
}
