//! Goal: a host that dies loses nothing that it has acknowledged. Method: `kill -9` in the middle of writes on
//! the embedded default, and a start on the same data directory.

use crate::trouble_servers::processes_of;
use mindflow_tests::{Account, Platform, eventually};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const WRITERS: usize = 3;
const WRITTEN_BEFORE_MIN: usize = 12;

/// Writes until the host is gone; keeps what was acknowledged.
async fn write_on(ada: Account, acknowledged: Arc<Mutex<Vec<String>>>) {
    let create = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }";
    loop {
        let body = json!({ "query": create, "variables": { "input": { "title": "t", "content": "words" } } });
        let request = ada.request(reqwest::Method::POST, "/graphql").json(&body);
        let Ok(response) = request.send().await else { return };
        let Ok(answer) = response.json::<Value>().await else { return };
        if let Some(id) = answer["data"]["createJournalEntry"]["id"].as_str() {
            acknowledged.lock().expect("no panic while held").push(id.to_owned());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_killed_in_the_middle_of_writes_loses_no_acknowledged_one_and_leaves_no_process_behind() {
    let mut platform = Platform::embedded().variable("free_entries_per_month", "100000").start().await;
    let data = platform.data_dir();
    let ada = platform.register().await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..2 {
        let before = acknowledged.lock().expect("no panic while held").len();
        let writers: Vec<_> =
            (0..WRITERS).map(|_| tokio::spawn(write_on(ada.clone(), Arc::clone(&acknowledged)))).collect();
        let written = &acknowledged;
        eventually("some writes", || async move {
            (written.lock().expect("no panic while held").len() >= before + WRITTEN_BEFORE_MIN).then_some(())
        })
        .await;
        platform.kill();
        for writer in writers {
            writer.await.expect("a writer ends");
        }
        let data = &data;
        eventually("no process is left", || async move { processes_of(data).is_empty().then_some(()) }).await;
        platform.start().await;
    }
    let acknowledged = acknowledged.lock().expect("no panic while held").clone();
    // What was written is projected, also where its event was not delivered yet.
    for ids in acknowledged.chunks(10) {
        let fields: Vec<String> =
            ids.iter().enumerate().map(|(n, id)| format!("e{n}: journalEntry(id: \"{id}\") {{ id }}")).collect();
        let query = format!("{{ {} }}", fields.join(" "));
        ada.eventually(&query, json!({}), |data| (0..ids.len()).all(|n| data[format!("e{n}")]["id"] == ids[n])).await;
    }
    let ada = ada.login().await;
    let used =
        ada.data("{ me { quota { used } } }", json!({})).await["me"]["quota"]["used"].as_u64().expect("a number");
    assert!(used >= acknowledged.len() as u64, "{used} of {}", acknowledged.len());
    platform.stop().await;
    let data = &data;
    eventually("no process is left", || async move { processes_of(data).is_empty().then_some(()) }).await;
}
