//! Goal: a client that sends everything before it reads the answer gets the answer. Method: requests over a bare
//! connection, far larger than what the system takes in for a reader that does not read.

use mindflow_tests::Platform;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MIB: usize = 1 << 20;

/// The status line of the answer to a body of so many bytes, asked for when all of it was sent.
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
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap_or_else(|error| panic!("{path}, {bytes} bytes: {error}"));
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_refused_body_is_read_before_the_connection_closes() {
    let platform = Platform::services().start().await;
    let form = "multipart/form-data; boundary=b";
    // The host refuses bodies over its limit; components refuse those over theirs, and requests without a token.
    assert_eq!(answered(&platform, "/media", form, 20 * MIB).await, "HTTP/1.1 413");
    assert_eq!(answered(&platform, "/media", form, 8 * MIB).await, "HTTP/1.1 401");
    assert_eq!(answered(&platform, "/graphql", "application/json", 8 * MIB).await, "HTTP/1.1 413");
    assert_eq!(answered(&platform, "/nothing/here", form, 8 * MIB).await, "HTTP/1.1 404");
}
