//! Goal: while a new version replaces hosts, those of the former version go on, and start again, on the new schema; so
//! that a rollout and a rollback need no downtime.
//! Method: the built binary is the former version; the next one is the same with one migration more.

use crate::trouble_kit::{assert_says, refusal};
use mindflow_tests::{Platform, absolute_manifest, root};
use serde_json::json;

const UP: &[&str] = &["up", "--listen", "127.0.0.1:0"];

/// Migrates as the next version would, which has `name` besides all that this version has.
async fn migrate_as_next_version(platform: &Platform, name: &str, sql: &str) {
    let folder = platform.path(name);
    std::fs::create_dir(&folder).expect("a folder");
    for entry in std::fs::read_dir(root().join("migrations/write")).expect("migrations") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("a copy");
    }
    std::fs::write(folder.join(format!("{name}.sql")), sql).expect("a migration");
    let write = format!("{}/migrations/write", root().display());
    let next = absolute_manifest().replace(&write, &folder.display().to_string());
    let manifest = platform.path("spin.toml");
    let former = std::fs::read_to_string(&manifest).expect("the manifest");
    std::fs::write(&manifest, next).expect("the next manifest");
    let migrated = platform.cli(&["migrate"]).await;
    std::fs::write(&manifest, former).expect("the former manifest");
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    assert!(migrated.stdout.contains(name), "{migrated:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_the_former_version_serves_on_the_schema_of_the_next() {
    let mut platform = Platform::services().argument("--allow-newer-schema").start().await;
    let ann = platform.register().await;
    migrate_as_next_version(&platform, "9000_add_mood_colours", "CREATE TABLE public.mood_colours (id int);").await;

    ann.write(json!({ "title": "While hosts are replaced", "content": "It runs." })).await;
    platform.restart().await;
    ann.write(json!({ "title": "After a restart", "content": "It starts, too." })).await;
    assert!(platform.log().contains("the schema is newer than this program"), "{}", platform.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_must_be_allowed_and_may_only_add() {
    let platform = Platform::services().env("RUST_LOG", "off").prepare().await;
    migrate_as_next_version(&platform, "9000_add_mood_colours", "CREATE TABLE public.mood_colours (id int);").await;
    assert_says(&refusal(&platform, UP).await, &["newer than this program", "9000", "allow-newer-schema"]);

    let contraction = "9001_contract_mood_records";
    let database = platform.write_database().await;
    let sql = format!(
        "INSERT INTO mindflow.migrations (version, name, checksum) VALUES (9001, '{contraction}.sql', 'of a later version')"
    );
    database.batch_execute(&sql).await.expect("a migration of a later version");
    let allowed = [UP, &["--allow-newer-schema"]].concat();
    assert_says(&refusal(&platform, &allowed).await, &[contraction, "removed what this program needs"]);
}
