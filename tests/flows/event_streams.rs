//! Goal: an event stream of a subscription takes no call and no instance while it waits, and ends with its client, its session or
//! the host, and with nothing else. Method: a gateway with one instance of few calls, and many streams; swaps under open
//! streams; what the host and the gateway say to each other, from a client.

use crate::trouble_kit::{component, grants, manifest, state, swap};
use mindflow_tests::{Account, Platform, Sse, eventually, send};
use reqwest::Method;
use serde_json::{Value, json};

const CHANGED: &str = "subscription { entryChanged { kind entryId entry { title } } }";
const STREAMS: usize = 50;

/// A gateway of one instance, which takes two calls at the same time.
fn few_calls(table: &mut toml::Table) {
    let limits = "max = 1\nconcurrency = 2\nmemory-mib-max = 128\ndeadline-ms = 30000";
    let limits: toml::Table = limits.parse().expect("limits");
    grants(table, "gateway").insert("instances".to_owned(), limits.into());
}

/// The next change of a stream.
async fn change(stream: &mut Sse) -> Value {
    let (name, data) = stream.next().await.expect("the stream goes on");
    assert_eq!(name, "next", "{data}");
    data["data"]["entryChanged"].clone()
}

/// Writes an entry, of which each stream hears.
async fn all_hear(account: &Account, streams: &mut [Sse], title: &str) {
    let entry = account.write(json!({ "title": title, "content": "c" })).await;
    for stream in streams {
        let heard = change(stream).await;
        assert_eq!((&heard["entryId"], &heard["entry"]["title"]), (&entry["id"], &json!(title)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_event_streams_take_no_call_and_no_instance_and_give_their_places_back() {
    let config = format!("[http]\nstreams-per-address-max = {STREAMS}");
    let platform = Platform::services().config(&config).manifest(manifest(few_calls)).start().await;
    let ada = platform.register().await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(ada.sse(CHANGED, json!({})).await);
    }
    assert_eq!(ada.sse(CHANGED, json!({})).await.status, 429);
    let platform = &platform;
    eventually("no call of the gateway is left", async || {
        let gateway = state(platform, "gateway").await;
        (gateway["calls"] == 0 && gateway["instances"] == 1).then_some(())
    })
    .await;
    // They would fill the instance's places 25 times.
    ada.data("{ me { id } }", json!({})).await;
    all_hear(&ada, &mut streams, "for all").await;
    drop(streams);
    let ada = &ada;
    eventually("a place is free again", async || (ada.sse(CHANGED, json!({})).await.status == 200).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_outlives_swaps_of_the_gateway_over_either_version_of_http() {
    let platform = Platform::services().variable("free_entries_per_month", "1000").start().await;
    let ada = platform.register().await;
    let over_http2 = ada.with_http(platform.http().over_http2());
    let mut streams = [ada.sse(CHANGED, json!({})).await, over_http2.sse(CHANGED, json!({})).await];
    all_hear(&ada, &mut streams, "before").await;
    for title in ["after one swap", "after two"] {
        swap(&platform, "gateway", &component("gateway")).await;
        all_hear(&ada, &mut streams, title).await;
    }
    assert_eq!(state(&platform, "gateway").await["generation"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_and_the_gateway_say_to_each_other_of_a_stream_stays_between_them() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let body = json!({ "query": CHANGED });
    // A client that says it itself, for the host: it has no say.
    let request = || ada.request(Method::POST, "/graphql").header("mindflow-hold", "graphql-sse").json(&body);
    let stream = request().header("accept", "text/event-stream").send().await.expect("an answer");
    assert_eq!(stream.status(), 200);
    for hidden in ["mindflow-hold", "content-length"] {
        assert!(!stream.headers().contains_key(hidden), "{hidden}: {:?}", stream.headers());
    }
    for (name, value) in
        [("cache-control", "no-store"), ("x-accel-buffering", "no"), ("x-content-type-options", "nosniff")]
    {
        assert_eq!(stream.headers()[name], value, "{name}");
    }
    assert!(stream.headers().contains_key("x-correlation-id"));
    drop(stream);
    let plain = send(request()).await;
    assert_eq!((plain.status.as_u16(), plain.header("mindflow-hold")), (200, ""));
    assert_eq!(plain.error_code(), "BAD_USER_INPUT");
    let query = CHANGED.replace(' ', "+").replace('{', "%7B").replace('}', "%7D");
    let head = ada.request(Method::HEAD, &format!("/graphql?query={query}"));
    let head = send(head.header("accept", "text/event-stream").header("x-requested-with", "test")).await;
    assert_eq!((head.status.as_u16(), head.header("mindflow-hold"), &*head.text()), (200, "", ""));
    assert!(!platform.log().contains("graphql-sse"), "the log has nothing of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_cannot_begin_is_one_error_and_complete() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    for query in
        ["subscription { nothing }", "subscription {", "subscription { entryChanged { entry { title(a: 1) } } }"]
    {
        let mut stream = ada.sse(query, json!({})).await;
        assert_eq!(stream.status, 200, "{query}");
        let (name, data) = stream.next().await.expect("an event");
        assert_eq!(
            (&*name, &data["errors"][0]["extensions"]["code"]),
            ("next", &json!("BAD_USER_INPUT")),
            "{query}: {data}"
        );
        assert_eq!(stream.next().await, Some(("complete".to_owned(), Value::Null)), "{query}");
        assert_eq!(stream.next().await, None, "{query}");
    }
}
