//! Goal: a client that is slow, silent or does not read takes nothing from others. Method: bare connections that stop
//! where it hurts most, beside an honest user, with the configuration as it is shipped; only time limits are shorter
//! here, where a story says so.

use super::door_kit::{Honest, closed, connect, gateway_calls, head, sent};
use bytes::Bytes;
use futures::{StreamExt, stream};
use mindflow_tests::{Account, Platform, eventually};
use serde_json::json;
use tokio::net::TcpStream;

/// RFC 9113 §3.4.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

fn post(announced: usize, headers: &str) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: mindflow\r\nContent-Type: application/json\r\nContent-Length: {announced}\r\n{headers}\r\n"
    )
}

/// An upload of which all but the last bytes have come: more than the host reads before it calls a component.
fn unfinished_upload(attacker: &Account) -> Vec<u8> {
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 300_000]].concat();
    let head = format!(
        "POST /media HTTP/1.1\r\nHost: mindflow\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        part.len() + picture.len() + 100,
        attacker.token
    );
    [head.as_bytes(), part.as_bytes(), &picture].concat()
}

/// How often calls of the component ended in this way.
async fn outcomes(platform: &Platform, component: &str, outcome: &str) -> u64 {
    let metrics = platform.http().get("/metrics").await.expect(200).text();
    let name = format!("mindflow_component_calls_total{{component=\"{component}\",outcome=\"{outcome}\"}} ");
    metrics.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_come_are_their_clients_failure_and_not_the_components() {
    let platform = Platform::services().config("[http]\nbody-idle-ms = 1000").start().await;
    let attacker = platform.register().await;
    let honest = Honest::begin(&platform).await;
    let mut attackers = Vec::new();
    for _ in 0..6 {
        attackers.push(sent(&platform, post(100, "").as_bytes()).await);
        attackers.push(sent(&platform, &unfinished_upload(&attacker)).await);
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

/// As many streams as the host lets it open at a time, of 800, each of which asks and reads nothing.
async fn open_unread_streams(socket: TcpStream) -> Vec<h2::client::ResponseFuture> {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(0);
    let (client, connection) = builder.handshake::<_, Bytes>(socket).await.expect("a handshake");
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for _ in 0..800 {
        let request = http::Request::post("http://mindflow/graphql").header("content-type", "application/json");
        // What waits for a stream to open waits on its own.
        let Ok(mut ready) = client.clone().ready().await else { break };
        let Ok((answer, mut body)) = ready.send_request(request.body(()).expect("a request"), false) else { break };
        body.send_data(Bytes::from_static(b"{\"query\":\"{ __typename }\"}"), true).expect("a body");
        answers.push(answer);
        if answers.len() >= client.current_max_send_streams() {
            break;
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_read_take_no_calls_and_are_ended() {
    let platform = Platform::services().config("[http]\nresponse-idle-ms = 2000").start().await;
    let honest = Honest::begin(&platform).await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.extend(open_unread_streams(connect(&platform).await).await);
    }
    assert!(streams.len() >= 100, "{} streams are open", streams.len());
    let mut ended = 0;
    for stream in streams {
        // The head comes, and the host resets the stream when nothing of its body was taken.
        let Ok(answer) = stream.await else { continue };
        let mut body = answer.into_body();
        let first = tokio::time::timeout(mindflow_tests::WITHIN, body.data()).await.expect("an end in time");
        assert!(first.is_none_or(|part| part.is_err()), "nothing can come through a window of 0");
        ended += 1;
    }
    assert!(ended >= 100, "{ended} streams had an answer and were ended");
    let platform = &platform;
    eventually("no call is left", async || (gateway_calls(platform).await == 0).then_some(())).await;
    honest.was_served(platform).await;
}

/// The status of a subscription by server-sent events, and its connection.
async fn subscribe(platform: &Platform, attacker: &Account) -> (u16, String, TcpStream) {
    let body = json!({ "query": "subscription { entryChanged { kind } }" }).to_string();
    let headers = format!("Accept: text/event-stream\r\nAuthorization: Bearer {}\r\n", attacker.token);
    let mut stream = sent(platform, format!("{}{body}", post(body.len(), &headers)).as_bytes()).await;
    let (status, head) = head(&mut stream).await;
    (status, head, stream)
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
    let attacker = platform.register().await;
    let honest = Honest::begin(&platform).await;
    let opened: Vec<_> =
        stream::iter(0..516).map(|_| subscribe(&platform, &attacker)).buffer_unordered(16).collect().await;
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
    let builder = h2::client::Builder::new();
    let (client, connection) = builder.handshake::<_, Bytes>(connect(&platform).await).await.expect("a handshake");
    let connection = tokio::spawn(connection);
    let flood = async {
        // Each is opened and reset, as in CVE-2023-44487.
        while let Ok(mut ready) = client.clone().ready().await {
            let request = http::Request::get("http://mindflow/auth/sessions").body(()).expect("a request");
            let Ok((answer, _)) = ready.send_request(request, true) else { break };
            drop(answer);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(mindflow_tests::WITHIN, flood).await.expect("the host ends the flood");
    drop(client);
    let _ = connection.await;
    honest.was_served(&platform).await;
}
