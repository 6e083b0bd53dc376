//! Goal: a client that is slow, silent or does not read takes nothing from others. Method: bare connections that stop
//! where it hurts most, and an honest user, with the configuration as it is shipped; only time limits are shorter
//! here, where a story says so.

use super::door_kit::{Honest, closed, connect, gateway_calls, head, metric, sent};
use futures::{SinkExt, StreamExt, stream};
use mindflow_tests::attacker::{
    self, Attacker, PREFACE, SETTINGS, open_unread_streams, post, reset_streams, unfinished_upload,
};
use mindflow_tests::{Platform, WITHIN, eventually};
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

/// More than the host reads of a body before it calls a component.
const AHEAD: usize = 300_000;

/// How often calls of the component ended in this way.
async fn outcomes(platform: &Platform, component: &str, outcome: &str) -> u64 {
    metric(platform, &format!("mindflow_component_calls_total{{component=\"{component}\",outcome=\"{outcome}\"}}"))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_come_are_their_clients_failure_and_not_the_components() {
    let platform = Platform::services().config("[http]\nbody-idle-ms = 1000").start().await;
    let attacker = platform.register().await;
    let honest = Honest::begin(&platform).await;
    let mut attackers = Vec::new();
    for _ in 0..6 {
        attackers.push(sent(&platform, post(100, "").as_bytes()).await);
        attackers.push(sent(&platform, &unfinished_upload(&attacker.token, AHEAD)).await);
    }
    for attacker in &mut attackers {
        let (status, head) = head(attacker).await;
        assert_eq!(status, 408, "{head}");
        assert!(head.contains("application/problem+json") && head.contains("connection: close"), "{head}");
    }
    honest.was_served(&platform).await;
    for component in ["gateway", "media"] {
        for outcome in ["deadline", "trapped"] {
            assert_eq!(outcomes(&platform, component, outcome).await, 0, "{component} {outcome}");
        }
    }
}

/// Sends one byte after another until there is an answer: its status.
async fn drip(platform: &Platform, begun: &[u8]) -> u16 {
    let (mut answer, mut body) = sent(platform, begun).await.into_split();
    let dripping = async {
        while body.write_all(b" ").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
        std::future::pending().await
    };
    tokio::select! {
        answered = timeout(WITHIN, attacker::head(&mut answer)) => answered.expect("a head in time").expect("a head").0,
        () = dripping => unreachable!("it only waits"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_come_a_byte_at_a_time_end_with_the_time_for_a_body() {
    // However busy the machine is, a byte comes more often than the first of these.
    let limits = "[http]\nbody-idle-ms = 60000\nbody-timeout-ms = 2000";
    let platform = Platform::services().config(limits).start().await;
    let attacker = platform.register().await;
    let honest = Honest::begin(&platform).await;
    let (operation, upload) = (post(100_000, ""), unfinished_upload(&attacker.token, AHEAD));
    let drips = (0..12).map(|number| match number % 2 {
        0 => drip(&platform, operation.as_bytes()),
        // All but the last hundred bytes are there, so these must not come too soon.
        _ => drip(&platform, &upload),
    });
    for status in futures::future::join_all(drips).await {
        assert_eq!(status, 408);
    }
    honest.was_served(&platform).await;
    for component in ["gateway", "media"] {
        for outcome in ["deadline", "trapped"] {
            assert_eq!(outcomes(&platform, component, outcome).await, 0, "{component} {outcome}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_read_take_no_calls_and_are_ended() {
    let platform = Platform::services().config("[http]\nresponse-idle-ms = 2000").start().await;
    let honest = Honest::begin(&platform).await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.extend(open_unread_streams(connect(&platform).await).await.expect("a handshake"));
    }
    assert!(streams.len() >= 100, "{} streams are open", streams.len());
    let mut ended = 0;
    for stream in streams {
        // The head comes, and the host resets the stream when nothing of its body was taken.
        let Ok(answer) = stream.await else { continue };
        let mut body = answer.into_body();
        let first = timeout(WITHIN, body.data()).await.expect("an end in time");
        assert!(first.is_none_or(|part| part.is_err()), "nothing can come through a window of 0");
        ended += 1;
    }
    assert!(ended >= 100, "{ended} streams had an answer and were ended");
    let platform = &platform;
    eventually("no call is left", async || (gateway_calls(platform).await == 0).then_some(())).await;
    honest.was_served(platform).await;
}

/// Whether its subscription goes on: one that failed has ended, and its place is another's.
fn is_open(stream: &TcpStream) -> bool {
    let mut events = vec![0; 64 << 10];
    match stream.try_read(&mut events) {
        Ok(count) => count > 0 && !String::from_utf8_lossy(&events[..count]).contains("complete"),
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_event_streams_take_no_calls_and_one_address_has_so_many() {
    let platform = Platform::services().start().await;
    // One user has fewer than an address may have.
    let attackers = futures::future::join_all((0..6).map(|_| platform.register())).await;
    let honest = Honest::begin(&platform).await;
    let client = &Attacker::new(platform.http());
    let tokens = attackers.iter().map(|attacker| attacker.token.as_str()).cycle();
    let opened = stream::iter(tokens.take(516)).map(|token| timeout(WITHIN, client.subscribe(token)));
    let opened = opened.buffer_unordered(16).map(|answer| answer.expect("an answer in time").expect("an answer"));
    let opened: Vec<_> = opened.collect().await;
    let (taken, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(|(status, _, _)| *status == 200);
    let open = taken.iter().filter(|(_, _, stream)| is_open(stream)).count();
    assert!(open > 0 && open <= 256, "{open} streams of one address");
    assert!(!refused.is_empty());
    for (status, head, _) in &refused {
        assert!(matches!(status, 429 | 503), "{head}");
        assert!(head.contains("retry-after: ") && head.contains("application/problem+json"), "{head}");
    }
    let platform = &platform;
    eventually("no call is taken", async || (gateway_calls(platform).await == 0).then_some(())).await;
    // Another address has streams of its own.
    let ada = platform.register().await;
    let mut events = ada.sse("subscription { entryChanged { kind } }", json!({})).await;
    ada.write(json!({ "title": "One", "content": "c" })).await;
    assert_eq!(events.next().await.expect("an event").1["data"]["entryChanged"]["kind"], "CREATED");
    honest.was_served(platform).await;
}

/// A WebSocket without a user: its `connection_init` is empty, and was acknowledged.
async fn anonymous_socket(client: &Attacker) -> WebSocketStream<TcpStream> {
    let mut socket = client.websocket().await.expect("a WebSocket");
    let init = json!({ "type": "connection_init", "payload": {} });
    socket.send(Message::text(init.to_string())).await.expect("it is sent");
    let answer = socket.next().await.expect("an answer").expect("a message");
    assert!(answer.to_text().expect("text").contains("connection_ack"), "{answer}");
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_anonymous_websockets_take_no_calls_and_others_have_theirs() {
    let platform = Platform::services().start().await;
    let honest = Honest::begin(&platform).await;
    let client = &Attacker::new(platform.http());
    let opened = stream::iter(0..516).map(|_| timeout(WITHIN, anonymous_socket(client)));
    let opened = opened.buffer_unordered(16).map(|socket| socket.expect("an answer in time"));
    let sockets: Vec<_> = opened.collect().await;
    let platform = &platform;
    eventually("no call is taken", async || (gateway_calls(platform).await == 0).then_some(())).await;
    let ada = platform.register().await;
    let mut socket = ada.socket().await;
    let id = socket.subscribe("{ me { id } }", json!({})).await;
    assert_eq!(socket.next(&id).await["me"]["id"], ada.id);
    honest.was_served(platform).await;
    drop(sockets);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_say_nothing_are_closed() {
    let platform = Platform::services().config("[http]\nheader-timeout-ms = 1000").start().await;
    let honest = Honest::begin(&platform).await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(connect(&platform).await);
        silent.push(sent(&platform, PREFACE).await);
        silent.push(sent(&platform, &[PREFACE, SETTINGS].concat()).await);
        silent.push(sent(&platform, b"GET / HTTP/1.1\r\nHost: mind").await);
    }
    futures::future::join_all(silent.into_iter().map(closed)).await;
    honest.was_served(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_limit_of_connections_those_without_a_request_make_room() {
    let platform = Platform::services().config("[http]\nconnections-max = 40").start().await;
    let honest = Honest::begin(&platform).await;
    let mut silent = Vec::new();
    for _ in 0..120 {
        silent.push(connect(&platform).await);
    }
    honest.goes_on(10).await;
    honest.was_served(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_connections_and_the_next_is_closed() {
    let platform = Platform::services().config("[http]\nconnections-per-address-max = 10").start().await;
    let honest = Honest::begin(&platform).await;
    let mut within = Vec::new();
    for _ in 0..10 {
        within.push(connect(&platform).await);
    }
    closed(connect(&platform).await).await;
    honest.was_served(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_resets_its_streams_in_a_flood_is_disconnected() {
    let platform = Platform::services().start().await;
    let honest = Honest::begin(&platform).await;
    let flood = reset_streams(connect(&platform).await);
    timeout(WITHIN, flood).await.expect("the host ends the flood");
    honest.was_served(&platform).await;
}
