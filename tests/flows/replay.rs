//! Goal: an operator can copy every event, play events again, see where a consumer's tables are not what
//! their events say, and repair them while people write. Method: rows changed by hand behind the consumer's back.

use crate::notification::{mailing, mails_to};
use mindflow_test_support::SmtpServer;
use mindflow_tests::{Account, Output, Platform};
use serde_json::{Value, json};
use std::time::Duration;

const TABLES: [&str; 8] = [
    "users_view",
    "journals_view",
    "entry_tags",
    "entry_creations",
    "analyses_view",
    "moods_view",
    "tags_view",
    "books_view",
];

/// Every row of the read side, as text.
async fn read_side(platform: &Platform) -> Vec<String> {
    let database = platform.read_database().await;
    let mut rows = Vec::new();
    for table in TABLES {
        let sql = format!("SELECT t::text FROM query.{table} t ORDER BY 1");
        rows.extend(
            database
                .query(&sql, &[])
                .await
                .expect(table)
                .iter()
                .map(|row| format!("{table} {}", row.get::<_, &str>(0))),
        );
    }
    rows
}

/// A user with some of everything, which the read side shows.
async fn settled_user(platform: &Platform) -> Account {
    let ada = platform.register().await;
    for title in ["one", "two", "three"] {
        ada.write(json!({ "title": title, "content": "A calm day.", "mood": "CALM", "tags": ["kept"] })).await;
    }
    ada.eventually("{ recentEntries { title } }", json!({}), |data| {
        data["recentEntries"].as_array().is_some_and(|entries| entries.len() == 3)
    })
    .await;
    ada
}

fn answer(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn table<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let tables = answer["tables"].as_array().expect("tables");
    tables.iter().find(|table| table["table"] == name).unwrap_or_else(|| panic!("no {name}: {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_finds_damage_and_apply_repairs_it() {
    let platform = Platform::services().start().await;
    settled_user(&platform).await;
    let equal = platform.cli(&["replay", "--consumer", "query", "--shadow", "--json"]).await;
    assert_eq!(equal.code, Some(0), "{equal:?}");
    assert_eq!(table(&answer(&equal), "query.journals_view")["equal"], 3);
    let whole = read_side(&platform).await;

    let database = platform.read_database().await;
    let damage = "DELETE FROM query.journals_view WHERE title = 'one'; \
         UPDATE query.journals_view SET title = 'wrong' WHERE title = 'two'; \
         INSERT INTO query.tags_view SELECT gen_random_uuid(), user_id, 'ghost', 1 FROM query.tags_view LIMIT 1";
    database.batch_execute(damage).await.expect("the damage");
    let found = platform.cli(&["replay", "--consumer", "query", "--shadow", "--json"]).await;
    assert_eq!(found.code, Some(1), "{found:?}");
    let report = answer(&found);
    let journals = table(&report, "query.journals_view");
    assert_eq!((&journals["missing"]["count"], &journals["outdated"]["count"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(table(&report, "query.tags_view")["surplus"]["count"], 1, "{report}");
    assert!(found.stderr.contains("2 of 8 tables of `query` differ"), "{found:?}");
    assert_ne!(read_side(&platform).await, whole, "a look changes nothing");

    let repaired = platform.cli(&["replay", "--consumer", "query", "--shadow", "--apply"]).await;
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    assert_eq!(read_side(&platform).await, whole);
    let again = platform.cli(&["replay", "--consumer", "query", "--shadow"]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    let left =
        database.query("SELECT datname FROM pg_database WHERE datname = current_database() || '_replay_query'", &[]);
    assert!(left.await.expect("databases").is_empty(), "the shadow's database is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_under_traffic_loses_and_doubles_nothing() {
    let platform = Platform::services().variable("free_entries_per_month", "1000").start().await;
    let ada = settled_user(&platform).await;
    let database = platform.read_database().await;
    database.batch_execute("UPDATE query.journals_view SET title = 'wrong'").await.expect("the damage");
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let writer = ada.clone();
    let traffic = tokio::spawn(async move {
        let mut written = 0;
        // A user writes at this pace during the replay.
        let mut pace = tokio::time::interval(Duration::from_millis(30));
        while !*stopped.borrow_and_update() {
            pace.tick().await;
            writer.write(json!({ "title": format!("busy {written}"), "content": "c", "tags": ["kept"] })).await;
            written += 1;
        }
        written
    });
    let repaired = platform.cli(&["replay", "--consumer", "query", "--shadow", "--apply", "--json"]).await;
    stop.send(true).expect("traffic runs");
    let written = traffic.await.expect("traffic");
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    assert_eq!(answer(&repaired)["applied"], true);
    assert!(written > 3, "{written}");
    let count = "SELECT count(*), count(*) FILTER (WHERE title = 'wrong') FROM query.journals_view";
    mindflow_tests::eventually("all are there", || async {
        let row = database.query_one(count, &[]).await.expect("a count");
        (row.get::<_, i64>(0) == 3 + written).then_some(())
    })
    .await;
    assert_eq!(database.query_one(count, &[]).await.expect("a count").get::<_, i64>(1), 0);
    let equal = platform.cli(&["replay", "--consumer", "query", "--shadow", "--json"]).await;
    assert_eq!(equal.code, Some(0), "{equal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_into_empty_tables_gives_the_same_rows() {
    let mut platform = Platform::services().start().await;
    settled_user(&platform).await;
    let settled = platform.cli(&["replay", "--consumer", "query", "--shadow"]).await;
    assert_eq!(settled.code, Some(0), "{settled:?}");
    let whole = read_side(&platform).await;
    let empty = format!("TRUNCATE {}", TABLES.map(|table| format!("query.{table}")).join(", "));
    platform.read_database().await.batch_execute(&empty).await.expect("empty tables");
    let replayed = platform.cli(&["replay", "--consumer", "query", "--json"]).await;
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    assert_eq!(read_side(&platform).await, whole);

    // Without a running host the command replays in its own process.
    platform.stop().await;
    platform.read_database().await.batch_execute(&empty).await.expect("empty tables");
    let replayed = platform.cli(&["replay", "--consumer", "query"]).await;
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    assert_eq!(read_side(&platform).await, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_asks_the_views_of_others_in_its_own_database_and_calls_no_other_component() {
    let server = SmtpServer::start().await;
    let platform = mailing(&server).start().await;
    let ada = settled_user(&platform).await;
    ada.write(json!({ "title": "kept", "content": "A calm day.", "private": true })).await;
    ada.data("mutation { requestEmailConfirmation }", json!({})).await;
    assert_eq!(mails_to(&server, &ada.email, 2).await.len(), 2);

    let shadow = platform.cli(&["replay", "--consumer", "notification", "--shadow", "--json"]).await;
    let report = answer(&shadow);
    assert_eq!(report["failed"], json!([]), "{shadow:?}");
    assert!(report["events"].as_u64() >= Some(5), "{shadow:?}");
    assert_eq!(table(&report, "notification.users")["equal"], 1, "{shadow:?}");

    // The link of such a mail is made by another component.
    let shadow = platform.cli(&["replay", "--consumer", "notification-mail", "--shadow", "--json"]).await;
    let report = answer(&shadow);
    let [failed] = report["failed"].as_array().expect("a list").as_slice() else { panic!("{shadow:?}") };
    assert_eq!((shadow.code, &failed["type"]), (Some(1), &json!("AccountMailRequested")), "{shadow:?}");
    assert!(failed["error"].as_str().is_some_and(|error| error.contains("calls no other component")), "{failed}");
    assert_eq!(mails_to(&server, &ada.email, 2).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_is_exported_listed_and_imported() {
    let platform = Platform::services().start().await;
    settled_user(&platform).await;
    let exported = platform.cli(&["archive", "export", "--json"]).await;
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let events = answer(&exported)["events"].as_u64().expect("a count");
    assert!(events >= 4, "{exported:?}");
    assert!(exported.stderr.contains("events exported"), "{exported:?}");
    let status = platform.cli(&["archive", "status", "--json"]).await;
    assert_eq!(answer(&status)[0]["copied"], events, "{status:?}");
    let imported = platform.cli(&["archive", "import", "--json"]).await;
    assert_eq!(
        (&answer(&imported)["loaded"], &answer(&imported)["already"]),
        (&json!(0), &json!(events)),
        "{imported:?}"
    );
    let month = platform.cli(&["archive", "export", "--from", "november"]).await;
    assert_eq!(month.code, Some(1));
    assert!(month.stderr.contains("--from: a month is written YYYY-MM"), "{month:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_with_contradictory_arguments_is_refused_in_one_line() {
    let platform = Platform::services().start().await;
    for (arguments, says) in [
        (&["replay", "--consumer", "unknown"][..], "there is no consumer `unknown`; there are ai, "),
        (&["replay", "--consumer", "query", "--from", "yesterday"], "--from: a time is written as in"),
        (
            &["replay", "--consumer", "query", "--from", "2026-11-02T00:00:00Z", "--to", "2026-11-01T00:00:00Z"],
            "--from must be before --to",
        ),
        (&["replay", "--consumer", "query", "--shadow", "--entity", "entry:1"], "cannot be used with"),
        (&["replay", "--consumer", "query", "--apply"], "--shadow"),
        // Webhooks and preferences come from no event.
        (&["replay", "--consumer", "notification", "--shadow", "--apply"], "projection = true"),
    ] {
        let refused = platform.cli(arguments).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert_eq!(refused.stderr.trim().lines().count(), 1, "{refused:?}");
        assert!(refused.stderr.contains(says), "{refused:?}");
    }
}
