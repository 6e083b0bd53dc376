//! HTTP/1.1 and HTTP/2 requests as calls of the components whose routes they fit; health, metrics and the
//! limits that hold before any component is asked are the host's own.

use super::{
    health::{self, Probe},
    lingering::Lingering,
    websocket,
};
use crate::{
    engine::CallFailure,
    manifest::{HttpSettings, WebSocketRoute},
    observe::{PrometheusHandle, correlation, path, problem::Problem},
    platform::Platform,
};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, BodyStream, Full, LengthLimitError, Limited, StreamBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wasmtime_wasi_http::{Error as WasiError, WasiBody};

/// How long a failed `accept` (no file descriptors left) pauses before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// When a client that found all WebSocket connections taken may try again, in seconds.
const SOCKETS_RETRY_S: u64 = 30;

/// What every connection needs.
pub struct Server {
    pub platform: Arc<Platform>,
    pub settings: HttpSettings,
    pub websocket: Option<WebSocketRoute>,
    pub metrics: PrometheusHandle,
    /// Set when the host stops: no new requests, sockets close.
    pub stop: CancellationToken,
    pub sockets: TaskTracker,
}

impl Server {
    /// Accepts until the stop, then lets requests in progress finish within the drain time.
    pub async fn run(self: Arc<Self>, listener: TcpListener) {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(self.settings.header_timeout_ms))
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Duration::from_secs(30));
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.settings.connections_max));
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => break,
                accepted = accept(&listener, &places) => accepted,
            };
            let Some((stream, peer, place)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let server = Arc::clone(&self);
            let service = service_fn(move |request| {
                let server = Arc::clone(&server);
                async move { Ok::<_, Infallible>(server.answer(request, peer).await) }
            });
            let connection =
                graceful.watch(builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned());
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%peer, "connection ended: {error}");
                }
                drop(place);
            });
        }
        drop(listener);
        self.sockets.close();
        let drained = async {
            graceful.shutdown().await;
            self.sockets.wait().await;
        };
        if tokio::time::timeout(Duration::from_millis(self.settings.drain_ms), drained).await.is_err() {
            tracing::warn!(
                drain_ms = self.settings.drain_ms,
                "some requests were still running when the drain time was over"
            );
        }
    }

    async fn answer(self: Arc<Self>, mut request: Request<Incoming>, peer: SocketAddr) -> Response<WasiBody> {
        let started = mindflow_backends::clock::instant();
        let id = correlation::of(request.headers());
        request.headers_mut().insert(correlation::HEADER, id.clone());
        let method = request.method().clone();
        let path = path::shown(request.uri().path()).into_owned();
        let mut response = self.route(request, peer, &id).await;
        response.headers_mut().insert(correlation::HEADER, id.clone());
        let status = response.status();
        let elapsed = started.elapsed();
        metrics::histogram!("mindflow_http_request_seconds", "method" => method.as_str().to_owned(), "status" => status.as_str().to_owned()).record(elapsed.as_secs_f64());
        tracing::info!(
            target: "mindflow::access",
            %method, path, status = status.as_u16(), ms = elapsed.as_micros() as f64 / 1e3, correlation_id = id.to_str().unwrap_or_default(), "request"
        );
        response
    }

    async fn route(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        id: &HeaderValue,
    ) -> Response<WasiBody> {
        if let Some(probe) = Probe::of(request.uri().path()) {
            let (status, body) = health::answer(probe, &self.platform, self.stop.is_cancelled()).await;
            return own(status, "application/json", body.to_string());
        }
        if self.settings.metrics && request.uri().path() == "/metrics" && is_internal(&request, peer) {
            return own(StatusCode::OK, "text/plain; version=0.0.4", self.metrics.render());
        }
        if let Some(route) = self
            .websocket
            .as_ref()
            .filter(|route| websocket::is_upgrade(&request) && route.route == request.uri().path())
        {
            if self.sockets.len() >= self.settings.websockets_max {
                let detail = "All WebSocket connections of this server are taken; try again shortly.";
                return boxed(Problem::unavailable(detail, SOCKETS_RETRY_S).response(id));
            }
            return match websocket::accept(self.platform.websocket(), route, request, peer, self.stop.clone()) {
                Ok((response, connection)) => {
                    self.sockets.spawn(connection);
                    response
                }
                Err(problem) => boxed(problem.response(id)),
            };
        }
        match self.guarded(request) {
            Ok(request) => self.call(request, id).await,
            Err(problem) => boxed(problem.response(id)),
        }
    }

    /// The request with its body bounded, its authority where WASI has it, and its scheme.
    fn guarded(&self, request: Request<Incoming>) -> Result<Request<WasiBody>, Problem> {
        let (mut head, body) = request.into_parts();
        let body = Lingering::new(&head.headers, body);
        let body_max = self.settings.body_max.0;
        let too_large = || {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload-too-large",
                format!("The request body is larger than {body_max} bytes."),
            )
        };
        let announced = head
            .headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse::<u64>().ok());
        if announced.is_some_and(|length| length > body_max) {
            return Err(too_large());
        }
        let authority = head
            .uri
            .authority()
            .map(ToString::to_string)
            .or_else(|| head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(ToOwned::to_owned));
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = Uri::builder()
            .scheme("http")
            .authority(authority.unwrap_or_else(|| "localhost".into()))
            .path_and_query(path)
            .build()
            .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "bad-request", "The Host header is malformed."))?;
        let body = Limited::new(body, usize::try_from(body_max).unwrap_or(usize::MAX)).map_err(move |error| {
            if error.is::<LengthLimitError>() {
                WasiError::HttpRequestBodySize(Some(body_max))
            } else {
                WasiError::ConnectionTerminated
            }
        });
        Ok(Request::from_parts(head, body.boxed_unsync()))
    }

    async fn call(&self, request: Request<WasiBody>, id: &HeaderValue) -> Response<WasiBody> {
        let Some(component) = self.platform.http(request.uri().path()) else {
            return boxed(
                Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing at this path.").response(id),
            );
        };
        match component.http(request).await {
            Ok(Ok(response)) if is_event_stream(&response) => response.map(|body| until(&self.stop, body)),
            Ok(Ok(response)) => response,
            Ok(Err(code)) => {
                tracing::error!(
                    correlation_id = id.to_str().unwrap_or_default(),
                    "the component answered a request with {code}"
                );
                boxed(
                    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The request could not be answered.")
                        .response(id),
                )
            }
            Err(failure) => {
                tracing::error!(correlation_id = id.to_str().unwrap_or_default(), "{failure}");
                let retry_after_s = match failure {
                    CallFailure::CircuitOpen { wait, .. } => wait.as_secs().max(1),
                    _ => 1,
                };
                boxed(
                    Problem::unavailable("The service cannot answer now; try again shortly.", retry_after_s)
                        .response(id),
                )
            }
        }
    }
}

/// Whether the request comes from this machine or its private network, and not through a proxy for somebody else.
fn is_internal(request: &Request<Incoming>, peer: SocketAddr) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for"].iter().any(|name| request.headers().contains_key(*name));
    let private = match peer.ip().to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    };
    private && !forwarded
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            tracing::warn!("cannot accept a connection: {error}");
            None
        }
    }
}

fn own(status: StatusCode, content_type: &'static str, body: String) -> Response<WasiBody> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    boxed(response)
}

fn is_event_stream(response: &Response<WasiBody>) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// Event streams never end on their own, so shutdown ends them.
fn until(stop: &CancellationToken, body: WasiBody) -> WasiBody {
    StreamBody::new(BodyStream::new(body).take_until(stop.clone().cancelled_owned())).boxed_unsync()
}

fn boxed(response: Response<Full<Bytes>>) -> Response<WasiBody> {
    response.map(|body| body.map_err(|never| match never {}).boxed_unsync())
}
