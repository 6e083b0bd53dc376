//! A small Spin: what `spin up` of Spin 4.1 does with an application, as far as this repository's components can see it, with the
//! traps that Spin's own sources (`crates/factor-outbound-pg`, `factor-outbound-redis`, `trigger-http`) hold for them.
//!
//! Not there: TLS, the interfaces of WASI 0.2 for HTTP, key-value stores, triggers other than HTTP.

mod allowed;
mod application;
mod compiled;
mod http;
mod instances;
mod postgres;
mod redis;
mod state;
mod values;
mod variables;

pub use application::{Application, Component};
pub use state::State;

use ::http::Request;
use bytes::Bytes;
use http::Server;
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wasmtime_wasi_http::Error;

/// A running application, on a port of the loopback interface. Dropped, it takes no further connections.
pub struct Spin {
    server: Arc<Server>,
    url: String,
    task: JoinHandle<()>,
}

// === impl Spin ===

impl Spin {
    /// Starts it.
    pub async fn up(application: Application) -> Self {
        let server = tokio::task::spawn_blocking(|| Server::new(application)).await.expect("it can be started");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let task = tokio::spawn(serve(Arc::clone(&server), listener));
        Self { server, url, task }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many instances of a component there have been.
    pub fn instances(&self, component: &str) -> usize {
        self.server.instances(component)
    }

    /// What a component answers to a `POST` of another one.
    pub async fn call(&self, component: &str, path: &str, body: impl Into<Bytes>) -> ::http::Response<Bytes> {
        let request = Request::post(format!("http://{component}.spin.internal{path}"));
        let request = request.body(http::whole(body.into())).expect("a request");
        let (head, body) = self.server.chained(component, request).await.into_parts();
        let body = body.collect().await.expect("its body arrives").to_bytes();
        ::http::Response::from_parts(head, body)
    }
}

impl Drop for Spin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(server: Arc<Server>, listener: TcpListener) {
    while let Ok((stream, client)) = listener.accept().await {
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let server = Arc::clone(&server);
                let request = request.map(|body| body.map_err(Error::Hyper).boxed_unsync());
                async move { Ok::<_, Infallible>(server.answer(request, client).await) }
            });
            // A client that goes away ends its connection, and no call of it.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
