//! Goal: an idle WebSocket takes no call of its component, and one connection's trouble is no other's. Method: the
//! gateway with few calls, and with many sockets; swaps under open sockets.

use crate::trouble_kit::{component, grants, guest, manifest, state, swap};
use mindflow_tests::attacker::Attacker;
use mindflow_tests::{Account, CREATE, GraphqlSocket, Platform, Received, eventually};
use serde_json::{Value, json};

const CHANGED: &str = "subscription { entryChanged { kind entryId entry { title } } }";

/// A gateway that takes two calls at the same time.
fn few_calls(table: &mut toml::Table) {
    let limits = "max = 1\nconcurrency = 2\nmemory-mib-max = 128\ndeadline-ms = 30000";
    let limits: toml::Table = limits.parse().expect("limits");
    grants(table, "gateway").insert("instances".to_owned(), limits.into());
}

/// A subscription that has begun: an operation that takes more calls was answered after it.
async fn subscribe(socket: &mut GraphqlSocket) -> String {
    let id = socket.subscribe(CHANGED, json!({})).await;
    let later = socket.subscribe("{ me { id } }", json!({})).await;
    assert!(socket.next(&later).await["me"]["id"].is_string());
    assert_eq!(socket.message().await["type"], "complete");
    id
}

/// A subscription that has delivered its first change.
async fn listening(account: &Account) -> (GraphqlSocket, String) {
    let mut socket = account.socket().await;
    let id = subscribe(&mut socket).await;
    let heard = heard(account, &mut socket, &id, "first").await;
    assert_eq!(heard["kind"], "CREATED");
    (socket, id)
}

/// Writes an entry, which the subscription hears of.
async fn heard(account: &Account, socket: &mut GraphqlSocket, id: &str, title: &str) -> Value {
    let entry = account.write(json!({ "title": title, "content": "c" })).await;
    let change = socket.next(id).await["entryChanged"].clone();
    assert_eq!((&change["entryId"], &change["entry"]["title"]), (&entry["id"], &json!(title)));
    change
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_subscriptions_take_no_call_so_that_requests_and_further_sockets_are_served() {
    let platform = Platform::services().manifest(manifest(few_calls)).start().await;
    let ada = platform.register().await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        let mut socket = ada.socket().await;
        let id = subscribe(&mut socket).await;
        sockets.push((socket, id));
    }
    let platform = &platform;
    eventually("no call of the gateway is left", || async move {
        (state(platform, "gateway").await["calls"] == 0).then_some(())
    })
    .await;
    // More sockets than the component has calls, and all of them hear of a change.
    let entry = ada.write(json!({ "title": "for all", "content": "c" })).await;
    for (socket, id) in &mut sockets {
        assert_eq!(socket.next(id).await["entryChanged"]["entryId"], entry["id"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_come_in_the_order_in_which_the_entry_changed() {
    let platform = Platform::services().variable("free_entries_per_month", "1000").start().await;
    let ada = platform.register().await;
    let (mut socket, id) = listening(&ada).await;
    let mut written = Vec::new();
    for number in 0..30 {
        written.push(ada.write(json!({ "title": format!("{number}"), "content": "c" })).await["id"].clone());
    }
    // Different entries are applied concurrently, but each notice comes once.
    let mut seen = Vec::new();
    for _ in 0..written.len() {
        seen.push(socket.next(&id).await["entryChanged"]["entryId"].clone());
    }
    let sorted = |ids: &[Value]| {
        let mut ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        ids.sort();
        ids
    };
    assert_eq!(sorted(&seen), sorted(&written));

    let entry = &written[0];
    const UPDATE: &str = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }";
    const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";
    for number in 0..5 {
        ada.data(UPDATE, json!({ "input": { "id": entry, "title": format!("again {number}") } })).await;
    }
    ada.data(DELETE, json!({ "id": entry })).await;
    let mut kinds = Vec::new();
    for _ in 0..6 {
        let change = socket.next(&id).await["entryChanged"].clone();
        assert_eq!(&change["entryId"], entry);
        kinds.push(change["kind"].as_str().expect("a kind").to_owned());
    }
    assert_eq!(kinds, ["UPDATED", "UPDATED", "UPDATED", "UPDATED", "UPDATED", "DELETED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_and_its_subscription_outlive_swaps_of_the_gateway() {
    let platform = Platform::services().variable("free_entries_per_month", "1000").start().await;
    let ada = platform.register().await;
    let (mut socket, id) = listening(&ada).await;
    for title in ["after one swap", "after two"] {
        swap(&platform, "gateway", &component("gateway")).await;
        heard(&ada, &mut socket, &id, title).await;
        let query = socket.subscribe("{ me { id } }", json!({})).await;
        assert_eq!(socket.next(&query).await["me"]["id"], json!(ada.id));
        assert_eq!(socket.message().await, json!({ "id": query, "type": "complete" }));
    }
    assert_eq!(state(&platform, "gateway").await["generation"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_state_a_new_version_does_not_understand_is_closed_for_a_restart() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    swap(&platform, "gateway", &guest("sockets")).await;
    let mut old = GraphqlSocket::open(platform.http()).await;
    old.send(&json!("count")).await;
    assert_eq!(old.message().await, json!("1"));
    swap(&platform, "gateway", &component("gateway")).await;
    old.send(&json!({ "type": "ping" })).await;
    assert_eq!(old.closed().await, 1012);
    listening(&ada).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_keeps_too_much_going_on_is_closed_and_no_other() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let (mut quiet, id) = listening(&ada).await;
    let mut greedy = ada.socket().await;
    let long_id = "x".repeat(70 * 1024);
    greedy.send(&json!({ "id": long_id, "type": "subscribe", "payload": { "query": CHANGED } })).await;
    assert_eq!(greedy.closed().await, 1009);

    // Large operations together: the one too many is refused, and the connection goes on.
    let mut large = ada.socket().await;
    let comment = "#".repeat(200 * 1024);
    for number in 0..11 {
        let payload = json!({ "query": format!("{CHANGED} {comment}") });
        large.send(&json!({ "id": format!("large {number}"), "type": "subscribe", "payload": payload })).await;
    }
    let refused = large.message().await;
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("RATE_LIMITED"))
    );
    let query = large.subscribe("{ __typename }", json!({})).await;
    let mut message = large.message().await;
    while message["id"] != json!(query) {
        assert_eq!(message["type"], "error", "{message}");
        message = large.message().await;
    }
    assert_eq!(message["payload"]["data"]["__typename"], "Query");
    heard(&ada, &mut quiet, &id, "still here").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_sockets_as_the_configuration_allows_are_taken_and_the_next_is_asked_to_come_later() {
    let platform = Platform::services().config("[http]\nwebsockets-max = 2").start().await;
    let ada = platform.register().await;
    let first = ada.socket().await;
    let mut second = ada.socket().await;
    let refused = GraphqlSocket::try_open(platform.http(), "graphql-transport-ws").await;
    assert!(refused.err().is_some_and(|error| error.to_string().contains("503")));
    drop(first);
    let http = platform.http();
    eventually("a place is free again", || async move {
        GraphqlSocket::try_open(http, "graphql-transport-ws").await.ok().map(drop)
    })
    .await;
    let id = second.subscribe(CREATE, json!({ "input": { "title": "t", "content": "c" } })).await;
    assert_eq!(second.next(&id).await["createJournalEntry"]["title"], "t");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_sockets_and_another_has_its_own() {
    let platform = Platform::services().config("[http]\nwebsockets-per-address-max = 2").start().await;
    let ada = platform.register().await;
    let (first, mut second) = (ada.socket().await, ada.socket().await);
    let refused = GraphqlSocket::try_open(platform.http(), "graphql-transport-ws").await;
    assert!(refused.err().is_some_and(|error| error.to_string().contains("429")));
    Attacker::new(platform.http()).websocket().await.expect("another address");
    drop(first);
    let http = platform.http();
    eventually("a place is free again", async || GraphqlSocket::try_open(http, "graphql-transport-ws").await.ok())
        .await;
    let id = second.subscribe("{ __typename }", json!({})).await;
    assert_eq!(second.next(&id).await["__typename"], "Query");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_so_many_sockets_and_event_streams_and_the_one_too_many_is_closed() {
    let platform = Platform::services().config("[http]\nwebsockets-per-user-max = 2").start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let (mut first, second) = (ada.socket().await, ada.socket().await);
    let mut third = GraphqlSocket::open(platform.http()).await;
    third.init(Some(&ada.token)).await;
    assert_eq!(third.closed().await, 4429);
    assert_eq!(ada.sse(CHANGED, json!({})).await.status, 429);
    // Who is not known takes nothing of hers, and neither does another user.
    GraphqlSocket::connect(platform.http(), None).await;
    listening(&bob).await;
    drop(second);
    let (ada, platform) = (&ada, &platform);
    eventually("one is hers again", async || {
        let mut socket = GraphqlSocket::open(platform.http()).await;
        socket.init(Some(&ada.token)).await;
        matches!(socket.receive().await, Received::Message(_)).then_some(())
    })
    .await;
    let id = first.subscribe("{ __typename }", json!({})).await;
    assert_eq!(first.next(&id).await["__typename"], "Query");
}
