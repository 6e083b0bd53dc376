//! Goal: the database itself keeps users apart. Method: a query service that has lost every check of its own,
//! and knows all tables, reads and writes with one user's token; and the write side asked as its service's role.

use crate::trouble_kit::{guest, swap, writer};
use mindflow_tests::{Account, Platform};
use serde_json::{Value, json};

async fn with_a_thief() -> (Platform, Account, Account) {
    let platform = Platform::services().start().await;
    let ada = writer(&platform, "Ada's own").await;
    let bob = writer(&platform, "Bob's secret").await;
    swap(&platform, "query", &guest("broken-query")).await;
    (platform, ada, bob)
}

fn titles(entries: &Value) -> Vec<String> {
    entries
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["title"].as_str().expect("a title").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_reads_everything_sees_its_callers_rows_alone() {
    let (_platform, ada, bob) = with_a_thief().await;
    for (user, own) in [(&ada, "Ada's own"), (&bob, "Bob's secret")] {
        let seen = user.data("{ journalEntries { edges { node { title } } } }", json!({})).await;
        let edges = seen["journalEntries"]["edges"].as_array().expect("edges");
        let seen: Vec<&Value> = edges.iter().map(|edge| &edge["node"]["title"]).collect();
        assert_eq!(seen, [own]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_cannot_take_another_identity_than_its_callers() {
    let (_platform, ada, _bob) = with_a_thief().await;
    let tried = titles(&ada.data("{ onThisDay { title } }", json!({})).await["onThisDay"]);
    assert_eq!(tried.len(), 17, "{tried:#?}");
    for attempt in tried {
        assert!(attempt.contains("| refused (access denied) |"), "{attempt}");
        assert!(attempt.contains("| saw 1 |") && attempt.ends_with("| after 1"), "{attempt}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_cannot_write_other_users_rows_in_its_callers_name() {
    let (platform, ada, bob) = with_a_thief().await;
    let query = "{ journalEntries(filter: { text: \"stolen\" }) { edges { node { title } } } }";
    let tried = ada.data(query, json!({})).await;
    let edges = tried["journalEntries"]["edges"].as_array().expect("edges");
    let changed: Vec<&Value> = edges.iter().map(|edge| &edge["node"]["title"]).collect();
    assert_eq!(changed, ["changed 0"; 6], "{}", platform.log());
    let database = platform.read_database().await;
    let stolen = "SELECT count(*) FROM query.journals_view WHERE title = 'stolen'";
    assert_eq!(database.query_one(stolen, &[]).await.expect("a count").get::<_, i64>(0), 0);
    let kept = bob.data("{ journalEntries { edges { node { title } } } }", json!({})).await;
    assert_eq!(kept["journalEntries"]["edges"][0]["node"]["title"], "Bob's secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_the_command_service_reaches_one_users_rows_of_its_own_tables_at_most() {
    let platform = Platform::services().start().await;
    let ada = writer(&platform, "Ada's own").await;
    let bob = writer(&platform, "Bob's secret").await;
    let mut client = platform.write_database().await;
    client.batch_execute("SET SESSION AUTHORIZATION mindflow_command").await.expect("the role");
    let all = "SELECT title FROM command.journals";
    assert!(client.query(all, &[]).await.expect("no identity").is_empty(), "without an identity there are no rows");

    let as_ada = format!("SET LOCAL mindflow.user_id = '{}'; SET LOCAL mindflow.identity = 'caller'", ada.id);
    let transaction = client.transaction().await.expect("a transaction");
    transaction.batch_execute(&as_ada).await.expect("an identity");
    let rows = transaction.query(all, &[]).await.expect("rows");
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), ["Ada's own"]);
    let bobs: uuid::Uuid = bob.id.parse().expect("an id");
    let update = "UPDATE command.journals SET title = 'stolen' WHERE user_id = $1";
    assert_eq!(transaction.execute(update, &[&bobs]).await.expect("no such row for her"), 0);
    drop(transaction);

    // Each of these ends its transaction with "permission denied" or a broken policy.
    for forbidden in [
        format!("UPDATE command.journals SET user_id = '{}'", ada.id),
        format!("INSERT INTO command.tags (id, user_id, name, name_key, event_sequence) VALUES (gen_random_uuid(), '{bobs}', 'x', 'x', 1)"),
        "DELETE FROM command.journals".to_owned(),
        "SELECT * FROM auth.users".to_owned(),
        "SELECT * FROM mindflow.signing_keys".to_owned(),
        "SELECT * FROM delivery.archive".to_owned(),
        "SELECT delivery.publish(gen_random_uuid(), 'UserRegistered', '1.0', now(), 1, 'user:x', 'c', NULL, NULL, NULL, '{}')".to_owned(),
        "INSERT INTO delivery.archive (event_id) VALUES (gen_random_uuid())".to_owned(),
        "CREATE TABLE command.loot (x int)".to_owned(),
        "CREATE TABLE public.loot (x int)".to_owned(),
        "SELECT set_config('mindflow.identity', 'service', true)".to_owned(),
        "ALTER TABLE command.journals DISABLE ROW LEVEL SECURITY".to_owned(),
        "ALTER ROLE mindflow_command BYPASSRLS".to_owned(),
        "COPY command.journals TO PROGRAM 'cat'".to_owned(),
    ] {
        let transaction = client.transaction().await.expect("a transaction");
        transaction.batch_execute(&as_ada).await.expect("an identity");
        let error = transaction.batch_execute(&forbidden).await.expect_err(&forbidden);
        let code = error.code().map(|code| code.code().to_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{forbidden}: {error:?}");
    }
}
