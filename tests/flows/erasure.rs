//! Goal: an account that ends and an entry that is purged leave nothing that says anything, and the receipt says what went. Method: users with
//! something in every store, a look at every table and file, and hosts that are killed at each step.

use crate::accounts_kit::{confirm, mail_about};
use crate::erasure_kit::{
    DELETE, PURGE, SERVICES, complete, delete, files_with, is_refused, keys_with, of_services, receipt, soon, stage,
    tables_with,
};
use crate::media::{small_png, upload};
use crate::notification::mailing;
use mindflow_test_support::SmtpServer;
use mindflow_tests::{Account, PASSWORD, Platform, eventually, root, send};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A word that occurs nowhere else.
const WORD: &str = "quokkaberry";
const ENTRIES: &str = "{ recentEntries { id title } insights { text } tags { name } }";
const QUOTA: &str = "{ me { quota { used } } }";
const DUE: &str = "{ me { deletionDueAt } }";
const CREATE: &str = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }";
const SEARCH: &str = "query ($query: String!) { search(query: $query) { totalCount } }";

/// A user with something in every store, and an entry of theirs.
async fn writer(platform: &Platform, word: &str) -> (Account, Value) {
    let account = platform.register_as("premium").await;
    let file = upload(&account, &format!("{word}.png"), &small_png()).await.expect(201).json()["id"].clone();
    // Before the entry, whose tag is sent there and does not arrive: the log says why.
    let webhook = "mutation ($url: String!) { createWebhook(url: $url, events: [\"TagCreated\"]) { id } }";
    account.data(webhook, json!({ "url": format!("https://{word}.example.org/hook") })).await;
    let content = format!("A good day with friends. I felt grateful for the {word}.");
    let input = json!({ "title": format!("The {word}"), "content": content, "mood": "CALM", "tags": [word], "attachmentIds": [file] });
    let entry = account.data(CREATE, json!({ "input": input })).await["createJournalEntry"]["id"].clone();
    let mood = "mutation ($note: String!) { recordMood(mood: HAPPY, note: $note) { count } }";
    account.data(mood, json!({ "note": format!("{word} again") })).await;
    let status = "query ($id: ID!) { journalEntry(id: $id) { analysis { status } } }";
    let ready = |data: &Value| data["journalEntry"]["analysis"]["status"] == "READY";
    account.eventually(status, json!({ "id": entry }), ready).await;
    account.eventually(SEARCH, json!({ "query": word }), |data| data["search"]["totalCount"] == 1).await;
    // Into the caches.
    account.data(ENTRIES, json!({})).await;
    account.data("{ moodTrends { count } writingStats { words } }", json!({})).await;
    (account, entry)
}

/// Of a service and one of its stores.
fn count(receipt: &Value, service: &str, store: &str) -> u64 {
    let erased = receipt["erased"].as_array().expect("a list");
    let found = erased.iter().find(|erased| erased["service"] == service && erased["store"] == store);
    found.and_then(|erased| erased["count"].as_u64()).unwrap_or_else(|| panic!("{service} {store}: {receipt}"))
}

/// What the signature of a receipt states, by the published key. It has the shape that docs/privacy.md shows.
async fn stated(platform: &Platform, receipt: &Value) -> Value {
    let signed = receipt["signed"].as_str().expect("a signature");
    let kid = jsonwebtoken::decode_header(signed).expect("a header").kid.expect("the key's name");
    let keys = platform.http().get("/.well-known/jwks.json").await.expect(200).json();
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(keys).expect("keys");
    let key = jsonwebtoken::DecodingKey::from_jwk(keys.find(&kid).expect("the key is published")).expect("a key");
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let stated = jsonwebtoken::decode::<Value>(signed, &key, &validation).expect("a good signature").claims;

    let page = std::fs::read_to_string(root().join("docs/privacy.md")).expect("docs/privacy.md");
    let (_, rest) = page.split_once("```json\n").expect("an example");
    let example: Value = serde_json::from_str(rest.split_once("```").expect("its end").0).expect("JSON");
    let names = |of: &Value| of.as_object().expect("an object").keys().cloned().collect::<BTreeSet<String>>();
    assert_eq!(names(&stated), names(&example));
    assert_eq!(names(&stated["erased"][0]), names(&example["erased"][0]));
    assert_eq!(stated["remains"], example["remains"]);
    let has = |part: &Value| {
        let mut stores = stated["erased"].as_array().expect("a list").iter();
        stores.any(|of| (&of["service"], &of["store"]) == (&part["service"], &part["store"]))
    };
    assert!(example["erased"].as_array().expect("a list").iter().all(has), "{stated}");
    stated
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_account_that_ends_nothing_is_left_that_says_anything_and_the_receipt_counts_what_went() {
    let platform = soon(Platform::services()).start().await;
    let (ada, _) = writer(&platform, WORD).await;
    let (bob, kept) = writer(&platform, "otherwise").await;
    assert!(!tables_with(&platform, WORD).await.is_empty() && !keys_with(&platform, WORD).is_empty());
    let erasure = delete(&ada).await;
    let done = complete(&platform, &erasure["erasureId"]).await;

    assert_eq!(tables_with(&platform, WORD).await, Vec::<String>::new());
    assert_eq!(tables_with(&platform, &ada.email).await, Vec::<String>::new());
    assert_eq!(of_services(tables_with(&platform, &ada.id).await), Vec::<String>::new());
    assert_eq!(files_with(&platform.data_dir(), WORD), Vec::<String>::new());
    assert_eq!(keys_with(&platform, WORD), Vec::<String>::new());
    let login = json!({ "email": ada.email, "password": PASSWORD });
    platform.http().post("/auth/login", &login).await.expect_problem(401, "unauthenticated");
    is_refused(&ada, ENTRIES).await;

    let services: Vec<&str> = {
        let mut named: Vec<&str> =
            done["erased"].as_array().unwrap().iter().map(|erased| erased["service"].as_str().unwrap()).collect();
        named.dedup();
        named
    };
    assert_eq!(services, SERVICES);
    for (service, store, least) in [
        ("auth", "auth.users", 1),
        ("command", "command.journals", 1),
        ("command", "command.mood_records", 1),
        ("query", "query.journals_view", 1),
        ("query", "query.tags_view", 1),
        ("analytics", "analytics.facts", 4),
        ("search", "entries", 1),
        ("notification", "notification.webhooks", 1),
        ("ai", "ai.analyses", 1),
        ("media", "files", 1),
    ] {
        assert!(count(&done, service, store) >= least, "{service} {store}: {done}");
    }
    assert_eq!((&done["waiting"], &done["entryId"], &done["userId"]), (&json!([]), &Value::Null, &json!(ada.id)));
    assert!(done["keysDestroyedAt"].as_str() < done["completedAt"].as_str(), "{done}");
    assert_eq!(done["signed"].as_str().unwrap().split('.').count(), 3, "{done}");

    let stated = stated(&platform, &done).await;
    for member in ["userId", "entryId", "requestedAt", "dueAt", "keysDestroyedAt", "completedAt", "erased", "remains"] {
        assert_eq!(stated[member], done[member], "{member}");
    }
    assert_eq!(stated["erasureId"], done["id"]);

    // The signature is no token, and another user keeps everything.
    let forged = platform.http().request(Method::GET, "/auth/sessions").bearer_auth(done["signed"].as_str().unwrap());
    send(forged).await.expect_problem(401, "unauthenticated");
    let data = bob.data(ENTRIES, json!({})).await;
    assert_eq!((&data["recentEntries"][0]["id"], &data["tags"][0]["name"]), (&kept, &json!("otherwise")));
    let again = json!({ "email": ada.email, "password": PASSWORD, "displayName": "Ada" });
    platform.http().post("/auth/register", &again).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_can_be_kept_until_it_goes() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let ada = platform.register().await;
    confirm(&platform, &server, &ada).await;
    let other = ada.login().await;
    let wrong = ada.graphql(DELETE, json!({ "password": "not this one" })).await.error();
    assert_eq!(
        (&wrong["extensions"]["code"], &wrong["extensions"]["field"]),
        (&json!("BAD_USER_INPUT"), &json!("password"))
    );
    assert_eq!(ada.data(DUE, json!({})).await["me"]["deletionDueAt"], Value::Null);

    let deletion = delete(&ada).await;
    let due = deletion["dueAt"].as_str().expect("a time").to_owned();
    assert_eq!(ada.data(DUE, json!({})).await["me"]["deletionDueAt"], json!(due));
    assert_eq!(other.graphql(DUE, json!({})).await.error_code(), "UNAUTHENTICATED", "other sessions end");
    assert_eq!(delete(&ada).await, deletion, "asked again, it answers the same");
    let mail = mail_about(&server, &ada.email, "Your account will be deleted").await;
    assert!(mail.contains(&due[..10]) && mail.contains(deletion["erasureId"].as_str().unwrap()), "{mail}");
    let pending = receipt(&platform, &deletion["erasureId"]).await.data()["erasureReceipt"].clone();
    assert_eq!(
        (&pending["completedAt"], &pending["erased"], &pending["signed"]),
        (&Value::Null, &json!([]), &Value::Null)
    );

    let cancel = "mutation { cancelAccountDeletion }";
    assert_eq!(ada.data(cancel, json!({})).await["cancelAccountDeletion"], true);
    assert_eq!(ada.data(cancel, json!({})).await["cancelAccountDeletion"], false);
    assert_eq!(ada.data(DUE, json!({})).await["me"]["deletionDueAt"], Value::Null);
    assert_eq!(receipt(&platform, &deletion["erasureId"]).await.data()["erasureReceipt"], Value::Null);
    ada.write(json!({ "title": "t", "content": "Still here." })).await;

    // The operator sees one that waits, and keeps it for who cannot log in any more.
    let later = delete(&ada).await["erasureId"].as_str().unwrap().to_owned();
    assert_ne!(json!(later), deletion["erasureId"]);
    let listed = platform.cli(&["erasures", "list", "--json"]).await;
    assert!(listed.stdout.contains(&later), "{listed:?}");
    let kept = platform.cli(&["erasures", "cancel", &later]).await;
    assert_eq!(kept.code, Some(0), "{kept:?}");
    assert_eq!(ada.data(DUE, json!({})).await["me"]["deletionDueAt"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_goes_when_its_time_of_grace_is_over() {
    let platform = soon(Platform::services()).variable("account_deletion_grace_days", "14").start().await;
    let ada = platform.register().await;
    let erasure = delete(&ada).await;
    ada.data(ENTRIES, json!({})).await;
    let past = "UPDATE auth.erasures SET requested_at = now() - interval '15 days', due_at = now() - interval '1 day'";
    platform.write_database().await.batch_execute(past).await.expect("time goes by");
    complete(&platform, &erasure["erasureId"]).await;
    is_refused(&ada, ENTRIES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_entry_is_gone_everywhere_and_all_others_stay() {
    let platform = soon(Platform::services()).variable("reconcile_pause_ms", "700").start().await;
    let (ada, entry) = writer(&platform, WORD).await;
    let kept = ada.write(json!({ "title": "Another", "content": "A calm day." })).await;
    let used = ada.data(QUOTA, json!({})).await["me"]["quota"]["used"].clone();
    let bob = platform.register().await;
    for wrong in [&entry, &json!("7"), &json!("00000000-0000-4000-8000-000000000000")] {
        assert_eq!(bob.graphql(PURGE, json!({ "id": wrong })).await.error_code(), "NOT_FOUND", "{wrong}");
    }
    let erasure = ada.data(PURGE, json!({ "id": entry })).await["purgeJournalEntry"]["erasureId"].clone();
    // The user's own next read does not show it.
    let data = ada.data(ENTRIES, json!({})).await;
    assert_eq!(data["recentEntries"], json!([{ "id": kept["id"], "title": "Another" }]));
    assert_eq!(ada.graphql(PURGE, json!({ "id": entry })).await.error_code(), "NOT_FOUND");
    let done = complete(&platform, &erasure).await;

    assert_eq!((&done["entryId"], &done["userId"]), (&entry, &json!(ada.id)));
    assert!(count(&done, "query", "query.journals_view") >= 1 && count(&done, "media", "files") == 1, "{done}");
    let id = entry.as_str().unwrap();
    let ledger = |table: &String| table != "disclosure.ledger";
    let left: Vec<String> = of_services(tables_with(&platform, id).await).into_iter().filter(ledger).collect();
    assert_eq!(left, ["command.changes", "command.journals"], "that there was one, for its id and for other devices");
    // The tag and the mood have the word, too, and are no part of the entry.
    let of_word: Vec<String> = tables_with(&platform, "grateful for the").await;
    assert_eq!(of_word, Vec::<String>::new());
    assert_eq!(ada.data(SEARCH, json!({ "query": WORD })).await["search"]["totalCount"], 0);
    assert_eq!(ada.data(QUOTA, json!({})).await["me"]["quota"]["used"], used, "it stays counted");
    let report = platform.cli(&["reconcile", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&report.stdout).unwrap()["rows"], json!([]), "{report:?}");

    // A deleted one can be purged as well, and cannot be restored then.
    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": kept["id"] })).await;
    let erasure = ada.data(PURGE, json!({ "id": kept["id"] })).await["purgeJournalEntry"]["erasureId"].clone();
    let restore = "mutation ($id: ID!) { restoreJournalEntry(id: $id) { id } }";
    assert_eq!(ada.graphql(restore, json!({ "id": kept["id"] })).await.error_code(), "NOT_FOUND");
    complete(&platform, &erasure).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_another_entry_has_survives_the_purge_of_the_first() {
    let platform = soon(Platform::services()).start().await;
    let ada = platform.register().await;
    let file = upload(&ada, "shared.png", &small_png()).await.expect(201).json();
    let input = json!({ "title": "t", "content": "c", "attachmentIds": [file["id"]] });
    let first = ada.data(CREATE, json!({ "input": input })).await["createJournalEntry"]["id"].clone();
    ada.data(CREATE, json!({ "input": input })).await;
    let erasure = ada.data(PURGE, json!({ "id": first })).await["purgeJournalEntry"]["erasureId"].clone();
    let done = complete(&platform, &erasure).await;
    assert_eq!(count(&done, "media", "files"), 0);
    ada.get(file["url"].as_str().expect("an address")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_goes_on_after_the_host_was_killed_at_each_of_its_steps() {
    let mut platform = soon(Platform::services()).start().await;
    let (ada, _) = writer(&platform, WORD).await;
    let erasure = delete(&ada).await["erasureId"].clone();
    // Begun, the keys destroyed, repeated; more may be done by the time of the look.
    for step in 1..=3 {
        let (shown, id) = (&platform, &erasure);
        eventually("the next step", || async move { (stage(shown, id).await >= step).then_some(()) }).await;
        platform.kill();
        platform.start().await;
    }
    let done = complete(&platform, &erasure).await;
    assert_eq!(done["waiting"], json!([]));
    assert_eq!(tables_with(&platform, WORD).await, Vec::<String>::new());
    assert_eq!(of_services(tables_with(&platform, &ada.id).await), Vec::<String>::new());
    assert_eq!(count(&done, "query", "query.journals_view"), 1, "counted once, however often it was done");
    let log = platform.log();
    let naming: Vec<&str> = log.lines().filter(|line| line.contains(&ada.id)).collect();
    assert_eq!(naming, Vec::<&str>::new(), "a line that is written late would be left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_restored_is_erased_once_more_when_the_operator_asks_for_it() {
    let platform = soon(Platform::services()).start().await;
    let ada = platform.register().await;
    let erasure = delete(&ada).await["erasureId"].clone();
    complete(&platform, &erasure).await;
    let restored = format!(
        "INSERT INTO query.users_view (id, email, display_name, roles, timezone, created_at, sequence)
        VALUES ('{}', '{WORD}@example.org', 'Ada', '{{user}}', 'UTC', now(), 1)",
        ada.id
    );
    platform.read_database().await.batch_execute(&restored).await.expect("a row of before");
    let repeated = platform.cli(&["erasures", "repeat"]).await;
    assert_eq!(repeated.code, Some(0), "{repeated:?}");
    eventually("the row is gone", || async { tables_with(&platform, WORD).await.is_empty().then_some(()) }).await;
    complete(&platform, &erasure).await;

    // So is an account of a copy from before it was asked for.
    let bob = platform.register().await;
    let begun = platform.cli(&["erasures", "begin", &bob.id, "--json"]).await;
    let begun: Value = serde_json::from_str(&begun.stdout).unwrap_or_else(|error| panic!("{error}: {begun:?}"));
    complete(&platform, &begun["id"]).await;
    is_refused(&bob, ENTRIES).await;

    let shown = platform.cli(&["erasures", "show", erasure.as_str().unwrap()]).await;
    assert!(shown.stdout.contains("query.users_view"), "{shown:?}");
    let wrong = platform.cli(&["erasures", "show", "ada"]).await;
    assert!(wrong.code != Some(0) && wrong.stderr.contains("a UUID"), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_no_erasure_is_null() {
    let platform = Platform::services().start().await;
    for id in ["7", "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(receipt(&platform, &json!(id)).await.data()["erasureReceipt"], Value::Null, "{id}");
    }
}

/// Whether what users wrote can be read in the log.
async fn is_readable(platform: &Platform) -> bool {
    platform.kept("a.event_type = 'JournalEntryCreated'", &[]).await.iter().any(|event| event.payload.is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_dies_when_an_erasure_is_noted_destroys_the_keys_before_it_serves_again() {
    let mut platform = soon(Platform::services()).env("MINDFLOW_FAILPOINT", "after-erasure-noted").start().await;
    let ada = platform.register().await;
    ada.write(json!({ "title": WORD, "content": "A calm day." })).await;
    let erasure = delete(&ada).await["erasureId"].clone();
    platform.died().await;
    assert!(is_readable(&platform).await, "it is on the list, and its keys are still there");
    platform.set_env("MINDFLOW_FAILPOINT", "nowhere");
    platform.start().await;
    assert!(!is_readable(&platform).await);
    let done = complete(&platform, &erasure).await;
    assert_eq!((count(&done, "query", "query.journals_view"), &done["waiting"]), (1, &json!([])));
    assert_eq!(tables_with(&platform, WORD).await, Vec::<String>::new());
}

/// The tables of the key store.
async fn key_tables(keys: &tokio_postgres::Client) -> Vec<String> {
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'data_keys'";
    keys.query(tables, &[]).await.expect("the tables").iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_backup_brings_back_is_destroyed_again_before_anything_is_served() {
    let mut platform = soon(Platform::services()).start().await;
    let ada = platform.register().await;
    ada.write(json!({ "title": WORD, "content": "A calm day." })).await;
    let (keys, connection) = tokio_postgres::connect(&platform.dsn("keys"), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for table in key_tables(&keys).await {
        keys.batch_execute(&format!("CREATE TABLE public.{table} AS TABLE data_keys.{table}")).await.expect("a copy");
    }
    let erasure = delete(&ada).await["erasureId"].clone();
    complete(&platform, &erasure).await;
    assert!(!is_readable(&platform).await);

    platform.stop().await;
    for table in key_tables(&keys).await {
        let restore = format!(
            "SET session_replication_role = replica; DELETE FROM data_keys.{table};
            INSERT INTO data_keys.{table} SELECT * FROM public.{table}; SET session_replication_role = DEFAULT"
        );
        keys.batch_execute(&restore).await.expect("the copy");
    }
    assert!(is_readable(&platform).await, "the copy has the key");
    platform.start().await;
    assert!(!is_readable(&platform).await);
    assert_eq!(tables_with(&platform, WORD).await, Vec::<String>::new());
}
