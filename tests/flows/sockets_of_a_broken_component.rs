//! Goal: a component that does anything wrong to its connections harms one of them at most.
//! Method: a test guest in the gateway's place, whose clients say what it does, over WebSockets and event streams.

use crate::trouble_kit::{grants, guest, manifest, run, state};
use mindflow_tests::{GraphqlSocket, Platform, Received, Sse, eventually, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;

/// The guest as the gateway, which may use the topics `test:…` alone.
async fn with_the_guest() -> Platform {
    with_the_guest_and("").await
}

async fn with_the_guest_and(config: &str) -> Platform {
    let change = |table: &mut toml::Table| {
        run(table, "gateway", guest("sockets"));
        let gateway = grants(table, "gateway");
        let realtime: toml::Table = "publish = [\"test:*\"]\nsubscribe = [\"test:*\"]".parse().expect("a grant");
        gateway.insert("realtime".to_owned(), realtime.into());
        let limits = "max = 2\nconcurrency = 8\nmemory-mib-max = 64\ndeadline-ms = 5000";
        gateway.insert("instances".to_owned(), limits.parse::<toml::Table>().expect("limits").into());
    };
    Platform::services().config(config).manifest(manifest(change)).start().await
}

fn saying(platform: &Platform, what: &str) -> RequestBuilder {
    platform.http().request(Method::POST, "/graphql").header("accept", "text/event-stream").header("x-say", what)
}

/// An event stream whose request said so.
async fn stream(platform: &Platform, what: &str) -> Sse {
    let stream = Sse::open(saying(platform, what)).await;
    assert_eq!(stream.status, 200);
    stream
}

async fn streams(stream: &mut Sse, what: &str) {
    assert_eq!(stream.next().await, Some(("next".to_owned(), json!(what))));
}

/// Waits until each stream has this item of a topic.
async fn presented(streams: &mut [&mut Sse], item: u32) {
    for stream in streams {
        while stream.next().await.expect("the stream goes on").1 != format!("item {item}") {}
    }
}

async fn open(platform: &Platform) -> GraphqlSocket {
    GraphqlSocket::open(platform.http()).await
}

async fn say(socket: &mut GraphqlSocket, what: &str) {
    socket.send(&json!(what)).await;
}

async fn hears(socket: &mut GraphqlSocket, what: &str) {
    assert_eq!(socket.message().await, json!(what));
}

/// The number of an item of a topic, if the message is one.
fn item(message: &Value) -> Option<u32> {
    message.as_str()?.strip_prefix("item ")?.parse().ok()
}

/// Subscribes, and publishes until something is heard: a subscription begins some time after it was asked for.
async fn subscribed(socket: &mut GraphqlSocket, topic: &str) {
    say(socket, &format!("subscribe {topic}")).await;
    let mut is_heard = false;
    while !is_heard {
        say(socket, &format!("publish {topic} 1")).await;
        loop {
            let message = socket.message().await;
            is_heard |= item(&message).is_some();
            if message.to_string().contains("finished") {
                break;
            }
        }
    }
}

/// Further items of a topic, up to this one.
async fn items_until(socket: &mut GraphqlSocket, last: u32) -> Vec<u32> {
    let mut items = Vec::new();
    while items.last() != Some(&last) {
        items.extend(item(&socket.message().await));
    }
    items
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_component_knows_of_a_connection_is_kept_between_its_messages() {
    let platform = with_the_guest().await;
    let (mut one, mut other) = (open(&platform).await, open(&platform).await);
    for count in 1..=3 {
        say(&mut one, "count").await;
        hears(&mut one, &count.to_string()).await;
    }
    say(&mut other, "count").await;
    hears(&mut other, "1").await;
    let platform = &platform;
    eventually("no call is left", || async move { (state(platform, "gateway").await["calls"] == 0).then_some(()) })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_traps_fails_and_neither_its_own_connection_nor_another_is_closed() {
    let platform = with_the_guest().await;
    let (mut one, mut other) = (open(&platform).await, open(&platform).await);
    subscribed(&mut other, "test:a").await;
    for word in ["trap", "memory"] {
        say(&mut one, word).await;
        let answer = one.message().await.to_string();
        assert!(answer.contains("failed task") && answer.contains("Unavailable"), "{answer}");
    }
    say(&mut one, "count").await;
    hears(&mut one, "3").await;
    say(&mut one, "publish test:a 2").await;
    hears(&mut one, "finished task 4").await;
    items_until(&mut other, 1).await;
    // A step that traps twice closes its own connection.
    say(&mut one, "panic").await;
    assert_eq!(one.closed().await, 1013);
    say(&mut other, "stop test:a").await;
    say(&mut other, "count").await;
    let count = other.message().await;
    assert!(count.as_str().is_some_and(|count| count.parse::<u8>().is_ok()), "{count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_items_of_a_topic_are_presented_in_their_order_though_later_ones_take_less_time() {
    let platform = with_the_guest().await;
    let mut socket = open(&platform).await;
    subscribed(&mut socket, "test:order").await;
    say(&mut socket, "publish test:order 20").await;
    let items = items_until(&mut socket, 19).await;
    assert!(items.ends_with(&(0..20).collect::<Vec<_>>()), "{items:?}");

    say(&mut socket, "stop test:order").await;
    say(&mut socket, "publish test:order 3").await;
    say(&mut socket, "say done").await;
    loop {
        let message = socket.message().await;
        assert_eq!(item(&message), None);
        if message == "done" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_hears_of_no_topic_that_the_manifest_does_not_grant() {
    let platform = with_the_guest().await;
    let mut socket = open(&platform).await;
    for topic in ["user:1", "test", "*"] {
        say(&mut socket, &format!("subscribe {topic}")).await;
        hears(&mut socket, &format!("failed {topic} Failure::Denied")).await;
    }
    assert!(platform.log().contains("`gateway` may not subscribe to topic `user:1`"));
    say(&mut socket, "publish user:1 1").await;
    assert!(socket.message().await.to_string().contains("may not publish to topic `user:1`"));
    hears(&mut socket, "finished task 4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_too_large_closes_its_connection() {
    let platform = with_the_guest().await;
    let mut socket = open(&platform).await;
    say(&mut socket, &format!("grow {}", 64 * 1024)).await;
    say(&mut socket, "count").await;
    assert!(matches!(socket.receive().await, Received::Message(Value::String(_))));
    say(&mut socket, &format!("grow {}", 64 * 1024 + 1)).await;
    assert_eq!(socket.closed().await, 1009);
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_beyond_the_bounds_are_refused_and_a_task_that_is_not_understood_fails() {
    let platform = with_the_guest().await;
    let mut large = open(&platform).await;
    say(&mut large, &format!("work {}", (2 << 20) + 1)).await;
    hears(&mut large, "failed task 1 Failure::Refused").await;
    say(&mut large, "confuse").await;
    hears(&mut large, "failed task 2 Failure::NotUnderstood").await;
    let mut many = open(&platform).await;
    say(&mut many, "tasks 65").await;
    hears(&mut many, "failed 64 Failure::Refused").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_runs_out_once_and_can_be_cleared_and_a_component_closes_as_it_says() {
    let platform = with_the_guest().await;
    let mut socket = open(&platform).await;
    say(&mut socket, "timer 10").await;
    hears(&mut socket, "timer").await;
    say(&mut socket, "timer 3600000").await;
    say(&mut socket, "timer 20").await;
    hears(&mut socket, "timer").await;
    say(&mut socket, "timer 200").await;
    say(&mut socket, "clear").await;
    // On a busy machine it can run out before it is cleared, but not after.
    if socket.message().await == json!("timer") {
        hears(&mut socket, "cleared").await;
    } else {
        say(&mut socket, "wait 400").await;
        hears(&mut socket, "finished task 6").await;
    }
    say(&mut socket, "close 4123").await;
    assert_eq!(socket.closed().await, 4123);
    let mut forbidden = open(&platform).await;
    say(&mut forbidden, "close 1006").await;
    assert_eq!(forbidden.closed().await, 1011);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_makes_only_its_own_connection_wait() {
    let platform = with_the_guest().await;
    let (mut slow, mut quick) = (open(&platform).await, open(&platform).await);
    // More than the kernel's buffers and the host's together.
    for _ in 0..24 {
        say(&mut slow, "shout 10").await;
    }
    for count in 1..=5 {
        say(&mut quick, "count").await;
        hears(&mut quick, &count.to_string()).await;
    }
    let platform = &platform;
    eventually("no call waits for the client", || async move {
        (state(platform, "gateway").await["calls"] == 0).then_some(())
    })
    .await;
    // What it was sent is there when it reads.
    let mut shouts = 0;
    while shouts < 24 * 10 {
        let message = slow.message().await;
        shouts += usize::from(message.as_str().is_some_and(|text| text.starts_with("xx")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_is_kept_as_a_socket_is_and_says_what_its_component_says() {
    let platform = with_the_guest().await;
    streams(&mut stream(&platform, "count").await, "1").await;
    streams(&mut stream(&platform, "timer 10").await, "timer").await;
    streams(&mut stream(&platform, "subscribe user:1").await, "failed user:1 Failure::Denied").await;
    streams(&mut stream(&platform, "trap").await, "failed task 1 Failure::Unavailable").await;
    // One that ends as it begins is no stream.
    send(saying(&platform, "close 4123")).await.expect_problem(503, "unavailable");
    send(saying(&platform, "close 4429")).await.expect_problem(429, "too-many-requests");
    send(saying(&platform, "panic")).await.expect_problem(503, "unavailable");
    // What is no event stream for the client, is none that is kept.
    let unasked = platform.http().request(Method::POST, "/graphql").header("x-anyway", "yes");
    let unasked = send(unasked).await;
    unasked.expect_problem(500, "internal");
    assert_eq!(unasked.header("mindflow-hold"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn traps_that_end_the_instances_of_a_component_end_none_of_its_event_streams() {
    let platform = with_the_guest().await;
    let (mut one, mut other) =
        (stream(&platform, "subscribe test:a").await, stream(&platform, "subscribe test:a").await);
    let mut socket = open(&platform).await;
    let publish = async |socket: &mut GraphqlSocket, items: u32, number: u32| {
        say(socket, &format!("publish test:a {items}")).await;
        hears(socket, &format!("finished task {number}")).await;
    };
    // A subscription begins some time after its stream.
    let mut number = 0;
    for stream in [&mut one, &mut other] {
        let mut is_heard = false;
        while !is_heard {
            number += 1;
            publish(&mut socket, 1, number).await;
            let heard = tokio::time::timeout(Duration::from_millis(500), stream.next()).await;
            is_heard = heard.is_ok_and(|event| event.is_some_and(|(_, data)| data == "item 0"));
        }
    }
    // A presentation that two traps meet fails: all that waits is presented before.
    number += 1;
    publish(&mut socket, 2, number).await;
    presented(&mut [&mut one, &mut other], 1).await;
    for word in ["trap", "memory"] {
        say(&mut socket, word).await;
        number += 1;
        hears(&mut socket, &format!("failed task {number} Failure::Unavailable")).await;
    }
    publish(&mut socket, 5, number + 1).await;
    presented(&mut [&mut one, &mut other], 4).await;
    let platform = &platform;
    eventually("no call is left", || async move { (state(platform, "gateway").await["calls"] == 0).then_some(()) })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_that_is_not_read_waits_alone_and_the_door_ends_it() {
    let platform = with_the_guest_and("[http]\nresponse-idle-ms = 2000").await;
    // More than the kernel's buffers and the host's together.
    let unread = saying(&platform, "shout 80").send().await.expect("an answer");
    let mut quick = open(&platform).await;
    for count in 1..=5 {
        say(&mut quick, "count").await;
        hears(&mut quick, &count.to_string()).await;
    }
    let platform = &platform;
    eventually("no call waits for the client, and it is disconnected", || async move {
        let metrics = platform.http().get("/metrics").await.text();
        let is_ended = metrics.contains("mindflow_http_closed_total{reason=\"unread\"} 1");
        (is_ended && state(platform, "gateway").await["calls"] == 0).then_some(())
    })
    .await;
    drop(unread);
}
