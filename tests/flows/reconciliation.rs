//! Goal: where the read side does not say what the write side does, reconciliation reports and repairs it, and
//! traffic is neither reported nor harmed. Method: rows changed by hand behind the components' backs.

use mindflow_tests::{Account, Output, Platform, eventually};
use serde_json::{Value, json};

/// What differs is looked at again so soon; long enough for an event of the tests to arrive.
const PAUSE: (&str, &str) = ("reconcile_pause_ms", "700");

async fn settled_user(platform: &Platform) -> Account {
    let ada = platform.register_as("premium").await;
    for title in ["one", "two", "three", "four", "five", "gone"] {
        ada.write(json!({ "title": title, "content": "A calm day.", "mood": "CALM", "tags": ["kept", title] })).await;
    }
    ada.data("mutation { recordMood(mood: HAPPY, note: \"sun\") { count } }", json!({})).await;
    let entries = ada.data("{ recentEntries { id title tags { id } } }", json!({})).await;
    let entries = entries["recentEntries"].as_array().cloned().unwrap_or_default();
    let gone = entries.iter().find(|entry| entry["title"] == "gone");
    let gone = match gone {
        Some(entry) => entry.clone(),
        None => {
            let done = |data: &Value| data["recentEntries"].as_array().is_some_and(|entries| entries.len() == 6);
            let data = ada.eventually("{ recentEntries { id title } }", json!({}), done).await;
            let entries = data["recentEntries"].as_array().expect("entries").clone();
            entries.into_iter().find(|entry| entry["title"] == "gone").expect("the entry")
        }
    };
    ada.data("mutation($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": gone["id"] })).await;
    let done = |data: &Value| data["recentEntries"].as_array().is_some_and(|entries| entries.len() == 5);
    ada.eventually("{ recentEntries { title } moodTrends { count } }", json!({}), done).await;
    // A renamed tag is another name on the entries' readers, not another state of the entries.
    let tags = ada.data("{ tags { id name } }", json!({})).await;
    let tag = tags["tags"].as_array().and_then(|tags| tags.iter().find(|tag| tag["name"] == "kept")).cloned();
    let rename = "mutation($id: ID!) { renameTag(id: $id, name: \"zebra\") { name } }";
    ada.data(rename, json!({ "id": tag.expect("the tag")["id"] })).await;
    ada.eventually("{ tags { name } }", json!({}), |data| data.to_string().contains("zebra")).await;
    ada
}

async fn reconcile(platform: &Platform, flags: &[&str]) -> (Option<i32>, Value, Output) {
    let words: Vec<&str> = ["reconcile", "--json"].iter().chain(flags).copied().collect();
    let output = platform.cli(&words).await;
    let answer = serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.code, answer, output)
}

const DAMAGE: &str = "
    DELETE FROM query.journals_view WHERE title = 'one';
    UPDATE query.journals_view SET title = 'wrong' WHERE title = 'two';
    UPDATE query.journals_view SET title = 'old', sequence = sequence - 1 WHERE title = 'three';
    DELETE FROM query.entry_tags WHERE entry_id = (SELECT entry_id FROM query.journals_view WHERE title = 'four');
    UPDATE query.journals_view SET tags = '[]' WHERE title = 'four';
    DELETE FROM query.entry_creations WHERE entry_id = (SELECT entry_id FROM query.journals_view WHERE title = 'five');
    UPDATE query.journals_view SET title = 'undead', content = 'x', tags = '[]', tag_ids = '{}', tag_names = '{}', attachment_ids = '{}',
        created_at = now(), updated_at = now(), entry_date = now(), word_count = 1, deleted_at = NULL WHERE deleted_at IS NOT NULL;
    UPDATE query.tags_view SET name = 'other' WHERE name = 'two';
    INSERT INTO query.tags_view SELECT gen_random_uuid(), user_id, 'ghost', 1 FROM query.tags_view LIMIT 1;
    DELETE FROM query.moods_view;
    UPDATE query.users_view SET roles = '{user,admin}';
    INSERT INTO query.journals_view (entry_id, user_id, sequence, version, deleted_at) VALUES (gen_random_uuid(), gen_random_uuid(), 1, 1, now());
";

/// What both sides make of everything, the versions that users' logins raise left out.
async fn read_side(platform: &Platform) -> Vec<String> {
    let rows =
        platform.read_database().await.query("SELECT to_jsonb(a)::text FROM query.aggregates a ORDER BY 1", &[]).await;
    rows.expect("the aggregates").iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_reports_damage_and_a_run_repairs_it() {
    let platform = Platform::services().variable(PAUSE.0, PAUSE.1).start().await;
    let ada = settled_user(&platform).await;
    let (code, report, output) = reconcile(&platform, &[]).await;
    assert_eq!((code, &report["rows"]), (Some(0), &json!([])), "{output:?}");
    let whole = read_side(&platform).await;

    platform.read_database().await.batch_execute(DAMAGE).await.expect("the damage");
    let damaged = read_side(&platform).await;
    let (code, report, output) = reconcile(&platform, &["--dry-run"]).await;
    assert_eq!(code, Some(1), "{output:?}");
    let counts = ["missing", "outdated", "surplus", "mended"].map(|name| report[name].as_u64().unwrap_or(99));
    // A mood is away. Six entries, a tag and a user are wrong; the entry 'one' still has its tags. Two are too many.
    assert_eq!(counts, [1, 8, 2, 0], "{report:#}");
    assert!(output.stderr.contains("11 discrepancies are left"), "{output:?}");
    assert!(!output.stdout.contains("A calm day"), "reports never show what users wrote");
    assert_eq!(read_side(&platform).await, damaged, "a dry run changes nothing");

    let (code, report, output) = reconcile(&platform, &[]).await;
    assert_eq!((code, report["mended"].as_u64()), (Some(0), Some(11)), "{output:?}");
    assert_eq!(read_side(&platform).await, whole);
    let data = ada.data("{ recentEntries { title tags { name } } tags { name } }", json!({})).await;
    let text = data.to_string();
    assert!(
        text.contains("zebra") && !text.contains("wrong") && !text.contains("ghost"),
        "the cache is renewed: {text}"
    );
    let (code, _, output) = reconcile(&platform, &["--dry-run"]).await;
    assert_eq!(code, Some(0), "{output:?}");
}

/// More than a pass takes away unasked.
const GHOSTS: &str = "
    INSERT INTO query.tags_view SELECT gen_random_uuid(), user_id, 'ghost ' || n, 1
    FROM (SELECT user_id FROM query.tags_view LIMIT 1) AS one, generate_series(1, 25) AS n;
";

#[tokio::test(flavor = "multi_thread")]
async fn a_read_side_that_knows_far_more_than_the_write_side_is_left_until_the_operator_says_so() {
    let platform = Platform::services().variable(PAUSE.0, PAUSE.1).start().await;
    settled_user(&platform).await;
    platform.read_database().await.batch_execute(GHOSTS).await.expect("the ghosts");
    platform.read_database().await.batch_execute("DELETE FROM query.journals_view WHERE title = 'one'").await.unwrap();
    let (code, report, output) = reconcile(&platform, &[]).await;
    assert_eq!((code, &report["surplus"], &report["mended"]), (Some(1), &json!(25), &json!(1)), "{output:?}");
    assert!(output.stderr.contains("--remove-surplus"), "{output:?}");
    let (code, report, output) = reconcile(&platform, &["--remove-surplus"]).await;
    assert_eq!((code, &report["surplus"], &report["mended"]), (Some(0), &json!(25), &json!(25)), "{output:?}");
    let (code, _, output) = reconcile(&platform, &["--dry-run"]).await;
    assert_eq!(code, Some(0), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_is_neither_reported_nor_harmed_during_a_repair() {
    let platform = Platform::services().variable(PAUSE.0, PAUSE.1).start().await;
    let ada = settled_user(&platform).await;
    platform.read_database().await.batch_execute(DAMAGE).await.expect("the damage");
    let writing = async {
        for number in 0..60 {
            let entry = ada.write(json!({ "title": format!("t{number}"), "content": "c", "tags": ["busy"] })).await;
            let change =
                "mutation($id: ID!) { updateJournalEntry(input: { id: $id, content: \"changed\" }) { version } }";
            ada.data(change, json!({ "id": entry["id"] })).await;
        }
    };
    let ((code, report, output), ()) = tokio::join!(reconcile(&platform, &[]), writing);
    assert_eq!(code, Some(0), "{output:?}");
    // The tag and the user of the damage are among them; of what was written meanwhile, nothing.
    assert_eq!(report["mended"].as_u64(), Some(11), "{report:#}");
    eventually("both sides agree", || async {
        (reconcile(&platform, &["--dry-run"]).await.0 == Some(0)).then_some(())
    })
    .await;
    let count = "SELECT count(*) FROM query.journals_view WHERE content = 'changed' AND title LIKE 't%'";
    let changed: i64 = platform.read_database().await.query_one(count, &[]).await.expect("a count").get(0);
    assert_eq!(changed, 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_reconciles_once_for_all_hosts() {
    let every_second = |manifest: String| {
        assert!(manifest.contains("cron = \"17 2 * * *\""), "the schedule is in the manifest");
        manifest.replace("cron = \"17 2 * * *\"", "cron = \"* * * * * *\"")
    };
    let platform = Platform::services().variable(PAUSE.0, "100").manifest(every_second).start().await;
    let _replica = platform.replica().await;
    settled_user(&platform).await;
    platform
        .read_database()
        .await
        .batch_execute("DELETE FROM query.journals_view WHERE title = 'one'")
        .await
        .expect("gone");
    eventually("the clock has repaired it", || async {
        let one = "SELECT count(*) FROM query.journals_view WHERE title = 'one'";
        let found: i64 = platform.read_database().await.query_one(one, &[]).await.expect("a count").get(0);
        (found == 1).then_some(())
    })
    .await;
    let runs = "SELECT count(*), count(DISTINCT occurrence) FROM mindflow.schedule_run WHERE name = 'reconcile' AND attempt = 1";
    let row = platform.write_database().await.query_one(runs, &[]).await.expect("the runs");
    assert!(row.get::<_, i64>(0) >= 1 && row.get::<_, i64>(0) == row.get::<_, i64>(1), "an occurrence is run once");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_service_compares_with_one_view_of_the_write_side_and_reads_it_as_the_service_alone() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    ada.write(json!({ "title": "private", "content": "c" })).await;
    let mut client = platform.write_database().await;
    client.batch_execute("SET SESSION AUTHORIZATION mindflow_query").await.expect("the role");
    let transaction = client.transaction().await.expect("a transaction");
    let as_ada = format!("SET LOCAL mindflow.user_id = '{}'; SET LOCAL mindflow.identity = 'caller'", ada.id);
    transaction.batch_execute(&as_ada).await.expect("an identity");
    let all = "SELECT id FROM reconciliation.aggregates";
    assert!(transaction.query(all, &[]).await.expect("rows").is_empty(), "a caller sees nothing, not even their own");
    transaction.batch_execute("SET LOCAL mindflow.identity = 'service'").await.expect("an identity");
    assert_eq!(transaction.query(all, &[]).await.expect("rows").len(), 2);
    drop(transaction);
    for forbidden in ["SELECT * FROM command.journals", "SELECT * FROM auth.users", "SELECT * FROM command.tags"] {
        let error = client.batch_execute(forbidden).await.expect_err(forbidden);
        assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{forbidden}: {error:?}");
    }
}
