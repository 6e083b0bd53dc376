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
use tokio::runtime::{self, Runtime};
use tokio::task::JoinHandle;
use wasmtime_wasi_http::Error;

/// Of one application; as many as there are cores on the smallest machine of CI.
const THREADS: usize = 2;

/// A running application, on a port of the loopback interface. It has threads of its own, as a process has; dropped, everything
/// in it ends where it is, as by `kill -9`.
pub struct Spin {
    server: Arc<Server>,
    url: String,
    runtime: Option<Runtime>,
}

// === impl Spin ===

impl Spin {
    /// Starts it.
    pub async fn up(application: Application) -> Self {
        let runtime = runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
        let runtime = runtime.expect("threads");
        let started = runtime.spawn(async {
            let server = tokio::task::spawn_blocking(|| Server::new(application)).await.expect("it can be started");
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let url = format!("http://{}", listener.local_addr().expect("its address"));
            tokio::spawn(serve(Arc::clone(&server), listener));
            (server, url)
        });
        let (server, url) = ended(started).await;
        Self { server, url, runtime: Some(runtime) }
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
        let (server, component) = (Arc::clone(&self.server), component.to_owned());
        let runtime = self.runtime.as_ref().expect("it is there until the drop");
        ended(runtime.spawn(async move {
            let (head, body) = server.chained(&component, request).await.into_parts();
            let body = body.collect().await.expect("its body arrives").to_bytes();
            ::http::Response::from_parts(head, body)
        }))
        .await
    }
}

impl Drop for Spin {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a task answers; its panic goes on here.
async fn ended<T>(task: JoinHandle<T>) -> T {
    task.await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => panic!("Spin has ended: {error}"),
    })
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
