//! Goal: a client that sends everything before it reads the answer gets the answer. Method: requests over a bare
//! connection, far larger than what the system takes in for a reader that does not read.

use mindflow_tests::Platform;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MIB: usize = 1 << 20;

/// The answer to a body of so many bytes, asked for when all of it was sent.
async fn answered(platform: &Platform, path: &str, content_type: &str, bytes: usize) -> String {
    let address = platform.http().url("").trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {content_type}\r\nContent-Length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = vec![b' '; MIB];
    for _ in 0..bytes / MIB {
        stream.write_all(&piece).await.unwrap_or_else(|error| panic!("{path}, {bytes} bytes: {error}"));
    }
    let mut answer = Vec::new();
    while !is_whole(&String::from_utf8_lossy(&answer)) {
        let read = stream.read_buf(&mut answer).await.unwrap_or_else(|error| panic!("{path}, {bytes} bytes: {error}"));
        assert!(read > 0, "{path}, {bytes} bytes: the answer broke off: {}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8(answer).unwrap()
}

/// Whether it has all bytes that its head announces.
fn is_whole(answer: &str) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}

fn status(answer: &str) -> &str {
    answer.get(..12).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_refused_body_is_read_before_the_connection_closes() {
    let platform = Platform::services().start().await;
    let form = "multipart/form-data; boundary=b";
    // The host refuses bodies over its limit; components refuse those over theirs, and requests without a token.
    for (path, content_type, mib, expected) in [
        ("/media", form, 20, "HTTP/1.1 413"),
        ("/media", form, 8, "HTTP/1.1 401"),
        ("/nothing/here", form, 8, "HTTP/1.1 404"),
        ("/api/journals", "application/json", 20, "HTTP/1.1 413"),
    ] {
        let answer = answered(&platform, path, content_type, mib * MIB).await;
        assert_eq!(status(&answer), expected, "{path}, {mib} MiB: {answer}");
    }
    // Clients of GraphQL read its errors alone, however large the body is.
    for mib in [2, 8, 20] {
        let answer = answered(&platform, "/graphql", "application/json", mib * MIB).await;
        assert_eq!(status(&answer), "HTTP/1.1 413", "{mib} MiB: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer}"));
        let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
        let extensions = &body["errors"][0]["extensions"];
        assert_eq!((&extensions["code"], &extensions["rule"]), (&json!("BAD_USER_INPUT"), &json!("too-long")));
        assert_eq!(extensions["params"], json!({ "max": 1_310_720, "actual": mib * MIB, "unit": "bytes" }));
    }
}
