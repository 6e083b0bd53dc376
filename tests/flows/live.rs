//! Goal: changes made on one device are pushed to the owner's other devices, and to no other user. Method: a WebSocket and a stream of
//! server-sent events that listen while another client writes.

use mindflow_tests::{Account, GraphqlSocket, Platform, Received, Sse};
use serde_json::{Value, json};

const CHANGED: &str = "subscription { entryChanged { kind entryId entry { title version } } }";
const UPDATE: &str = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }";
const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";

/// A subscription delivers what comes after its start; this writes until it has started.
async fn begun(account: &Account, socket: &mut GraphqlSocket, id: &str) {
    let probe = account.write(json!({ "title": "Probe", "content": "c" })).await;
    let received = socket.next(id).await;
    assert_eq!(
        (&received["entryChanged"]["kind"], &received["entryChanged"]["entryId"]),
        (&json!("CREATED"), &probe["id"])
    );
}

/// Waits until the host's log shows nothing more to come: an operation over the same socket is answered after it.
async fn settled(socket: &mut GraphqlSocket) {
    let id = socket.subscribe("{ __typename }", json!({})).await;
    assert_eq!(socket.next(&id).await["__typename"], "Query");
    assert_eq!(socket.message().await["type"], "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_on_one_device_reaches_the_users_other_devices_in_order_and_no_other_user() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let phone = ada.login().await;
    let (mut socket, mut stranger) = (phone.socket().await, bob.socket().await);
    let (id, theirs) = (socket.subscribe(CHANGED, json!({})).await, stranger.subscribe(CHANGED, json!({})).await);
    settled(&mut socket).await;
    settled(&mut stranger).await;
    begun(&bob, &mut stranger, &theirs).await;

    let entry = ada.write(json!({ "title": "One", "content": "c", "tags": ["walk"] })).await;
    ada.data(UPDATE, json!({ "input": { "id": entry["id"], "title": "Two" } })).await;
    ada.data(DELETE, json!({ "id": entry["id"] })).await;
    ada.data("mutation ($id: ID!) { restoreJournalEntry(id: $id) { id } }", json!({ "id": entry["id"] })).await;
    for kind in ["CREATED", "UPDATED", "DELETED", "CREATED"] {
        let received = socket.next(&id).await;
        assert_eq!(
            (&received["entryChanged"]["kind"], &received["entryChanged"]["entryId"]),
            (&json!(kind), &entry["id"])
        );
    }
    // Only now: a tag that is renamed before its entry is restored shows its new name in the notice of the restored entry.
    let rename = "mutation ($id: ID!) { renameTag(id: $id, name: \"stroll\") { id } }";
    ada.data(rename, json!({ "id": entry["tags"][0]["id"] })).await;
    let received = socket.next(&id).await;
    assert_eq!(
        (&received["entryChanged"]["kind"], &received["entryChanged"]["entryId"]),
        (&json!("UPDATED"), &entry["id"])
    );
    // Nothing of it reached the stranger, whose next message is of an entry of the stranger's own.
    begun(&bob, &mut stranger, &theirs).await;

    socket.send(&json!({ "id": id, "type": "complete" })).await;
    ada.write(json!({ "title": "Unheard", "content": "c" })).await;
    settled(&mut socket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_sent_events_carry_the_same_changes_as_a_websocket() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let mut stream = ada.sse(CHANGED, json!({})).await;
    assert!(stream.status == 200 && stream.content_type.starts_with("text/event-stream"));
    let entry = ada.write(json!({ "title": "One", "content": "c" })).await;
    let (name, received) = stream.next().await.unwrap();
    assert_eq!(name, "next");
    assert_eq!(
        received["data"]["entryChanged"],
        json!({ "kind": "CREATED", "entryId": entry["id"], "entry": { "title": "One", "version": 1 } })
    );

    // A query has one answer and then completes.
    let mut query = ada.sse("{ __typename }", json!({})).await;
    assert_eq!(query.next().await, Some(("next".to_owned(), json!({ "data": { "__typename": "Query" } }))));
    assert_eq!(query.next().await, Some(("complete".to_owned(), Value::Null)));
    assert_eq!(query.next().await, None);

    let body = json!({ "query": CHANGED });
    let mut anonymous = Sse::open(
        platform.http().request(reqwest::Method::POST, "/graphql").header("accept", "text/event-stream").json(&body),
    )
    .await;
    let (_, refused) = anonymous.next().await.unwrap();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    // A subscription over plain HTTP is answered with the ways to subscribe.
    let plain = ada.graphql(CHANGED, json!({})).await;
    assert_eq!(plain.error_code(), "BAD_USER_INPUT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_that_breaks_the_protocol_is_closed_with_the_codes_of_the_protocol() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let http = platform.http();

    let mut early = GraphqlSocket::open(http).await;
    early.subscribe("{ __typename }", json!({})).await;
    assert_eq!(early.closed().await, 4401);
    let mut forged = GraphqlSocket::open(http).await;
    forged.init(Some("forged")).await;
    assert_eq!(forged.closed().await, 4403);
    let mut twice = ada.socket().await;
    twice.init(Some(&ada.token)).await;
    assert_eq!(twice.closed().await, 4429);
    let mut broken = ada.socket().await;
    broken.send(&json!({ "type": "nothing" })).await;
    assert_eq!(broken.closed().await, 4400);
    let mut same_id = ada.socket().await;
    for _ in 0..2 {
        same_id.send(&json!({ "id": "1", "type": "subscribe", "payload": { "query": CHANGED } })).await;
    }
    assert_eq!(same_id.closed().await, 4409);
    assert!(GraphqlSocket::try_open(http, "graphql-ws").await.is_err());

    // Queries and mutations work too, as the user of the token.
    let mut socket = ada.socket().await;
    socket.send(&json!({ "type": "ping", "payload": { "a": 1 } })).await;
    assert_eq!(socket.message().await, json!({ "type": "pong", "payload": { "a": 1 } }));
    let id =
        socket.subscribe(mindflow_tests::CREATE, json!({ "input": { "title": "By socket", "content": "c" } })).await;
    assert_eq!(socket.next(&id).await["createJournalEntry"]["title"], "By socket");
    assert_eq!(socket.message().await, json!({ "id": id, "type": "complete" }));
    let id = socket.subscribe("{ nothing }", json!({})).await;
    let refused = socket.message().await;
    assert_eq!((&refused["id"], &refused["type"]), (&json!(id), &json!("error")));
    let mut anonymous = GraphqlSocket::connect(http, None).await;
    let id = anonymous.subscribe(CHANGED, json!({})).await;
    let message = anonymous.message().await;
    assert_eq!(message["id"], json!(id), "{message}");
    assert!(message.to_string().contains("UNAUTHENTICATED"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_closes_open_sockets_with_the_code_for_going_away() {
    let mut platform = Platform::services().start().await;
    let ada = platform.register().await;
    let mut socket = ada.socket().await;
    socket.subscribe(CHANGED, json!({})).await;
    settled(&mut socket).await;
    let mut stream = ada.sse(CHANGED, json!({})).await;
    platform.terminate();
    assert_eq!(socket.receive().await, Received::Closed(1001));
    platform.stopped().await;
    // However it ends, it does.
    while stream.next().await.is_some() {}
}
