//! A stand-in for the Claude API on a real socket, for tests of what depends on it.
//!
//! As strict as the real one about the protocol, so that a request that passes here would pass there, and
//! scriptable: each well-formed request takes the next [`Behaviour`] of the queue, or a plausible answer that
//! depends on the entry when none is queued.

mod protocol;

pub use protocol::INVENTED_QUOTE;

use anyhow::Context as _;
use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    header,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

/// As the real API has it.
const REQUEST_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What the API does with one well-formed request.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// A plausible analysis of the entry.
    Answer,
    /// This text as the model's answer, structured or not.
    Text(String),
    /// The model declines: `stop_reason` is `refusal`.
    Refusal,
    /// The answer is cut: `stop_reason` is `max_tokens`.
    MaxTokens,
    /// An error in the API's own shape.
    Error { status: u16, kind: &'static str, retry_after: Option<String> },
    /// Status 200 and a body that is no JSON.
    Garbage,
    /// The other behaviour, once this says so.
    Held(watch::Receiver<bool>, Box<Behaviour>),
    /// No answer at all, until the client gives up.
    Hang,
    /// The head and half of the body, then the connection is closed.
    CloseMidBody,
}

impl Behaviour {
    /// A given analysis, as JSON.
    pub fn analysis(analysis: &Value) -> Self {
        Self::Text(analysis.to_string())
    }

    /// Of an answer that comes when `true` is sent.
    pub fn held(self) -> (watch::Sender<bool>, Self) {
        let (open, opened) = watch::channel(false);
        (open, Self::Held(opened, Box::new(self)))
    }

    /// 429. `retry_after`: seconds, or a date.
    pub fn rate_limited(retry_after: impl Into<String>) -> Self {
        Self::Error { status: 429, kind: "rate_limit_error", retry_after: Some(retry_after.into()) }
    }

    /// 529, with or without a `Retry-After`.
    pub fn overloaded(retry_after: Option<&str>) -> Self {
        Self::Error { status: 529, kind: "overloaded_error", retry_after: retry_after.map(str::to_owned) }
    }

    /// 500.
    pub fn server_error() -> Self {
        Self::Error { status: 500, kind: "api_error", retry_after: None }
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::Error { status: 401, kind: "authentication_error", retry_after: None }
    }

    /// 400.
    pub fn invalid_request() -> Self {
        Self::Error { status: 400, kind: "invalid_request_error", retry_after: None }
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Null when it was no JSON.
    pub body: Value,
    /// What was wrong with it, when the protocol was broken: status, error type and message of the answer.
    pub violation: Option<(u16, String)>,
}

impl Recorded {
    /// The text of the first user message.
    pub fn user_message(&self) -> &str {
        self.body.pointer("/messages/0/content").and_then(Value::as_str).unwrap_or_default()
    }
}

#[derive(Default)]
struct State {
    queue: VecDeque<Behaviour>,
    requests: Vec<Recorded>,
}

struct Shared {
    state: Mutex<State>,
    /// How many requests have come.
    count: watch::Sender<usize>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running stand-in; gone, connections and all, when dropped.
pub struct MessagesApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl MessagesApi {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("a port for the stand-in Messages API")?;
        let address = listener.local_addr().context("the stand-in Messages API's address")?;
        let shared = Arc::new(Shared { state: Mutex::default(), count: watch::Sender::new(0) });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, server })
    }

    /// The base address, for `MINDFLOW_CLAUDE_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the next request without a behaviour of its own meets.
    pub fn then(&self, behaviour: Behaviour) -> &Self {
        self.shared.state().queue.push_back(behaviour);
        self
    }

    /// Every request so far, in the order they came; those that broke the protocol, too.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.state().requests.clone()
    }

    /// Waits until at least so many requests have come, and answers all of them.
    ///
    /// # Errors
    /// When they have not after this long.
    pub async fn wait_for_requests(&self, count: usize, at_most: Duration) -> anyhow::Result<Vec<Recorded>> {
        let mut seen = self.shared.count.subscribe();
        let came = timeout(at_most, seen.wait_for(|seen| *seen >= count)).await;
        came.with_context(|| {
            format!("{} instead of {count} requests came to the Messages API in {at_most:?}", self.requests().len())
        })?
        .context("the stand-in Messages API is gone")?;
        Ok(self.requests())
    }
}

impl Drop for MessagesApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

// The connections' tasks live in this one's, so that they end with it.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let shared = Arc::clone(&shared);
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(answer(&shared, request).await) }
            });
            // A client that gives up, or a body that was to break off, is what tests are about.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

type Body = UnsyncBoxBody<Bytes, io::Error>;

async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, REQUEST_BYTES_MAX).collect().await.map(http_body_util::Collected::to_bytes);
    let (parsed, violation) = match &body {
        Err(_) => {
            (Value::Null, Some(protocol::Violation::new(413, "request_too_large", "Request exceeds the maximum size")))
        }
        Ok(body) => protocol::check(&head, body)
            .map_or_else(|(parsed, violation)| (parsed, Some(violation)), |parsed| (parsed, None)),
    };
    let behaviour = {
        let mut state = shared.state();
        state.requests.push(Recorded {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            headers: head
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            body: parsed.clone(),
            violation: violation.as_ref().map(|violation| (violation.status, violation.message.clone())),
        });
        if violation.is_some() { Behaviour::Answer } else { state.queue.pop_front().unwrap_or(Behaviour::Answer) }
    };
    shared.count.send_modify(|count| *count += 1);
    match violation {
        Some(violation) => error(violation.status, violation.kind, &violation.message, None),
        None => behave(behaviour, &parsed).await,
    }
}

/// What is to be done once it may be.
async fn released(mut behaviour: Behaviour) -> Behaviour {
    while let Behaviour::Held(mut opened, then) = behaviour {
        // A sender that is gone lets go as well.
        let _ = opened.wait_for(|open| *open).await;
        behaviour = *then;
    }
    behaviour
}

async fn behave(behaviour: Behaviour, request: &Value) -> Response<Body> {
    match released(behaviour).await {
        Behaviour::Answer | Behaviour::Held(..) => {
            message(request, "end_turn", &protocol::plausible_analysis(request).to_string())
        }
        Behaviour::Text(text) => message(request, "end_turn", &text),
        Behaviour::Refusal => message(request, "refusal", ""),
        Behaviour::MaxTokens => message(request, "max_tokens", "{\"sentiment\": 0.2, \"themes\": [\"a day"),
        Behaviour::Error { status, kind, retry_after } => {
            error(status, kind, "This is what the test asked for.", retry_after.as_deref())
        }
        Behaviour::Garbage => respond(
            200,
            None,
            Full::new(Bytes::from_static(b"<html>502 Bad Gateway</html>")).map_err(never).boxed_unsync(),
        ),
        Behaviour::Hang => std::future::pending().await,
        Behaviour::CloseMidBody => {
            let half = Ok(Frame::data(Bytes::from_static(b"{\"id\":\"msg_1\",\"type\":\"message\",")));
            let frames = stream::iter([half, Err(io::Error::from(io::ErrorKind::ConnectionAborted))]);
            respond(200, None, BodyExt::boxed_unsync(StreamBody::new(frames)))
        }
    }
}

fn message(request: &Value, stop_reason: &str, text: &str) -> Response<Body> {
    let content = if text.is_empty() { json!([]) } else { json!([{ "type": "text", "text": text }]) };
    json_body(
        200,
        None,
        &json!({
            "id": "msg_01StandInForTests", "type": "message", "role": "assistant", "model": request["model"], "content": content,
            "stop_reason": stop_reason, "stop_sequence": null, "usage": { "input_tokens": 100, "output_tokens": 50 },
        }),
    )
}

fn error(status: u16, kind: &str, message: &str, retry_after: Option<&str>) -> Response<Body> {
    json_body(
        status,
        retry_after,
        &json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_01StandInForTests" }),
    )
}

fn json_body(status: u16, retry_after: Option<&str>, body: &Value) -> Response<Body> {
    respond(status, retry_after, Full::new(Bytes::from(body.to_string())).map_err(never).boxed_unsync())
}

fn respond(status: u16, retry_after: Option<&str>, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if let Some(value) = retry_after.and_then(|value| value.parse().ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

fn never(never: Infallible) -> io::Error {
    match never {}
}

#[cfg(test)]
mod tests;
