//! A receiver of webhooks on a real socket. It answers 204, until it is told to be silent or broken.

use crate::eventually;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, task::JoinSet};

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Posted {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

/// Listens until it is dropped.
pub struct WebhookReceiver {
    url: String,
    posted: Arc<Mutex<Vec<Posted>>>,
    answer: watch::Sender<Option<StatusCode>>,
    server: JoinHandle<()>,
}

impl WebhookReceiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}/hooks/mindflow", listener.local_addr().expect("an address"));
        let posted = Arc::<Mutex<Vec<Posted>>>::default();
        let answer = watch::Sender::new(Some(StatusCode::NO_CONTENT));
        let server = tokio::spawn(serve(listener, Arc::clone(&posted), answer.subscribe()));
        Self { url, posted, answer, server }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it answers so.
    pub fn answer(&self, status: u16) {
        self.answer.send_replace(Some(StatusCode::from_u16(status).expect("a status")));
    }

    /// From now on it takes requests and does not answer.
    pub fn fall_silent(&self) {
        self.answer.send_replace(None);
    }

    /// Every request so far, answered or not.
    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().expect("no panic while held").clone()
    }

    /// The first request that is so.
    pub async fn until(&self, what: &str, is_it: impl Fn(&Posted) -> bool) -> Posted {
        let is_it = &is_it;
        eventually(what, || async move { self.posted().into_iter().find(|posted| is_it(posted)) }).await
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

// The connections' tasks live in this one's, so that they end with it.
async fn serve(listener: TcpListener, posted: Arc<Mutex<Vec<Posted>>>, answer: watch::Receiver<Option<StatusCode>>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        while connections.try_join_next().is_some() {}
        let (posted, answer) = (Arc::clone(&posted), answer.clone());
        connections.spawn(async move {
            let service = service_fn(move |request| take(Arc::clone(&posted), answer.clone(), request));
            // A client that gives up is what tests are about.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn take(
    posted: Arc<Mutex<Vec<Posted>>>,
    answer: watch::Receiver<Option<StatusCode>>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text = |value: &hyper::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let (method, path) = (head.method.to_string(), head.uri.path().to_owned());
    posted.lock().expect("no panic while held").push(Posted { method, path, headers, body });
    let status = *answer.borrow();
    match status {
        Some(status) => {
            let mut response = Response::new(Empty::new());
            *response.status_mut() = status;
            Ok(response)
        }
        None => std::future::pending().await,
    }
}
