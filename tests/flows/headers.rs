//! Goal: what HTTP says of a request's head holds on every path, so that nothing before the host reads it otherwise. Method: heads
//! over bare connections, and clients' libraries as they are.

use mindflow_tests::attacker::head;
use mindflow_tests::{Account, GraphqlSocket, Platform, WITHIN, send};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The status of the answer to this head, and its lines in lower case.
async fn answered(platform: &Platform, request: &str) -> (u16, String) {
    let address = platform.http().url("").trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("the host listens");
    stream.write_all(request.replace('\n', "\r\n").as_bytes()).await.expect("it is sent");
    head(&mut stream).await.expect("an answer")
}

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\n";
const PROTOCOL: &str = "Sec-WebSocket-Protocol: a\nSec-WebSocket-Protocol: graphql-transport-ws\n";

fn handshake(line: &str, fields: &[&str]) -> String {
    format!("{line}\nHost: h\nConnection: keep-alive\nConnection: Upgrade\nUpgrade: websocket\n{}\n", fields.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_read_as_their_standards_say_on_every_path() {
    let platform = Platform::services().start().await;
    for path in ["/health/live", "/health/ready", "/metrics", "/graphql", "/media/x", "/nothing/here"] {
        for hosts in ["", "Host: a\nHost: a\n", "Host: a b\n", "Host:\n", "Host: a:port\n"] {
            let (status, answer) = answered(&platform, &format!("GET {path} HTTP/1.1\n{hosts}\n")).await;
            assert_eq!(status, 400, "{path} {hosts:?}: {answer}");
        }
    }
    assert_eq!(answered(&platform, "GET /health/live HTTP/1.0\n\n").await.0, 200);
    over_http2_a_host_is_that_of_the_authority(&platform).await;
    for path in ["/health/live", "/health/ready", "/health/startup", "/metrics"] {
        let (status, answer) =
            answered(&platform, &format!("POST {path} HTTP/1.1\nHost: h\nContent-Length: 0\n\n")).await;
        assert!(status == 405 && answer.contains("allow: get, head"), "{path}: {answer}");
    }

    let get = "GET /graphql HTTP/1.1";
    for (request, status) in [
        (handshake(get, &[KEY, VERSION, PROTOCOL]), 101),
        (handshake(get, &[KEY, "Sec-WebSocket-Version: 8\n", PROTOCOL]), 426),
        (handshake(get, &[KEY, PROTOCOL]), 400),
        (handshake(get, &[VERSION, PROTOCOL]), 400),
        (handshake(get, &["Sec-WebSocket-Key: c2hvcnQ=\n", VERSION, PROTOCOL]), 400),
        (handshake("POST /graphql HTTP/1.1", &[KEY, VERSION, PROTOCOL]), 400),
        (handshake(get, &[KEY, VERSION, PROTOCOL, "Content-Length: 0\n"]), 101),
        (handshake(get, &[KEY, VERSION, PROTOCOL, "Content-Length: 4\n"]) + "ping", 400),
        (handshake(get, &[KEY, VERSION, PROTOCOL, "Transfer-Encoding: chunked\n"]) + "0\n\n", 400),
        // No upgrade, but a request that says nothing.
        (handshake("GET /graphql HTTP/1.0", &[KEY, VERSION, PROTOCOL]), 400),
    ] {
        let (answer_status, answer) = answered(&platform, &request).await;
        assert_eq!(answer_status, status, "{request}: {answer}");
        let names_version = answer.contains("sec-websocket-version: 13");
        assert_eq!(names_version, status != 101 && !request.contains("HTTP/1.0"), "{request}: {answer}");
    }
    requests_end_where_one_reading_says(&platform).await;
    closes_are_answered(&platform).await;
    clients_of_graphql_need_no_header_of_their_own(&platform).await;
}

async fn over_http2_a_host_is_that_of_the_authority(platform: &Platform) {
    let address = platform.http().url("").trim_start_matches("http://").to_owned();
    let stream = TcpStream::connect(&address).await.expect("the host listens");
    let (mut client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    for path in ["/health/live", "/metrics", "/graphql", "/media/x", "/nothing/here"] {
        for (host, is_refused) in [("b", true), ("a", false)] {
            let request = http::Request::get(format!("http://a{path}")).version(http::Version::HTTP_2);
            let request = request.header("host", host).body(()).expect("a request");
            client = client.ready().await.expect("it goes on");
            let (response, _) = client.send_request(request, true).expect("it is sent");
            let status = response.await.expect("an answer").status();
            // The gateway answers 400 as well, to what says nothing.
            assert!((status == 400) == is_refused || path == "/graphql", "{path}, {host}: {status}");
        }
    }
}

/// What a proxy may read in another way is refused, and where `chunked` and a length are both there, `chunked` rules (RFC 9112 §6.3): what
/// one request carries is never the next one.
async fn requests_end_where_one_reading_says(platform: &Platform) {
    for fields in [
        "Content-Length: 5\nContent-Length: 6\n",
        "Content-Length: +5\n",
        "Content-Length : 5\n",
        "Transfer-Encoding: chunked, identity\n",
        "Transfer-Encoding: xchunked\n",
        "X-Folded: a\n b\n",
    ] {
        let (status, answer) = answered(platform, &format!("POST /nothing HTTP/1.1\nHost: h\n{fields}\n")).await;
        assert_eq!(status, 400, "{fields}: {answer}");
    }
    let old = "POST /nothing HTTP/1.0\nTransfer-Encoding: chunked\n\n0\n\n";
    assert_eq!(answered(platform, old).await.0, 400);

    let carried = "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";
    for both in ["Content-Length: 4\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 4"] {
        let first =
            format!("POST /nothing HTTP/1.1\r\nHost: h\r\n{both}\r\n\r\n{:x}\r\n{carried}\r\n0\r\n\r\n", carried.len());
        let request = first + "GET /health/live HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        let address = platform.http().url("").trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&address).await.expect("the host listens");
        stream.write_all(request.as_bytes()).await.expect("it is sent");
        let mut answers = Vec::new();
        let _ = timeout(WITHIN, stream.read_to_end(&mut answers)).await.expect("an end in time");
        let answers = String::from_utf8_lossy(&answers);
        assert!(answers.starts_with("HTTP/1.1 404 ") && !answers.contains("# TYPE"), "{answers}");
    }
}

/// With the codes that say what was wrong.
async fn closes_are_answered(platform: &Platform) {
    let ada = platform.register().await;
    let mut socket = ada.socket().await;
    assert_eq!(socket.close(1_000).await, 1_000);
    let mut pipelined = ada.socket().await;
    for number in 0..300 {
        pipelined.send(&json!({ "type": "ping", "payload": { "number": number } })).await;
    }
    assert_eq!(pipelined.close(4_001).await, 4_001);
    let mut large = ada.socket().await;
    large.send(&json!({ "type": "ping", "payload": { "large": "x".repeat(4 << 20) } })).await;
    assert_eq!(large.closed().await, 1_009);
    // As many answers as messages, also to a client that sends all of them before it reads.
    let mut many = ada.socket().await;
    for _ in 0..300 {
        many.subscribe("{ __typename }", json!({})).await;
    }
    let mut ended = BTreeSet::new();
    while ended.len() < 300 {
        let message = many.message().await;
        // Of more than fifty at the same time, the others are refused.
        assert!(message["type"] == "next" || ended.insert(message["id"].to_string()), "twice: {message}");
    }
    let mut eager = GraphqlSocket::connect(platform.http(), None).await;
    for number in 0..300 {
        eager.send(&json!({ "type": "ping", "payload": { "number": number } })).await;
    }
    for number in 0..300 {
        assert_eq!(eager.message().await["payload"]["number"], number);
    }
}

async fn clients_of_graphql_need_no_header_of_their_own(platform: &Platform) {
    let ada: Account = platform.register().await;
    let query = "/graphql?query=%7B__typename%7D";
    send(platform.http().request(Method::GET, query)).await.expect(400);
    send(ada.request(Method::GET, query)).await.expect(200);
    send(platform.http().request(Method::GET, query).header("content-type", "application/json")).await.expect(200);
    // A list on several lines.
    let events = ada.request(Method::GET, query).header("accept", "image/png").header("accept", "text/event-stream");
    assert!(send(events).await.header("content-type").starts_with("text/event-stream"));
    let entry = ada.write(json!({ "title": "t", "content": "c" })).await;
    let path = format!("/api/journals/{}", entry["id"].as_str().expect("an id"));
    let tag = ada.get(&path).await.expect(200).header("etag").to_owned();
    let again = ada.request(Method::GET, &path).header("if-none-match", "\"other\"").header("if-none-match", tag);
    send(again).await.expect(304);
}
