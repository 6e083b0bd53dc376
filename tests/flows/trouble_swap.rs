//! Goal: a component is replaced while requests run, and a replacement that is no good changes nothing.
//! Method: `mindflow swap` and `up --watch` under continuous load.

use crate::trouble_kit::{assert_says, component, guest, manifest, refusal, run, state, swap, writer};
use mindflow_tests::{Account, Platform, eventually};
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

const CLIENTS: u32 = 4;
const SWAPS_OF_EACH: u64 = 3;

/// Reads and writes until the stop; answers how many requests it made, none of which failed.
async fn load(ada: Account, stop: Arc<AtomicBool>, made: Arc<AtomicU32>) {
    while !stop.load(Ordering::Acquire) {
        ada.data("{ me { id } recentEntries { id title tags { name entryCount } } moodTrends { count } }", json!({}))
            .await;
        let input = json!({ "input": { "title": "under load", "content": "words" } });
        ada.data("mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }", input)
            .await;
        ada.get("/auth/sessions").await.expect(200);
        made.fetch_add(3, Ordering::AcqRel);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn components_are_swapped_under_load_without_one_failed_request() {
    let platform = Platform::services().variable("free_entries_per_month", "100000").start().await;
    let ada = writer(&platform, "before").await;
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| tokio::spawn(load(ada.clone(), Arc::clone(&stop), Arc::clone(&made)))).collect();
    for _ in 0..SWAPS_OF_EACH {
        for name in ["query", "command", "auth", "gateway"] {
            let before = made.load(Ordering::Acquire);
            swap(&platform, name, &component(name)).await;
            let made = &made;
            eventually("requests after the swap", || async move {
                (made.load(Ordering::Acquire) > before + CLIENTS * 3).then_some(())
            })
            .await;
        }
    }
    stop.store(true, Ordering::Release);
    for client in clients {
        client.await.expect("no request failed");
    }
    for name in ["query", "command", "auth", "gateway"] {
        assert_eq!(state(&platform, name).await["generation"], SWAPS_OF_EACH + 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_replacement_is_refused_and_the_old_version_goes_on() {
    let platform = Platform::services().env("RUST_LOG", "off").start().await;
    let ada = writer(&platform, "before").await;
    let text = platform.data_dir().with_file_name("spin.toml").display().to_string();
    let old = guest("old-query").display().to_string();
    let poison = guest("poison-subscriber").display().to_string();
    let good = component("query").display().to_string();
    for (arguments, parts) in [
        (["swap", "query", &text], &["spin.toml is not a component"][..]),
        (["swap", "query", "/no/such/file.wasm"], &["cannot read the component file /no/such/file.wasm"]),
        (
            ["swap", "query", &old],
            &[
                "mindflow:query/reads@0.1.0#read-own",
                "`gateway` imports it as",
                "recent-entries(u32)",
                "recent-entries(u64)",
            ],
        ),
        (["swap", "query", &poison], &["`query` must export mindflow:platform/"]),
        (["swap", "analytics", &poison], &["gateway", "mindflow:analytics/figures@0.1.0", "does not export it"]),
        (["swap", "command", &good], &["command"]),
        (["swap", "oracle", &good], &["oracle", "no component of this name"]),
    ] {
        assert_says(&refusal(&platform, &arguments).await, parts);
    }
    // Without a privilege of its role, the component's own health check says that it cannot work.
    let database = platform.read_database().await;
    database.batch_execute("REVOKE SELECT ON query.users_view FROM mindflow_query").await.expect("less privileges");
    assert_says(&refusal(&platform, &["swap", "query", &good]).await, &["health check failed", "read database"]);
    database.batch_execute("GRANT SELECT ON query.users_view TO mindflow_query").await.expect("more privileges");

    for name in ["query", "command"] {
        let state = state(&platform, name).await;
        assert_eq!((&state["generation"], &state["state"]), (&json!(1), &json!("ready")), "{name}");
    }
    let seen = ada.data("{ me { id } recentEntries { title } }", json!({})).await;
    assert_eq!(seen["recentEntries"][0]["title"], "before");
    swap(&platform, "query", component("query").as_path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_component_is_swapped_when_its_file_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("query.wasm");
    std::fs::copy(component("query"), &file).expect("a copy");
    let source = file.clone();
    let watched = manifest(move |table| run(table, "query", source));
    let log = "info,mindflow::call=warn,mindflow::platform=debug";
    let builder = Platform::services().env("RUST_LOG", log).manifest(watched).argument("--watch");
    let platform = builder.start().await;
    let ada = writer(&platform, "before").await;
    let platform = &platform;

    std::fs::copy(guest("broken-query"), &file).expect("a new version");
    eventually("the new version serves", || async move {
        (state(platform, "query").await["generation"] == 2).then_some(())
    })
    .await;
    assert_eq!(ada.graphql("{ me { id } }", json!({})).await.error_code(), "UNAVAILABLE");

    std::fs::write(&file, "half a component").expect("a broken file");
    eventually("the refusal is logged", || async move {
        platform.log().contains("not swapped, the old version goes on").then_some(())
    })
    .await;
    assert_eq!(state(platform, "query").await["generation"], 2);

    std::fs::copy(component("query"), &file).expect("the good version");
    eventually("the good version serves", || async move {
        (state(platform, "query").await["generation"] == 3).then_some(())
    })
    .await;
    assert_eq!(ada.data("{ recentEntries { title } }", json!({})).await["recentEntries"][0]["title"], "before");

    // A build that changes nothing writes the file again.
    let looked = || platform.log().matches("not swapped: the file is what runs already").count();
    let before = looked();
    std::fs::copy(component("query"), &file).expect("the same version");
    eventually("it is looked at", || async move { (looked() > before).then_some(()) }).await;
    assert_eq!(state(platform, "query").await["generation"], 3);
}
