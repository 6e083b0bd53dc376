//! A stand-in for a third party's HTTP server, which the platform calls: it remembers every request, body and
//! all, and answers what the test wants.

use crate::eventually;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

struct State {
    /// The status of every answer that none was set for; none: no answer.
    usual: Option<u16>,
    answers: VecDeque<(u16, Vec<(String, String)>)>,
    /// Of usual answers, by the body of the request; none: an empty one.
    body: Option<fn(&[u8]) -> Vec<u8>>,
    received: Vec<Received>,
}

type Shared = Arc<Mutex<State>>;

/// The running server; gone when dropped.
pub struct Receiver {
    pub address: SocketAddr,
    state: Shared,
    server: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a free port of the loopback interface; answers 204 unless set otherwise.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = State { usual: Some(204), answers: VecDeque::new(), body: None, received: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { address, state, server }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The status of the next answer that has none yet.
    pub fn then(&self, status: u16) -> &Self {
        self.then_with(status, &[])
    }

    /// The same, with headers.
    pub fn then_with(&self, status: u16, headers: &[(&str, &str)]) -> &Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        lock(&self.state).answers.push_back((status, headers));
        self
    }

    /// From now on it answers so.
    pub fn answer(&self, status: u16) {
        lock(&self.state).usual = Some(status);
    }

    /// From now on it answers 200 with what this makes of the request's body.
    pub fn answer_with(&self, body: fn(&[u8]) -> Vec<u8>) {
        let mut state = lock(&self.state);
        (state.usual, state.body) = (Some(200), Some(body));
    }

    /// From now on it takes requests and does not answer.
    pub fn fall_silent(&self) {
        lock(&self.state).usual = None;
    }

    /// The first request, as soon as there is one.
    pub async fn first(&self) -> Received {
        eventually("a request", || async { self.received().into_iter().next() }).await
    }

    /// Every request so far, answered or not.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state).received.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Shared) {
    // The connections' tasks live in this one's, so that they end with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&state)));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, state: Shared) -> Result<Response<Full<Bytes>>, Infallible> {
    let method = request.method().to_string();
    let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let (next, answer) = {
        let mut state = lock(&state);
        let set = state.answers.pop_front();
        let answer = state.body.filter(|_| set.is_none()).map(|make| make(&body)).unwrap_or_default();
        state.received.push(Received { method, path, headers, body });
        (set.or_else(|| state.usual.map(|status| (status, Vec::new()))), answer)
    };
    let Some((status, headers)) = next else { return std::future::pending().await };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::from(answer)).unwrap_or_default())
}
