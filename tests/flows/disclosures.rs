//! Goal: nothing of what users write leaves the platform without a line in their ledgers, and each reads their own. Method: stand-ins for
//! what is outside, the ledger as its user sees it, and a component that tries other ways.

use crate::trouble_kit::{outlaw_tables, with_tables};
use mindflow_tests::messages_api::{Behaviour, MessagesApi};
use mindflow_tests::receiver::Receiver;
use mindflow_tests::{Account, Builder, Platform, WITHIN, eventually};
use serde_json::{Value, json};

const LEDGER: &str = "query ($first: Int, $after: String) { aiLedger(first: $first, after: $after) {
    pageInfo { hasNextPage hasPreviousPage endCursor }
    edges { cursor node { id at entryId entryVersion purpose host model bytes } } } }";
const GOOD_DAY: &str = "A good day with friends at the harbour. I felt grateful and calm.";

/// What the ledger shows of the first page.
async fn ledger(account: &Account) -> Vec<Value> {
    rows(&account.data(LEDGER, json!({})).await)
}

fn rows(data: &Value) -> Vec<Value> {
    data["aiLedger"]["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect()
}

async fn analysed(account: &Account, entry: &Value) {
    const STATUS: &str = "query ($id: ID!) { journalEntry(id: $id) { analysis { status } } }";
    let ready = |data: &Value| data["journalEntry"]["analysis"]["status"] == "READY";
    account.eventually(STATUS, json!({ "id": entry["id"] }), ready).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_claude_is_sent_is_in_its_users_ledger_once_for_each_attempt() {
    let api = MessagesApi::start().await.unwrap();
    let platform = Platform::services().claude(&api.url()).env("MINDFLOW_CLAUDE_MODEL", "claude-test-1").start().await;
    let (ada, bob) = (platform.register_as("premium").await, platform.register_as("premium").await);
    api.then(Behaviour::server_error());
    let entry = ada.write(json!({ "title": "Harbour", "content": GOOD_DAY })).await;
    analysed(&ada, &entry).await;
    let sent = api.requests();
    let left = ledger(&ada).await;
    assert_eq!((sent.len(), left.len()), (2, 2), "{left:?}");
    let host = api.url().strip_prefix("http://").unwrap().to_owned();
    for (row, request) in left.iter().zip(sent.iter().rev()) {
        assert_eq!(
            (&row["entryId"], &row["entryVersion"], &row["purpose"]),
            (&entry["id"], &json!(1), &json!("ANALYSIS"))
        );
        assert_eq!((&row["host"], &row["model"]), (&json!(host), &json!("claude-test-1")));
        assert_eq!(row["bytes"].to_string(), request.headers["content-length"]);
        assert!(row["at"].is_string());
    }
    assert_eq!(ledger(&bob).await, Vec::<Value>::new());
    assert_eq!(platform.http().graphql(LEDGER, json!({})).await.error_code(), "UNAUTHENTICATED");

    // Pages go on where the one before ended, and a cursor of something else is none.
    let page = ada.data(LEDGER, json!({ "first": 1 })).await["aiLedger"].clone();
    assert_eq!((&page["pageInfo"]["hasNextPage"], &page["edges"][0]["node"]), (&json!(true), &left[0]));
    let rest =
        ada.data(LEDGER, json!({ "first": 1, "after": page["pageInfo"]["endCursor"] })).await["aiLedger"].clone();
    assert_eq!((&rest["pageInfo"]["hasNextPage"], &rest["edges"][0]["node"]), (&json!(false), &left[1]));
    assert_eq!(rest["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(
        bob.data(LEDGER, json!({ "after": page["pageInfo"]["endCursor"] })).await["aiLedger"]["edges"],
        json!([])
    );
    for wrong in [json!({ "first": 0 }), json!({ "first": 101 }), json!({ "after": "Nw" })] {
        assert_eq!(ada.graphql(LEDGER, wrong.clone()).await.error_code(), "BAD_USER_INPUT", "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_while_the_ledger_cannot_be_written_and_the_entry_is_read_after_that() {
    let api = MessagesApi::start().await.unwrap();
    let platform = Platform::services().claude(&api.url()).start().await;
    let ada = platform.register_as("premium").await;
    let database = platform.write_database().await;
    database.batch_execute("ALTER TABLE disclosure.ledger RENAME TO away").await.unwrap();
    let entry = ada.write(json!({ "title": "Harbour", "content": GOOD_DAY })).await;
    eventually("the sending is refused twice", || async {
        (platform.log().matches("a user's text was not sent").count() >= 2).then_some(())
    })
    .await;
    assert_eq!(api.requests().len(), 0);
    assert_eq!(ada.graphql(LEDGER, json!({})).await.error_code(), "UNAVAILABLE");
    database.batch_execute("ALTER TABLE disclosure.away RENAME TO ledger").await.unwrap();
    api.wait_for_requests(1, WITHIN).await.unwrap();
    analysed(&ada, &entry).await;
    assert_eq!((ledger(&ada).await.len(), api.requests().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_gets_is_in_the_ledger_with_the_entry_that_it_is_about() {
    let receiver = Receiver::start().await;
    let outbound = format!("[outbound]\nallow-private = [\"{}\"]\n", receiver.address);
    let platform = Platform::services().config(&outbound).start().await;
    let ada = platform.register().await;
    let webhook = "mutation ($url: String!) { createWebhook(url: $url, events: [\"JournalEntryUpdated\"]) { id } }";
    ada.data(webhook, json!({ "url": receiver.url("/hook") })).await;
    let entry = ada.write(json!({ "title": "Harbour", "content": GOOD_DAY })).await;
    let change = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }";
    ada.data(change, json!({ "input": { "id": entry["id"], "title": "Sea" } })).await;
    let got = receiver.first().await;
    let left = ledger(&ada).await;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((&left[0]["purpose"], &left[0]["entryId"]), (&json!("WEBHOOK"), &entry["id"]));
    assert_eq!((&left[0]["entryVersion"], &left[0]["model"]), (&json!(2), &Value::Null));
    assert_eq!((&left[0]["host"], &left[0]["bytes"]), (&json!(receiver.address.to_string()), &json!(got.body.len())));
}

/// With a component that may send what is disclosed, to one port.
fn outlaw(port: u16) -> Builder {
    Platform::services().manifest(with_tables(outlaw_tables(port)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_has_no_way_out_for_a_users_text_that_the_ledger_does_not_know() {
    let (allowed, other) = (Receiver::start().await, Receiver::start().await);
    let platform = outlaw(allowed.address.port()).start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let run = async |words: &[&str]| {
        let output = platform.cli(&[&["outlaw"], words].concat()).await;
        assert_eq!(output.code, Some(0), "{words:?}: {output:?}");
        output.stdout.trim().to_owned()
    };
    let (inside, outside) = (allowed.url("/text"), other.url("/text"));
    for (tried, reason) in [
        // Past the ledger, to a host that it may send to and to one that it may not.
        (&["send", &inside][..], "HttpRequestDenied"),
        (&["send", &outside], "HttpRequestDenied"),
        // By the ledger, to another host.
        (&["disclose", &outside, &ada.id, "analysis"], "Prohibited"),
        (&["disclose", "ftp://127.0.0.1/", &ada.id, "analysis"], "Invalid"),
        // Of no user, of one whom no token proves, and for no purpose.
        (&["disclose", &inside, "ada", "analysis"], "Invalid"),
        (&["disclose", &inside, "no.real.token", "analysis"], "Prohibited"),
        (&["disclose", &inside, &ada.id, "Any purpose"], "Invalid"),
        // What is a user's, for a token that proves none.
        (&["disclosed", "no.real.token"], "AccessDenied"),
    ] {
        let got = run(tried).await;
        assert!(got.starts_with("refused: ") && got.contains(reason), "{tried:?}: {got}");
    }
    let lines: i64 =
        platform.write_database().await.query_one("SELECT count(*) FROM disclosure.ledger", &[]).await.unwrap().get(0);
    assert_eq!((allowed.received().len(), other.received().len(), lines), (0, 0, 0));
    let says = "`outbound` of [component.outlaw.tool.mindflow] is `disclosed`";
    assert!(platform.log().contains(says), "the log says by which way it may");

    // The one way: by a token, and by an id. What is read is the reader's alone.
    assert_eq!(run(&["disclose", &inside, &ada.token, "analysis"]).await, "granted");
    assert_eq!(run(&["disclose", &inside, &ada.id, "spent-again"]).await, "granted");
    let read = async |account: &Account| -> Value {
        serde_json::from_str(&run(&["disclosed", &account.token]).await).unwrap()
    };
    let newest = json!(["outlaw", allowed.address.to_string(), "spent-again", "loot", 17]);
    assert_eq!(read(&ada).await, json!({ "count": 2, "newest": newest }));
    assert_eq!(read(&bob).await, json!({ "count": 0, "newest": null }));
    assert_eq!(allowed.received().len(), 2);
    let purposes: Vec<Value> = ledger(&ada).await.iter().map(|row| row["purpose"].clone()).collect();
    assert_eq!(purposes, [json!("OTHER"), json!("ANALYSIS")]);
}
