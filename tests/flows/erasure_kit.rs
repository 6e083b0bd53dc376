//! What stories about erasures look at: every table, file and value of every store.

use mindflow_tests::{Account, Answer, Builder, PASSWORD, Platform, eventually};
use serde_json::{Value, json};
use std::path::Path;
use uuid::Uuid;

pub const DELETE: &str = "mutation ($password: String!) { deleteAccount(password: $password) { erasureId dueAt } }";
pub const PURGE: &str = "mutation ($id: ID!) { purgeJournalEntry(id: $id) { erasureId } }";
const RECEIPT: &str =
    "query ($id: ID!) { erasureReceipt(id: $id) { id userId entryId requestedAt dueAt keysDestroyedAt completedAt
    erased { service store count } waiting remains signed } }";
/// All services that delete, in the order of their names.
pub const SERVICES: [&str; 9] =
    ["ai", "analytics", "auth", "command", "media", "notification", "portability", "query", "search"];

/// Accounts go when that is asked for, what is under way is waited for a second, and the schedule comes every second.
pub fn soon(builder: Builder) -> Builder {
    let builder = builder.variable("account_deletion_grace_days", "0").variable("erasure_settle_seconds", "1");
    builder.manifest(|text| {
        let schedule = "name = \"erase\"\ncron = \"* * * * *\"";
        let (before, after) = text.split_once(schedule).expect("the schedule is in the manifest");
        // What a killed host ran is begun again half a minute later.
        let after = after.replacen("run-max-s = 120", "run-max-s = 5", 1);
        format!("{before}name = \"erase\"\ncron = \"* * * * * *\"{after}")
    })
}

pub async fn delete(account: &Account) -> Value {
    account.data(DELETE, json!({ "password": PASSWORD })).await["deleteAccount"].clone()
}

pub async fn receipt(platform: &Platform, id: &Value) -> Answer {
    platform.http().graphql(RECEIPT, json!({ "id": id })).await
}

/// The receipt when it is complete.
pub async fn complete(platform: &Platform, id: &Value) -> Value {
    eventually("the erasure is complete", || async move {
        let shown = receipt(platform, id).await.json()["data"]["erasureReceipt"].clone();
        shown["completedAt"].is_string().then_some(shown)
    })
    .await
}

/// The session has ended: each field of the query says so, and none shows anything.
pub async fn is_refused(account: &Account, query: &str) {
    let answer = account.graphql(query, json!({})).await.json();
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("no errors: {answer}"));
    assert!(errors.iter().all(|error| error["extensions"]["code"] == "UNAUTHENTICATED"), "{answer}");
    let shown = answer["data"].as_object().is_some_and(|fields| fields.values().any(|field| !field.is_null()));
    assert!(!errors.is_empty() && !shown, "{answer}");
}

/// The tables of all databases that have the text in one of their rows, with the schema before.
pub async fn tables_with(platform: &Platform, text: &str) -> Vec<String> {
    let databases =
        [platform.write_database().await, platform.read_database().await, platform.analytics_database().await];
    let mut found = Vec::new();
    for database in &databases {
        let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
            WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1";
        for row in database.query(tables, &[]).await.expect("the tables") {
            let table: String = row.get(0);
            // Bytes are shown in hexadecimal digits.
            let has = format!(
                "SELECT EXISTS (SELECT FROM {table} t WHERE strpos(t::text, $1::text) > 0
                    OR strpos(t::text, encode(convert_to($1::text, 'UTF8'), 'hex')) > 0)"
            );
            if database.query_one(&has, &[&text]).await.expect("its rows").get(0) {
                found.push(table);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The files below a folder that have the text.
pub fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

/// The keys in Redis that have the text in their name or value.
pub fn keys_with(platform: &Platform, text: &str) -> Vec<String> {
    let (url, prefix) = platform.redis();
    let mut redis = redis::Client::open(url).expect("a URL").get_connection().expect("Redis");
    let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{prefix}*")).query(&mut redis).expect("the keys");
    let mut has = |key: &String| {
        let kind: String = redis::cmd("TYPE").arg(key).query(&mut redis).expect("its type");
        // What else there is may be compressed, and is of no service.
        let read = match kind.as_str() {
            "string" => "GET",
            "hash" => "HVALS",
            _ => "DUMP",
        };
        let value: redis::Value = redis::cmd(read).arg(key).query(&mut redis).expect("its value");
        key.contains(text) || format!("{value:?}").contains(text)
    };
    keys.into_iter().filter(|key| has(key)).collect()
}

/// Those of the tables that are a service's, the index, the log or the ledger: where an id of who was erased is no more.
pub fn of_services(tables: Vec<String>) -> Vec<String> {
    const KEPT: [&str; 6] = ["delivery.", "audit.", "mindflow.", "auth.erasure", "archive.", "keys."];
    tables.into_iter().filter(|table| !KEPT.iter().any(|kept| table.starts_with(kept))).collect()
}

/// Until every event has been handled by all.
pub async fn quiet(platform: &Platform) {
    let waiting = "SELECT (SELECT count(*) FROM delivery.unsequenced) + (SELECT count(*) FROM delivery.backlog)";
    let database = &platform.write_database().await;
    eventually("no event waits", || async move {
        let waiting: i64 = database.query_one(waiting, &[]).await.expect("a count").get(0);
        (waiting == 0).then_some(())
    })
    .await;
}

/// How far the erasure is, as the auth service keeps it.
pub async fn stage(platform: &Platform, id: &Value) -> usize {
    let id: Uuid = id.as_str().expect("an id").parse().expect("a UUID");
    let sql = "SELECT num_nonnulls(first_sequence, keys_destroyed_at, last_sequence, completed_at) FROM auth.erasures WHERE id = $1";
    let row = platform.write_database().await.query_opt(sql, &[&id]).await.expect("the erasure");
    row.map_or(0, |row| usize::try_from(row.get::<_, i32>(0)).unwrap_or_default())
}
