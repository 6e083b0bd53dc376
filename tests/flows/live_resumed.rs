//! Goal: a client that was away goes on where it was and misses no change, or learns that it did. Method: WebSockets and event
//! streams that end and begin again after their cursors, on two hosts, over a restart, and while tokens expire.

use mindflow_tests::{Account, GraphqlSocket, Platform, Received, Sse};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

const CHANGED: &str = "subscription ($after: String) { entryChanged(after: $after) { kind entryId cursor } }";

async fn write(account: &Account, title: &str) -> Value {
    account.write(json!({ "title": title, "content": "c" })).await["id"].clone()
}

/// A socket, and where the user's changes stood when it was acknowledged.
async fn socket(account: &Account) -> (GraphqlSocket, String) {
    let mut socket = GraphqlSocket::open(account.http()).await;
    socket.init(Some(&account.token)).await;
    let ack = socket.message().await;
    (socket, ack["payload"]["cursor"].as_str().unwrap_or_else(|| panic!("{ack}")).to_owned())
}

/// The next change of a subscription, and its cursor, which the result has as well.
async fn change(socket: &mut GraphqlSocket) -> (Value, String) {
    let payload = socket.message().await["payload"].clone();
    let change = &payload["data"]["entryChanged"];
    assert_eq!(payload["extensions"]["cursor"], change["cursor"], "{payload}");
    (change["entryId"].clone(), change["cursor"].as_str().expect("a cursor").to_owned())
}

async fn stream(account: &Account, last_event_id: &str) -> Sse {
    let body = json!({ "query": CHANGED });
    let request = account.request(Method::POST, "/graphql").header("accept", "text/event-stream");
    Sse::open(request.header("last-event-id", last_event_id).json(&body)).await
}

async fn streamed(stream: &mut Sse) -> Value {
    let (_, data) = stream.next().await.expect("the stream goes on");
    let change = &data["data"]["entryChanged"];
    assert_eq!(stream.last_id.as_deref(), change["cursor"].as_str(), "{data}");
    change["entryId"].clone()
}

/// A subscription after this cursor is refused: what followed is no longer known.
async fn is_forgotten(account: &Account, cursor: &str) {
    let says = |error: &Value| {
        let extensions = &error["extensions"];
        assert_eq!((&extensions["code"], &extensions["field"]), (&json!("BAD_USER_INPUT"), &json!("after")), "{error}");
        assert_eq!(extensions["rule"], "forgotten");
    };
    let (mut socket, _) = socket(account).await;
    socket.subscribe(CHANGED, json!({ "after": cursor })).await;
    let refused = socket.message().await;
    assert_eq!(refused["type"], "error");
    says(&refused["payload"][0]);
    let mut stream = stream(account, cursor).await;
    says(&stream.next().await.expect("an event").1["errors"][0]);
    assert_eq!(stream.next().await.expect("an event").0, "complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_back_after_its_cursor_misses_nothing_also_at_another_host() {
    let platform = Platform::services().start().await;
    let replica = platform.replica().await;
    let ada = platform.register().await;
    let there = ada.with_http(replica.http.clone());
    // What comes between the acknowledgement and the subscription.
    let (mut here, began) = socket(&ada).await;
    let first = write(&there, "before the subscription").await;
    here.subscribe(CHANGED, json!({ "after": began })).await;
    let (seen, cursor) = change(&mut here).await;
    assert_eq!(seen, first);
    drop(here);
    // What comes while there is no listener; on the other host, over the other transport.
    let away = [write(&ada, "while away").await, write(&there, "still away").await];
    let mut events = stream(&there, &cursor).await;
    // Changes of different entries come in any order.
    let come = [streamed(&mut events).await, streamed(&mut events).await];
    assert!(away.iter().all(|entry| come.contains(entry)), "{come:?}, not {away:?}");
    let last = events.last_id.clone().expect("an id");
    drop(events);
    let (mut again, _) = socket(&there).await;
    again.subscribe(CHANGED, json!({ "after": last })).await;
    let live = write(&ada, "live again").await;
    assert_eq!(change(&mut again).await.0, live);
    for cursor in ["1-0", "no cursor", "99999999999999-0"] {
        is_forgotten(&there, cursor).await;
    }
    // A place in the changes of one user is none in those of another, which it would pass over.
    let bob = platform.register().await;
    write(&bob, "his own").await;
    is_forgotten(&bob, &last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_host_goes_on_as_well_and_after_its_restart_says_that_it_has_forgotten() {
    let mut platform = Platform::embedded().start().await;
    let ada = platform.register().await;
    // Nothing has come yet: where the stream begins is an id of its own.
    let mut events = ada.sse(CHANGED, json!({})).await;
    let first = write(&ada, "seen").await;
    assert_eq!(streamed(&mut events).await, first);
    let cursor = events.last_id.clone().expect("an id");
    drop(events);
    let away = write(&ada, "while away").await;
    assert_eq!(streamed(&mut stream(&ada, &cursor).await).await, away);
    platform.restart().await;
    let ada = ada.with_http(platform.http().clone());
    is_forgotten(&ada, &cursor).await;
    let (mut here, began) = socket(&ada).await;
    here.subscribe(CHANGED, json!({ "after": began })).await;
    let later = write(&ada, "after the restart").await;
    assert_eq!(change(&mut here).await.0, later);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_missed_where_tokens_expire() {
    const TOKENS: usize = 2;
    const VARIABLES: &str = "[component.auth.tool.mindflow.variables]";
    let platform = Platform::services()
        .manifest(|manifest| manifest.replacen(VARIABLES, &format!("{VARIABLES}\naccess_token_seconds = \"3\""), 1))
        .variable("free_entries_per_month", "10000")
        .start()
        .await;
    let ada = platform.register().await;
    let (phone, listened) = (ada.login().await, AtomicBool::new(false));
    let (_, mut cursor) = socket(&phone).await;
    let writing = async {
        let (mut laptop, mut written) = (ada.login().await, BTreeSet::new());
        while !listened.load(Ordering::Relaxed) {
            let answer = laptop.post("/api/journals", &json!({ "title": "t", "content": "c" })).await;
            if answer.status == 401 {
                laptop = ada.login().await;
            } else {
                written.insert(answer.expect(201).json()["id"].to_string());
            }
        }
        written
    };
    let listening = async {
        let mut heard = BTreeSet::new();
        for _ in 0..TOKENS {
            let (mut here, _) = socket(&phone.login().await).await;
            here.subscribe(CHANGED, json!({ "after": cursor })).await;
            loop {
                match here.receive().await {
                    Received::Closed(code) => break assert_eq!(code, 4403),
                    // The token ended while a change was read for it: the change is not shown, and no cursor is behind it.
                    Received::Message(message) if message["payload"]["errors"].is_array() => {
                        let payload = &message["payload"];
                        assert_eq!(payload["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{message}");
                        assert!(payload["extensions"].get("cursor").is_none(), "{message}");
                    }
                    Received::Message(message) => {
                        let change = &message["payload"]["data"]["entryChanged"];
                        assert!(heard.insert(change["entryId"].to_string()), "twice: {message}");
                        cursor = change["cursor"].as_str().unwrap_or_else(|| panic!("{message}")).to_owned();
                    }
                }
            }
        }
        listened.store(true, Ordering::Relaxed);
        (heard, cursor)
    };
    let (written, (mut heard, cursor)) = tokio::join!(writing, listening);
    let (mut here, _) = socket(&phone.login().await).await;
    here.subscribe(CHANGED, json!({ "after": cursor })).await;
    while heard.len() < written.len() {
        assert!(heard.insert(change(&mut here).await.0.to_string()));
    }
    assert_eq!(heard, written);
}
