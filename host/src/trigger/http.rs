//! HTTP/1.1 and HTTP/2 requests as calls of the components whose routes they fit; health, metrics and the
//! limits that hold before any component is asked are the host's own.

use super::{
    authority,
    door::{
        self, Door,
        access_lines::AccessLines,
        answer::Answer,
        connection::{Connection, InProgress},
        connections::ConnectionPermit,
        proxies::Origin,
        refusal,
        serve::Serving,
    },
    health::{self, Probe},
    lingering::Lingering,
    metrics as exposition,
    websocket::{self, ConnectionContext},
};
use crate::{
    accepting::Accepting,
    engine::{Caller, KnownCaller},
    listeners::Listeners,
    manifest::{HttpSettings, WebSocketRoute},
    observe::{PrometheusHandle, correlation, path, printer::ACCESS, problem::Problem},
    platform::Platform,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Of an answer whose component says nothing of it: nothing in it is run or shown in a frame. As `guest/src/web` has it.
const CONTENT_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");

/// When a client that found all WebSocket connections taken may try again, in seconds.
const SOCKETS_RETRY_S: u64 = 30;

/// What every connection needs.
pub struct Server {
    pub(super) platform: Arc<Platform>,
    pub(super) settings: HttpSettings,
    websocket: Option<WebSocketRoute>,
    metrics: PrometheusHandle,
    /// Set when the host stops: no new requests, sockets close.
    pub(super) stop: CancellationToken,
    connections: TaskTracker,
    sockets: TaskTracker,
    /// Connections behind answers that the host keeps.
    pub(super) held: TaskTracker,
    pub(super) door: Door,
    access_lines: AccessLines,
    serving: Serving,
    /// What an answer over TLS says of the requests that follow.
    hsts: Option<HeaderValue>,
}

/// One request's circumstances.
pub(super) struct Exchange<'a> {
    pub connection: &'a Arc<Connection>,
    pub origin: Origin,
    pub caller: Caller,
    pub id: &'a HeaderValue,
    pub peer: SocketAddr,
}

// === impl Server ===

impl Server {
    pub fn new(
        platform: Arc<Platform>,
        settings: HttpSettings,
        access_lines_per_day: u32,
        metrics: PrometheusHandle,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            websocket: platform.websocket_route(),
            door: Door::new(&settings),
            access_lines: AccessLines::new(access_lines_per_day),
            serving: Serving::new(&settings),
            hsts: hsts(settings.hsts_max_age_s),
            platform,
            settings,
            metrics,
            stop,
            connections: TaskTracker::new(),
            sockets: TaskTracker::new(),
            held: TaskTracker::new(),
        })
    }

    /// Accepts until the stop, then lets requests in progress finish within the drain time.
    pub async fn run(self: Arc<Self>, listeners: Listeners) {
        let mut accepting = Accepting::new("clients");
        loop {
            let (stream, peer) = tokio::select! {
                () = self.stop.cancelled() => break,
                accepted = accepting.next(|| listeners.accept()) => accepted,
            };
            let connection = Connection::new(self.settings.http2_streams_max);
            let place = tokio::select! {
                () = self.stop.cancelled() => break,
                place = self.enter(&connection, peer) => place,
            };
            let Some(place) = place else { continue };
            self.connections.spawn(Arc::clone(&self).serve(stream, peer, connection, place));
        }
        drop(listeners);
        self.connections.close();
        self.sockets.close();
        self.held.close();
        let drained = async {
            self.connections.wait().await;
            self.sockets.wait().await;
            self.held.wait().await;
        };
        if tokio::time::timeout(Duration::from_millis(self.settings.drain_ms), drained).await.is_err() {
            tracing::warn!(
                drain_ms = self.settings.drain_ms,
                "some requests were still running when the drain time was over"
            );
        }
    }

    /// A place for the connection; none when its address has its part.
    async fn enter(&self, connection: &Arc<Connection>, peer: SocketAddr) -> Option<ConnectionPermit> {
        let share = if self.door.proxies.trusts(peer.ip()) {
            None
        } else {
            let share = self.door.connections.share(peer.ip());
            if share.is_none() {
                door::closed("address");
                return None;
            }
            share
        };
        self.door.connections.enter(connection, share).await
    }

    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        connection: Arc<Connection>,
        place: ConnectionPermit,
    ) {
        let _ = stream.set_nodelay(true);
        let (server, of) = (Arc::clone(&self), Arc::clone(&connection));
        let answer = move |request| Arc::clone(&server).answer(request, peer, Arc::clone(&of));
        self.serving.serve(stream, connection, self.stop.clone(), answer).await;
        drop(place);
    }

    async fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        peer: SocketAddr,
        connection: Arc<Connection>,
    ) -> Response<Answer> {
        let started = mindflow_backends::clock::instant();
        let in_progress = connection.begin();
        let id = correlation::of(request.headers());
        request.headers_mut().insert(correlation::HEADER, id.clone());
        let method = request.method().clone();
        let path = path::shown(request.uri().path()).into_owned();
        let version = request.version();
        let origin = self.door.proxies.origin(peer, request.headers());
        let credential = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let caller = Caller::of_request(origin.address, credential);
        let known = self.platform.callers().enter(id.to_str().unwrap_or_default().into(), caller.clone());
        let exchange = Exchange { connection: &connection, origin, caller, id: &id, peer };
        let mut response = self.route(request, &exchange).await;
        let status = response.status();
        self.harden(response.headers_mut(), &origin);
        response.headers_mut().insert(correlation::HEADER, id.clone());
        if status == StatusCode::REQUEST_TIMEOUT && version < Version::HTTP_2 {
            // What the client still sends is no request.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        begin_sending(&mut response, in_progress, known);
        let elapsed = started.elapsed();
        metrics::histogram!("mindflow_http_request_seconds", "method" => method.as_str().to_owned(), "status" => status.as_str().to_owned()).record(elapsed.as_secs_f64());
        self.access_lines.log(origin.address, status, || {
            tracing::info!(
                target: ACCESS,
                %method, path, status = status.as_u16(), ms = elapsed.as_micros() as f64 / 1e3, correlation_id = id.to_str().unwrap_or_default(), "request"
            );
        });
        response
    }

    async fn route(&self, mut request: Request<Incoming>, exchange: &Exchange<'_>) -> Response<Answer> {
        if let Err(problem) = authority::check(&request) {
            return unread(request, &problem, exchange.id);
        }
        let path = request.uri().path();
        let probe = Probe::of(path);
        let is_own = probe.is_some() || (path == "/metrics" && self.shows_metrics(&exchange.origin));
        if is_own && !matches!(*request.method(), Method::GET | Method::HEAD) {
            let problem = reads_only(path, request.method());
            return unread(request, &problem, exchange.id);
        }
        if let Some(probe) = probe {
            let (status, body) = health::answer(probe, &self.platform, self.stop.is_cancelled()).await;
            return own(status, "application/json", body.to_string());
        }
        if is_own {
            return own(StatusCode::OK, exposition::CONTENT_TYPE, self.metrics.render());
        }
        if let Some(route) =
            self.websocket.as_ref().filter(|route| websocket::is_upgrade(&request) && route.route == path)
        {
            return match self.upgrade(route, &mut request, exchange) {
                Ok(response) => response,
                Err(problem) => unread(request, &problem, exchange.id),
            };
        }
        let Some(component) = self.platform.http(path) else {
            let problem = Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing at this path.");
            return unread(request, &problem, exchange.id);
        };
        let answer = self.call(component, request, exchange).await;
        answer.unwrap_or_else(|problem| refused(&problem, exchange.id))
    }

    fn upgrade(
        &self,
        route: &WebSocketRoute,
        request: &mut Request<Incoming>,
        exchange: &Exchange<'_>,
    ) -> Result<Response<Answer>, Problem> {
        if self.sockets.len() >= self.settings.websockets_max {
            let detail = "All WebSocket connections of this server are taken; try again shortly.";
            return Err(Problem::unavailable(detail, SOCKETS_RETRY_S));
        }
        let address = exchange.origin.address;
        let share = (!self.door.proxies.trusts(address)).then(|| self.door.websockets.take(address, 1)).transpose();
        let share = share.map_err(|which| refusal::exhausted(which, "WebSocket connections"))?;
        let id = exchange.id.to_str().unwrap_or_default().into();
        let known = self.platform.callers().enter(id, exchange.caller.clone());
        let keeping = self.keeping(exchange);
        let (response, connection) = websocket::accept(self.platform.websocket(), route, request, keeping)?;
        exchange.connection.upgraded();
        self.sockets.spawn(async move {
            connection.await;
            drop((known, share));
        });
        Ok(response.map(Answer::of))
    }

    /// What a connection of the exchange's client is kept with.
    pub(super) fn keeping(&self, exchange: &Exchange<'_>) -> ConnectionContext {
        ConnectionContext {
            peer: exchange.peer,
            correlation_id: exchange.id.to_str().unwrap_or_default().into(),
            address: exchange.origin.address,
            bodies: self.door.bodies.clone(),
            answers: self.door.answers.clone(),
            of_users: self.door.of_users.clone(),
            stop: self.stop.clone(),
        }
    }

    /// Whether metrics are served here, and for this client: not through a proxy for somebody else.
    fn shows_metrics(&self, origin: &Origin) -> bool {
        self.settings.metrics
            && self.settings.metrics_listen.is_none()
            && (!origin.is_forwarded || origin.by_proxy)
            && self.settings.metrics_from.iter().any(|network| network.contains(origin.address))
    }

    /// What every answer says to browsers.
    fn harden(&self, headers: &mut HeaderMap, origin: &Origin) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(CONTENT_POLICY);
        headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
        if let Some(hsts) = &self.hsts
            && (self.settings.https || origin.by_tls)
        {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
    }
}

/// `None`: the setting is 0.
fn hsts(max_age_s: u64) -> Option<HeaderValue> {
    (max_age_s > 0).then(|| HeaderValue::from_str(&format!("max-age={max_age_s}")).ok()).flatten()
}

/// From now on the client's reading counts, and its request lasts until it has read.
fn begin_sending(response: &mut Response<Answer>, mut request: InProgress, known: KnownCaller) {
    request.answered();
    response.body_mut().begin_sending(request, known);
}

/// Methods of what is the host's own.
fn reads_only(path: &str, method: &Method) -> Problem {
    let detail = format!("{path} takes GET and HEAD, not {method}.");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
        .with(header::ALLOW, HeaderValue::from_static("GET, HEAD"))
}

/// Refused with its body unread, which is discarded.
fn unread(request: Request<Incoming>, problem: &Problem, id: &HeaderValue) -> Response<Answer> {
    let (head, body) = request.into_parts();
    drop(Lingering::new(&head.headers, body));
    refused(problem, id)
}

fn refused(problem: &Problem, id: &HeaderValue) -> Response<Answer> {
    metrics::counter!("mindflow_http_refused_total", "reason" => problem.kind).increment(1);
    boxed(problem.response(id))
}

fn own(status: StatusCode, content_type: &'static str, body: String) -> Response<Answer> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    boxed(response)
}

fn boxed(response: Response<Full<Bytes>>) -> Response<Answer> {
    response.map(|body| Answer::of(body.map_err(|never| match never {}).boxed_unsync()))
}
