//! `/metrics` on a listener of its own, which an operator binds where only a collector reaches it.

use super::authority;
use crate::{accepting::Accepting, listeners::Listeners, observe::PrometheusHandle};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The text format of Prometheus.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4";
/// A collector or two, and an operator.
const CONNECTIONS_MAX: usize = 16;
/// A connection ends then at the latest: collectors connect again.
const CONNECTION_MAX: Duration = Duration::from_secs(60);
const HEADER_MAX: Duration = Duration::from_secs(5);

/// Serves until the stop.
pub async fn serve(listeners: Listeners, metrics: PrometheusHandle, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let serving = async {
        let mut accepting = Accepting::new("collectors of metrics");
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, _) = accepting.next(|| listeners.accept()).await;
            let metrics = metrics.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let answer = answer(&request, &metrics);
                    async move { Ok::<_, Infallible>(answer) }
                });
                let mut builder = http1::Builder::new();
                builder.timer(TokioTimer::new()).header_read_timeout(HEADER_MAX);
                let connection = builder.serve_connection(TokioIo::new(stream), service);
                let _ = tokio::time::timeout(CONNECTION_MAX, connection).await;
                drop(place);
            });
        }
    };
    stop.run_until_cancelled(serving).await;
}

fn answer<B>(request: &Request<B>, metrics: &PrometheusHandle) -> Response<Full<Bytes>> {
    let (status, body) = match *request.method() {
        _ if authority::check(request).is_err() => (StatusCode::BAD_REQUEST, String::new()),
        _ if request.uri().path() != "/metrics" => (StatusCode::NOT_FOUND, String::new()),
        Method::GET | Method::HEAD => (StatusCode::OK, metrics.render()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
