//! HTTP as Spin speaks it: requests to an application's routes, from a component to allowed hosts, and from one component to
//! another by `http://NAME.spin.internal`, without a network.

use super::application::Application;
use super::instances::{self, Instances};
use super::state::Shared;
use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// The domain of components that call each other.
const DOMAIN: &str = ".spin.internal";
/// Unless the guest says otherwise.
const TIMEOUT: Duration = Duration::from_secs(600);
/// What Spin answers itself.
const WELL_KNOWN: &str = "/.well-known/spin/";
/// The client's address in requests of components.
const NO_CLIENT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// A running application.
pub(super) struct Server {
    application: Application,
    handlers: BTreeMap<String, ProxyHandler<Instances>>,
    client: Client<HttpConnector, WasiBody>,
}

// === impl Server ===

impl Server {
    pub fn new(mut application: Application) -> Arc<Self> {
        let names: Vec<_> = application.components.keys().cloned().collect();
        for component in application.components.values_mut() {
            expand_components(&mut component.allowed_outbound_hosts, &names);
        }
        let linker = instances::linker();
        Arc::new_cyclic(|server| {
            let handlers = application.components.iter().map(|(name, component)| {
                let pre = instances::prepare(&linker, &component.source);
                let instances = Instances::new(pre, Shared::new(name, component), Weak::clone(server));
                (name.clone(), ProxyHandler::new(instances))
            });
            let handlers = handlers.collect();
            Self { handlers, application, client: Client::builder(TokioExecutor::new()).build_http() }
        })
    }

    /// How many instances of a component there have been.
    pub fn instances(&self, component: &str) -> usize {
        self.handlers[component].state().made()
    }

    /// Answers a request from outside.
    pub async fn answer(&self, mut request: Request<WasiBody>, client: SocketAddr) -> Response<WasiBody> {
        let path = request.uri().path().to_owned();
        let headers = request.headers_mut();
        if headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(|host| component_of(host).is_some()) {
            headers.remove(HOST);
        }
        headers.remove(CONNECTION);
        if path.starts_with(WELL_KNOWN) {
            return status(StatusCode::OK);
        }
        match self.application.route(&path) {
            Some(route) => {
                let rest = route.rest(&path).to_owned();
                self.handle(&route.component, request, &rest, client).await
            }
            None => status(StatusCode::NOT_FOUND),
        }
    }

    /// Answers a request of another component.
    pub async fn chained(&self, component: &str, request: Request<WasiBody>) -> Response<WasiBody> {
        let path = request.uri().path().to_owned();
        self.handle(component, request, &path, NO_CLIENT).await
    }

    /// Has a component answer; what goes wrong in it is 500 and a line in the log.
    async fn handle(
        &self,
        component: &str,
        mut request: Request<WasiBody>,
        path_info: &str,
        client: SocketAddr,
    ) -> Response<WasiBody> {
        if self.application.left_out.contains(component) {
            return status(StatusCode::SERVICE_UNAVAILABLE);
        }
        let handler = self.handlers.get(component);
        // Spin traps the caller here.
        let handler = handler.unwrap_or_else(|| panic!("unknown routing destination '{component}'"));
        if let Err(reason) = address(&mut request) {
            eprintln!("{component}: {reason}");
            return status(StatusCode::INTERNAL_SERVER_ERROR);
        }
        describe(&mut request, path_info, client);
        handler.handle((), request).await.unwrap_or_else(|error| {
            eprintln!("{component}: error processing request: {error:?}");
            status(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }
}

/// `*.spin.internal` stands for the components that there are.
fn expand_components(hosts: &mut Vec<String>, names: &[String]) {
    let all = format!("http://*{DOMAIN}");
    if hosts.contains(&all) {
        hosts.retain(|host| *host != all);
        hosts.extend(names.iter().map(|name| format!("http://{name}{DOMAIN}")));
    }
}

fn component_of(authority: &str) -> Option<&str> {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    host.strip_suffix(DOMAIN).filter(|name| !name.contains('.'))
}

fn status(status: StatusCode) -> Response<WasiBody> {
    let body = Empty::new().map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// A request's address has a scheme and an authority by the time that a component sees it.
fn address(request: &mut Request<WasiBody>) -> Result<(), &'static str> {
    let host = request.headers().get(HOST).map(|host| Authority::try_from(host.as_bytes()));
    let host = host.transpose().map_err(|_| "'Host' header contains an invalid authority")?;
    let mut parts = request.uri().clone().into_parts();
    let authority = match (host, parts.authority) {
        (None, None) => return Err("no 'Host' header present in request"),
        (Some(host), Some(other)) if host != other => return Err("'Host' header does not match authority in URI"),
        (Some(one), _) | (None, Some(one)) => one,
    };
    (parts.scheme, parts.authority) = (Some(Scheme::HTTP), Some(authority));
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| "no URI")?;
    Ok(())
}

/// The headers that Spin adds.
fn describe(request: &mut Request<WasiBody>, path_info: &str, client: SocketAddr) {
    let added = [
        ("spin-path-info", path_info.to_owned()),
        ("spin-full-url", request.uri().to_string()),
        ("spin-base-path", "/".to_owned()),
        ("spin-client-addr", client.to_string()),
    ];
    let headers: &mut HeaderMap = request.headers_mut();
    for (name, value) in added {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
}

/// What a component may send.
pub(super) struct Outbound {
    component: Arc<Shared>,
    server: Weak<Server>,
}

// === impl Outbound ===

impl Outbound {
    pub fn new(component: Arc<Shared>, server: Weak<Server>) -> Self {
        Self { component, server }
    }
}

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _received: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let allowed = self.component.allowed_hosts.allows(&request.uri().to_string(), "https");
        let server = self.server.upgrade();
        Box::new(async move {
            if !allowed {
                return Err(Error::HttpRequestDenied);
            }
            let server = server.ok_or(Error::ConnectionTerminated)?;
            request.headers_mut().remove(HOST);
            let target = request.uri().authority().and_then(|authority| component_of(authority.as_str()));
            let response = if let Some(component) = target.map(str::to_owned) {
                server.chained(&component, request).await
            } else if request.uri().scheme() == Some(&Scheme::HTTP) {
                let first_byte = options.and_then(|options| options.first_byte_timeout).unwrap_or(TIMEOUT);
                let response = tokio::time::timeout(first_byte, server.client.request(request)).await;
                let response = response.map_err(|_| Error::ConnectionReadTimeout)?;
                let refused = |error: hyper_util::client::legacy::Error| match error.is_connect() {
                    true => Error::ConnectionRefused,
                    false => Error::HttpProtocolError,
                };
                response.map_err(refused)?.map(|body| body.map_err(Error::Hyper).boxed_unsync())
            } else {
                // This runtime has no TLS.
                return Err(Error::TlsProtocolError);
            };
            let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }
}

/// A body that is there already.
pub(super) fn whole(bytes: Bytes) -> WasiBody {
    http_body_util::Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
