//! Goal: every event of the platform is in the audit trail, whole and in order, and no change of it stays
//! unseen. Method: a user's actions, the trail as an administrator sees it, and a superuser who tampers.

use crate::erasure_kit::tables_with;
use mindflow_backends::data_keys::Opened;
use mindflow_backends::records::audit::Content;
use mindflow_test_support::MongoServer;
use mindflow_tests::{Account, Output, Platform, eventually, send};
use reqwest::Method;
use serde_json::{Value, json};

const AUDIT: &str =
    "query ($first: Int, $after: String, $userId: ID, $eventType: String, $from: DateTime, $to: DateTime) {
    auditLog(first: $first, after: $after, userId: $userId, eventType: $eventType, from: $from, to: $to) {
        pageInfo { hasNextPage hasPreviousPage endCursor }
        edges { cursor node { id number hash eventId eventType version timestamp source correlationId sequence
            metadata { userId } payload withheld receivedAt } }
    } }";

async fn write_with(user: &Account, correlation: &str) -> String {
    let body = json!({ "title": "A secret title", "content": "What only its writer may read.", "mood": "SAD" });
    let request = user.request(Method::POST, "/api/journals").json(&body).header("x-correlation-id", correlation);
    send(request).await.expect(201).json()["id"].as_str().unwrap().to_owned()
}

/// Where a sealed payload has its commitment and the text, in its characters.
const COMMITMENT: usize = 30;
const CIPHERTEXT: usize = 100;

/// With another character there in the last sealed payload.
fn altered(text: &str, at: usize) -> String {
    const SEALED: &str = "\"$sealed\":\"";
    let at = text.rfind(SEALED).expect("a sealed payload") + SEALED.len() + at;
    let other = if text[at..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

/// The verifier says that, and nothing else.
async fn assert_broken(platform: &Platform, place: &str) {
    let broken = platform.cli(&["audit", "verify"]).await;
    assert_eq!((broken.code, broken.stderr.lines().count()), (Some(1), 1), "{broken:?}");
    assert!(broken.stderr.contains(place), "{broken:?}");
}

/// The verifier's answer once every event has been handled and is in the trail.
async fn verified(platform: &Platform) -> Output {
    let database = platform.write_database().await;
    let behind = "SELECT (SELECT count(*) FROM delivery.unsequenced) + (SELECT count(*) FROM delivery.backlog)
        + (SELECT count(*) FROM delivery.archive) - (SELECT count(*) FROM audit.records)";
    eventually("the trail has every event", || async {
        let behind: i64 = database.query_one(behind, &[]).await.unwrap().get(0);
        (behind == 0).then_some(())
    })
    .await;
    platform.cli(&["audit", "verify"]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_does_is_in_the_audit_log_under_the_requests_correlation_id() {
    let platform = Platform::services().start().await;
    let (ada, admin) = (platform.register().await, platform.register_as("admin").await);
    let entry = write_with(&ada, "audited:1").await;
    let created = admin.eventually(AUDIT, json!({ "userId": ada.id, "eventType": "JournalEntryCreated" }), |data| {
        data["auditLog"]["edges"].as_array().unwrap().len() == 1
    });
    let row = created.await["auditLog"]["edges"][0]["node"].clone();
    assert_eq!((&row["correlationId"], &row["source"]), (&json!("audited:1"), &json!("command-service")));
    assert_eq!((&row["metadata"]["userId"], &row["sequence"]), (&json!(ada.id), &json!(1)));
    assert_eq!((&row["payload"]["journalId"], &row["payload"]["version"]), (&json!(entry), &json!(1)));
    // The trail keeps what a user wrote, sealed, and shows it to no administrator.
    assert!(!row.to_string().contains("secret") && !row.to_string().contains("SAD"), "{row}");
    assert!(["content", "mood", "title"].iter().all(|name| row["withheld"].as_array().unwrap().contains(&json!(name))));
    let database = platform.write_database().await;
    let event_id: uuid::Uuid = row["eventId"].as_str().unwrap().parse().unwrap();
    let kept = database.query_one("SELECT body FROM audit.records WHERE event_id = $1", &[&event_id]).await.unwrap();
    let kept: Content = serde_json::from_str(kept.get(0)).unwrap();
    let keys = platform.payload_keys().await;
    let Opened::Event(opened) = keys.open(&[&kept.event]).await.unwrap().remove(0).unwrap() else {
        panic!("its key is gone: {kept:?}");
    };
    assert_eq!((&opened.payload["title"], &opened.payload["mood"]), (&json!("A secret title"), &json!("SAD")));
    // Of the log and the trail no row has it in clear; those of services do.
    for text in ["A secret title", "What only its writer may read."] {
        let tables = tables_with(&platform, text).await;
        assert!(tables.iter().any(|table| table == "command.journals"), "{tables:?}");
        assert!(
            !tables.iter().any(|table| table.starts_with("audit.") || table.starts_with("delivery.")),
            "{tables:?}"
        );
    }

    for wrong in [AUDIT, "{ auditLog { edges { cursor } } }"] {
        assert_eq!(ada.graphql(wrong, json!({})).await.error_code(), "FORBIDDEN");
        assert_eq!(platform.http().graphql(wrong, json!({})).await.error_code(), "UNAUTHENTICATED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_pages_and_filters_the_audit_log_and_wrong_arguments_are_named() {
    let platform = Platform::services().start().await;
    let (ada, admin) = (platform.register().await, platform.register_as("admin").await);
    for number in 0..4 {
        write_with(&ada, &format!("page:{number}")).await;
    }
    let ask = |further: Value| {
        let mut variables = json!({ "userId": ada.id, "eventType": "JournalEntryCreated" });
        variables.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        variables
    };
    let rows = |data: &Value| -> Vec<Value> {
        data["auditLog"]["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect()
    };
    let all = rows(&admin.eventually(AUDIT, ask(json!({})), |data| rows(data).len() == 4).await);
    let numbers: Vec<u64> = all.iter().map(|row| row["number"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|one, next| one > next), "newest first: {numbers:?}");
    let page = admin.data(AUDIT, ask(json!({ "first": 3 }))).await;
    assert_eq!(rows(&page), all[..3]);
    let info = &page["auditLog"]["pageInfo"];
    assert_eq!((&info["hasNextPage"], &info["hasPreviousPage"]), (&json!(true), &json!(false)));
    let rest = admin.data(AUDIT, ask(json!({ "first": 3, "after": info["endCursor"] }))).await;
    assert_eq!(rows(&rest), all[3..]);
    let info = &rest["auditLog"]["pageInfo"];
    assert_eq!((&info["hasNextPage"], &info["hasPreviousPage"]), (&json!(false), &json!(true)));
    // Entries of different entities may arrive in another order than they were written in.
    let times: Vec<&str> = all.iter().map(|row| row["timestamp"].as_str().unwrap()).collect();
    let latest = times.iter().max().unwrap();
    assert_eq!(rows(&admin.data(AUDIT, ask(json!({ "from": latest }))).await).len(), 1);
    assert_eq!(rows(&admin.data(AUDIT, ask(json!({ "to": latest }))).await).len(), 3);
    for (variables, field) in [
        (json!({ "first": 0 }), "first"),
        (json!({ "first": 101 }), "first"),
        (json!({ "after": "nowhere" }), "after"),
        (json!({ "userId": "me" }), "userId"),
        (json!({ "eventType": "NothingHappened" }), "eventType"),
        (json!({ "from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z" }), "from"),
        // Of a year that no database has.
        (json!({ "from": "-009998-01-01T00:00:00Z" }), "from"),
        (json!({ "to": "2026-01-01 00:00Z" }), "to"),
    ] {
        let error = admin.graphql(AUDIT, variables.clone()).await.error();
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{variables}: {error}");
        assert_eq!(error["extensions"]["field"], field, "{variables}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verifier_finds_the_trail_intact_until_it_is_tampered_with() {
    let mut platform = Platform::services().start().await;
    let ada = platform.register().await;
    for number in 0..4 {
        write_with(&ada, &format!("verify:{number}")).await;
    }
    let intact = verified(&platform).await;
    assert_eq!(intact.code, Some(0), "{intact:?}");
    let head = intact.stdout.trim().rsplit(' ').next().unwrap().to_owned();
    let noted = platform.cli(&["audit", "verify", "--noted", &head, "--json"]).await;
    assert_eq!(noted.code, Some(0), "{noted:?}");
    let export = platform.cli(&["audit", "export"]).await;
    assert_eq!(export.code, Some(0), "{export:?}");
    let file = platform.path("export.ndjson");
    std::fs::write(&file, &export.stdout).unwrap();
    let file_name = file.to_str().unwrap();
    let alone = platform.cli(&["audit", "verify", "--file", file_name, "--noted", &head]).await;
    assert_eq!((alone.code, &alone.stdout), (Some(0), &intact.stdout), "{alone:?}");
    for at in [COMMITMENT, CIPHERTEXT] {
        std::fs::write(&file, altered(&export.stdout, at)).unwrap();
        let forged = platform.cli(&["audit", "verify", "--file", file_name]).await;
        assert_eq!(forged.code, Some(1), "{at}: {forged:?}");
        assert!(forged.stderr.contains("it was altered"), "{at}: {forged:?}");
    }

    // An ordinary statement changes no record, not even the superuser's.
    let database = platform.write_database().await;
    for statement in ["UPDATE audit.records SET body = ''", "DELETE FROM audit.records", "TRUNCATE audit.records"] {
        let refused = database.batch_execute(statement).await.unwrap_err();
        assert!(refused.as_db_error().unwrap().message().contains("only grows"), "{statement}: {refused:?}");
    }
    // Who switches the trigger off is found out.
    let last = "SELECT max(number) FROM audit.records WHERE event_type = 'JournalEntryCreated'";
    let number: i64 = database.query_one(last, &[]).await.unwrap().get(0);
    database.batch_execute("ALTER TABLE audit.records DISABLE TRIGGER only_grows").await.unwrap();
    let row = database.query_one("SELECT body FROM audit.records WHERE number = $1", &[&number]).await.unwrap();
    let (body, put): (String, _) = (row.get(0), "UPDATE audit.records SET body = $2 WHERE number = $1");
    for at in [COMMITMENT, CIPHERTEXT] {
        assert_eq!(database.execute(put, &[&number, &altered(&body, at)]).await.unwrap(), 1);
        assert_broken(&platform, &format!("record {number}: it was altered")).await;
    }
    database.execute(put, &[&number, &body]).await.unwrap();
    for (column, value, name) in [
        ("event_type", "'JournalEntryUpdated'", "event type"),
        ("user_id", "NULL", "user"),
        ("occurred_at", "occurred_at + interval '1 hour'", "time"),
    ] {
        let change = format!(
            "CREATE TEMPORARY TABLE former AS SELECT {column} FROM audit.records WHERE number = {number};
            UPDATE audit.records SET {column} = {value} WHERE number = {number}"
        );
        database.batch_execute(&change).await.unwrap();
        assert_broken(&platform, &format!("record {number}: its {name} is not the one that its body says")).await;
        let restore = format!(
            "UPDATE audit.records SET {column} = (SELECT {column} FROM former) WHERE number = {number}; DROP TABLE former"
        );
        database.batch_execute(&restore).await.unwrap();
    }
    let restored = platform.cli(&["audit", "verify"]).await;
    assert_eq!(restored.code, Some(0), "{restored:?}");
    database.execute(put, &[&number, &altered(&body, CIPHERTEXT)]).await.unwrap();
    database.execute("DELETE FROM audit.records WHERE number = $1", &[&(number - 1)]).await.unwrap();
    platform.stop().await;
    let removed = platform.cli(&["audit", "verify", "--json"]).await;
    assert_eq!(removed.code, Some(1), "{removed:?}");
    let report: Value = serde_json::from_str(&removed.stdout).unwrap();
    assert_eq!((&report["records"], &report["brokenAt"]), (&json!(number - 2), &json!(number - 1)), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_an_outage_are_in_the_trail_once_its_store_is_back() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    assert_eq!(verified(&platform).await.code, Some(0));
    let database = platform.write_database().await;
    database.batch_execute("ALTER TABLE audit.records RENAME TO records_away").await.unwrap();
    let entry = write_with(&ada, "outage:1").await;
    eventually("the delivery was put off", || async {
        let waiting = "SELECT 1 FROM delivery.queue WHERE subscription = 'logging' AND partition_key = $1 AND not_before IS NOT NULL";
        database.query_opt(waiting, &[&format!("entry:{entry}")]).await.unwrap()
    })
    .await;
    database.batch_execute("ALTER TABLE audit.records_away RENAME TO records").await.unwrap();
    assert_eq!(verified(&platform).await.code, Some(0));
    let dead = "SELECT count(*) FROM delivery.queue WHERE state = 'dead'";
    assert_eq!(database.query_one(dead, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_in_mongodb_is_shown_and_verified_and_misses_nothing_of_an_outage() {
    let mut server = MongoServer::start().await;
    let config = format!("[audit-log]\nbackend = \"mongodb\"\nurl = \"{}\"", server.url());
    let mut platform = Platform::services().config(&config).start().await;
    let (ada, admin) = (platform.register().await, platform.register_as("admin").await);
    let created = json!({ "userId": ada.id, "eventType": "JournalEntryCreated" });
    write_with(&ada, "mongodb:1").await;
    let rows = |data: &Value| data["auditLog"]["edges"].as_array().unwrap().len();
    admin.eventually(AUDIT, created.clone(), |data| rows(data) == 1).await;

    server.stop().await;
    write_with(&ada, "mongodb:2").await;
    assert_eq!(admin.graphql(AUDIT, created.clone()).await.error_code(), "UNAVAILABLE");
    server.start_again().await;
    eventually("the trail has the entry of the outage", || async {
        let answer = admin.graphql(AUDIT, created.clone()).await;
        (answer.json()["data"]["auditLog"]["edges"].as_array()?.len() == 2).then_some(())
    })
    .await;

    let intact = platform.cli(&["audit", "verify"]).await;
    assert_eq!(intact.code, Some(0), "{intact:?}");
    platform.stop().await;
    let export = platform.cli(&["audit", "export"]).await;
    assert!(export.stdout.contains("mongodb:1") && export.stdout.contains("mongodb:2"), "{export:?}");
    server.stop().await;
    let away = platform.cli(&["audit", "verify"]).await;
    assert_eq!((away.code, away.stderr.lines().count()), (Some(1), 1), "{away:?}");
    assert!(away.stderr.contains("[audit-log] url: the MongoDB there cannot be used"), "{away:?}");
}
