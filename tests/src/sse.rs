//! A reader of server-sent events: GraphQL over SSE, distinct connections mode.

use crate::WITHIN;
use futures::StreamExt;
use futures::stream::BoxStream;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value;

/// One stream of events.
pub struct Sse {
    pub status: StatusCode,
    pub content_type: String,
    /// Where a client goes on with `Last-Event-ID`.
    pub last_id: Option<String>,
    chunks: BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    pending: String,
}

impl Sse {
    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.timeout(WITHIN * 4).send().await.expect("an answer");
        let content_type =
            response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Self {
            status: response.status(),
            content_type,
            last_id: None,
            chunks: response.bytes_stream().boxed(),
            pending: String::new(),
        }
    }

    /// The next event's name and data, comments (keep-alives) left out; none when the stream has ended.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        tokio::time::timeout(WITHIN, self.wait()).await.expect("an event in time")
    }

    /// The same, however long it takes.
    pub async fn wait(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.pending.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.pending = rest;
                if let Some(id) = event.lines().find_map(|line| line.strip_prefix("id: ")) {
                    self.last_id = Some(id.to_owned());
                }
                if let Some(found) = parse(&event) {
                    return Some(found);
                }
            }
            let chunk = self.chunks.next().await?.expect("a chunk");
            self.pending.push_str(&String::from_utf8_lossy(&chunk).replace("\r\n", "\n"));
        }
    }
}

fn parse(event: &str) -> Option<(String, Value)> {
    let field = |name: &str| -> Vec<&str> {
        event
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(|value| value.strip_prefix(' ').unwrap_or(value))
            .collect()
    };
    let name = field("event").first().map(ToString::to_string)?;
    let data = field("data").join("\n");
    let data = if data.is_empty() { Value::Null } else { serde_json::from_str(&data).expect("JSON data") };
    Some((name, data))
}
