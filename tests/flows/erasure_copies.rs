//! Goal: what is kept for good, and what an operator makes of it, holds when an account and an entry are erased: the log and its copies, replays,
//! reconciliation, and the trail, wherever it is. Method: the operator's commands before and after, and what they say of it.

use crate::erasure_kit::{PURGE, complete, delete, files_with, quiet, soon};
use mindflow_backends::records::{
    Config,
    logs::{self, Filter, Level, Line},
};
use mindflow_test_support::MongoServer;
use mindflow_tests::{Account, Output, Platform};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A word that occurs nowhere else.
const WORD: &str = "quokkaberry";

fn answer(output: &Output) -> Value {
    assert_eq!(output.code, Some(0), "{output:?}");
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

async fn write(account: &Account, title: &str) -> Value {
    let entry =
        json!({ "title": title, "content": format!("A calm day with {WORD}."), "tags": ["kept"], "mood": "CALM" });
    account.write(entry).await["id"].clone()
}

/// One user's account, and an entry of another.
async fn erase(platform: &Platform, account: &Account, (other, entry): (&Account, &Value)) {
    let of_account = delete(account).await["erasureId"].clone();
    let of_entry = other.data(PURGE, json!({ "id": entry })).await["purgeJournalEntry"]["erasureId"].clone();
    complete(platform, &of_account).await;
    complete(platform, &of_entry).await;
    quiet(platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_replays_reconciliation_and_the_trail_hold_after_an_erasure_and_say_what_was_passed_over() {
    let platform = soon(Platform::services()).variable("reconcile_pause_ms", "700").start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    write(&ada, "Of who goes").await;
    let purged = write(&bob, "Purged").await;
    let stays = write(&bob, "Kept").await;
    quiet(&platform).await;
    let before = answer(&platform.cli(&["archive", "export", "--json"]).await)["events"].as_u64().expect("a count");
    let noted = answer(&platform.cli(&["audit", "verify", "--json"]).await);
    let head = format!("{}:{}", noted["records"], noted["hash"].as_str().expect("a hash"));
    erase(&platform, &ada, (&bob, &purged)).await;

    // The older copy has only ciphertext, and fits the current log.
    assert_eq!(files_with(&platform.data_dir(), WORD), Vec::<String>::new());
    let imported = answer(&platform.cli(&["archive", "import", "--json"]).await);
    assert_eq!((&imported["loaded"], &imported["already"]), (&json!(0), &json!(before)));
    let after = answer(&platform.cli(&["archive", "export", "--json"]).await)["events"].as_u64().expect("a count");
    assert!(after > 0, "the erasures' own events are copied as well");

    for consumer in ["query", "analytics"] {
        let shadow = answer(&platform.cli(&["replay", "--consumer", consumer, "--shadow", "--json"]).await);
        assert!(shadow["erased"].as_u64() >= Some(2), "{shadow}");
        assert_eq!(shadow["failed"], json!([]), "{shadow}");
    }
    let replayed = answer(&platform.cli(&["replay", "--consumer", "query", "--json"]).await);
    assert!(replayed["erased"].as_u64() >= Some(2), "{replayed}");
    let report = answer(&platform.cli(&["reconcile", "--json"]).await);
    assert_eq!(report["rows"], json!([]), "{report}");
    let data = bob.data("{ recentEntries { id title } }", json!({})).await;
    assert_eq!(data["recentEntries"], json!([{ "id": stays, "title": "Kept" }]));

    // The trail goes on from the head that was noted, and its export has nothing that can be read.
    let verified = answer(&platform.cli(&["audit", "verify", "--noted", &head, "--json"]).await);
    assert!(verified["records"].as_u64() > noted["records"].as_u64(), "{verified}");
    let trail = platform.cli(&["audit", "export"]).await;
    assert!(trail.code == Some(0) && !trail.stdout.contains(WORD), "{trail:?}");
    let file = platform.path("export.ndjson");
    std::fs::write(&file, &trail.stdout).expect("the export is written");
    let alone = platform.cli(&["audit", "verify", "--file", file.to_str().expect("a path")]).await;
    assert_eq!(alone.code, Some(0), "{alone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_and_a_log_in_mongodb_keep_nothing_that_names_or_quotes_what_was_erased() {
    let server = MongoServer::start().await;
    let mongo = format!("backend = \"mongodb\"\nurl = \"{}\"", server.url());
    let config = format!("[audit-log]\n{mongo}\n[log.keep]\n{mongo}");
    let platform = soon(Platform::services()).config(&config).start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    write(&ada, "Of who goes").await;
    let purged = write(&bob, "Purged").await;
    write(&bob, "Kept").await;
    let config: Config =
        serde_json::from_value(json!({ "backend": "mongodb", "url": server.url() })).expect("settings");
    let kept = logs::open(&config, &BTreeMap::new()).await.expect("the kept log");
    let line = |message: String| Line {
        at_us: 1_795_694_400_000_000,
        level: Level::Warn,
        component: Some("notification".into()),
        correlation_id: None,
        target: "story".into(),
        message,
        fields: serde_json::Map::new(),
    };
    let lines = [&ada.id, &bob.id].map(|id| line(format!("the mail of {id} waits")));
    kept.append(&lines).await.expect("lines");
    erase(&platform, &ada, (&bob, &purged)).await;

    let of_story = kept.read(&Filter { component: Some("notification".into()), ..Filter::default() }, 1_000).await;
    let of_story: Vec<Line> = of_story.expect("lines").into_iter().filter(|line| line.target == "story").collect();
    assert_eq!(of_story, lines[1..]);
    let verified = platform.cli(&["audit", "verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let trail = platform.cli(&["audit", "export"]).await;
    assert!(trail.stdout.contains(&ada.id) && !trail.stdout.contains(WORD), "{trail:?}");
}
