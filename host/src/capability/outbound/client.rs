//! Outbound HTTP of guests: only to the hosts that the manifest allows, by a pooled client with bounds.

use super::places::{RequestPermit, RequestPermits};
use super::public::{ConnectError, PublicConnector, addresses};
use super::{AllowList, Grant, OutboundSettings};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use mindflow_platform::outbound::{PublicOnly, Refused};
use std::{sync::Arc, time::Duration};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// Until a connection stands, unless the guest asks for less.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Until the response's head is there, unless the guest asks for less: a model may think for minutes.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(300);

/// HTTP and HTTPS, with the public roots.
pub(crate) type HttpsConnector = hyper_rustls::HttpsConnector<HttpConnector>;
type HttpsClient<C> = Client<hyper_rustls::HttpsConnector<C>, WasiBody>;

/// The clients of all components: connections are shared, permissions are not.
#[derive(Clone)]
pub struct Outbound {
    anywhere: HttpsClient<HttpConnector>,
    /// For components that reach public addresses only.
    public: HttpsClient<PublicConnector>,
    policy: Arc<PublicOnly>,
    /// Of requests of the latter.
    places: Arc<RequestPermits>,
}

impl Outbound {
    pub fn new(settings: &OutboundSettings) -> Self {
        let policy = Arc::new(PublicOnly { allow_private: settings.allow_private.clone() });
        Self {
            anywhere: client(connector()),
            public: client(tls(PublicConnector(Arc::clone(&policy)))),
            policy,
            places: Arc::new(RequestPermits::new(settings.requests_per_host_max)),
        }
    }
}

/// Redirects are the guest's to follow, or not.
fn client<C>(connector: hyper_rustls::HttpsConnector<C>) -> HttpsClient<C>
where
    hyper_rustls::HttpsConnector<C>: legacy::connect::Connect + Clone,
{
    Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(60)).build(connector)
}

/// How the host itself connects to other hosts.
pub(crate) fn connector() -> HttpsConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_nodelay(true);
    tls(tcp)
}

/// TLS over a way to connect, and HTTP/2 where the other side speaks it.
fn tls<C>(connector: C) -> hyper_rustls::HttpsConnector<C> {
    hyper_rustls::HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(connector)
}

/// The clients as one component may use them.
#[derive(Clone)]
pub struct OutboundHooks {
    pub outbound: Outbound,
    pub allowed: Arc<AllowList>,
    pub grant: Grant,
    pub component: Arc<str>,
    /// The table of the manifest that [`Self::allowed`] is in.
    pub table: Arc<str>,
}

impl OutboundHooks {
    /// Whether a request there would be let through now.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&self, uri: &http::Uri) -> Result<(), Refused> {
        if !self.allowed.allows(uri) {
            return Err(Refused::Prohibited(format!("{} is not among the component's hosts", origin(uri))));
        }
        if self.grant.public_only {
            addresses(&self.outbound.policy, uri).await?;
        }
        Ok(())
    }

    /// A place at the receiving host; `None` where they are not counted.
    ///
    /// # Errors
    /// All are taken.
    pub(crate) fn place(&self, uri: &http::Uri) -> Result<Option<RequestPermit>, Error> {
        if !self.grant.public_only {
            return Ok(None);
        }
        self.outbound.places.take(uri).map(Some).ok_or_else(|| {
            metrics::counter!("mindflow_outbound_busy_total", "component" => self.component.to_string()).increment(1);
            Error::ConnectionLimitReached
        })
    }

    /// Sends what may be sent; the answer's head comes within `first_byte`. The place is given back when the answer's body is read or
    /// dropped.
    ///
    /// # Errors
    /// There is no answer.
    pub(crate) async fn exchange(
        &self,
        mut request: http::Request<WasiBody>,
        place: Option<RequestPermit>,
        first_byte: Duration,
    ) -> Result<http::Response<WasiBody>, Error> {
        // The client sets it from the address for HTTP/1.1 and must not send it over HTTP/2.
        request.headers_mut().remove(http::header::HOST);
        let response = if self.grant.public_only {
            self.outbound.public.request(request)
        } else {
            self.outbound.anywhere.request(request)
        };
        let response = tokio::time::timeout(first_byte.min(FIRST_BYTE_TIMEOUT), response)
            .await
            .map_err(|_| Error::ConnectionReadTimeout)?
            .map_err(|error| failure(&error))?;
        let held = move |error| {
            let _place = &place;
            Error::Hyper(error)
        };
        Ok(response.map(|body| body.map_err(held).boxed_unsync()))
    }

    /// Why a request by `wasi:http` is not sent, for an operator; `None` if it may be.
    fn refusal(&self, uri: &http::Uri) -> Option<String> {
        let table = &self.table;
        if !self.allowed.allows(uri) {
            return Some(format!("add it to allowed_outbound_hosts of [{table}]"));
        }
        self.grant.disclosed.then(|| {
            format!(
                "`outbound` of [component.{}.tool.mindflow] is `disclosed`, so requests go by \
                 mindflow:platform/disclosure-sender",
                self.component
            )
        })
    }
}

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for OutboundHooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _received: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let hooks = self.clone();
        Box::new(async move {
            if let Some(reason) = hooks.refusal(request.uri()) {
                tracing::warn!(
                    component = %hooks.component,
                    "request to {} refused: {reason}",
                    origin(request.uri())
                );
                return Err(Error::HttpRequestDenied);
            }
            let place = hooks.place(request.uri())?;
            let first_byte = options.and_then(|options| options.first_byte_timeout).unwrap_or(FIRST_BYTE_TIMEOUT);
            let response = hooks.exchange(request, place, first_byte).await?;
            let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }
}

/// The error that the guest gets.
fn failure(error: &legacy::Error) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        match current.downcast_ref() {
            Some(ConnectError::Refused(Refused::Prohibited(_))) => return Error::DestinationIpProhibited,
            Some(ConnectError::Refused(Refused::Unresolved(_))) => return Error::DestinationNotFound,
            Some(ConnectError::Timeout) => return Error::ConnectionTimeout,
            _ => cause = current.source(),
        }
    }
    if error.is_connect() { Error::ConnectionRefused } else { Error::HttpProtocolError }
}

fn origin(uri: &http::Uri) -> String {
    format!("{}://{}", uri.scheme_str().unwrap_or("https"), uri.authority().map_or("", |authority| authority.as_str()))
}
