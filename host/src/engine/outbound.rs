//! Outbound HTTP of guests: only to the hosts that the manifest allows, by a pooled client with bounds.

use crate::manifest::AllowList;
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{sync::Arc, time::Duration};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// Until a connection stands, unless the guest asks for less.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Until the response's head is there, unless the guest asks for less: a model may think for minutes.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(300);

/// HTTP and HTTPS, with the public roots.
pub(crate) type HttpsConnector = hyper_rustls::HttpsConnector<HttpConnector>;

/// One client for all components: connections are shared, permissions are not.
#[derive(Clone)]
pub struct Outbound {
    client: Client<HttpsConnector, WasiBody>,
}

impl Default for Outbound {
    fn default() -> Self {
        let mut client = Client::builder(TokioExecutor::new());
        Self { client: client.pool_idle_timeout(Duration::from_secs(60)).build(connector()) }
    }
}

/// How the host itself connects to whoever is outside.
pub(crate) fn connector() -> HttpsConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_nodelay(true);
    hyper_rustls::HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp)
}

/// The client as one component may use it.
pub struct OutboundHooks {
    pub outbound: Outbound,
    pub allowed: Arc<AllowList>,
    pub component: Arc<str>,
}

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for OutboundHooks {
    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _received: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let allowed = self.allowed.allows(request.uri());
        let client = self.outbound.client.clone();
        let component = Arc::clone(&self.component);
        Box::new(async move {
            if !allowed {
                tracing::warn!(
                    %component,
                    "request to {} refused: add it to allowed_outbound_hosts of [component.{component}]",
                    origin(request.uri())
                );
                return Err(Error::HttpRequestDenied);
            }
            let first_byte = options
                .and_then(|options| options.first_byte_timeout)
                .unwrap_or(FIRST_BYTE_TIMEOUT)
                .min(FIRST_BYTE_TIMEOUT);
            // The client sets it from the address for HTTP/1.1 and must not send it over HTTP/2.
            request.headers_mut().remove(http::header::HOST);
            let response = tokio::time::timeout(first_byte, client.request(request))
                .await
                .map_err(|_| Error::ConnectionReadTimeout)?
                .map_err(
                    |error| if error.is_connect() { Error::ConnectionRefused } else { Error::HttpProtocolError },
                )?;
            let response = response.map(|body| body.map_err(Error::Hyper).boxed_unsync());
            let done: Box<dyn Future<Output = Result<(), Error>> + Send> = Box::new(async { Ok(()) });
            Ok((response, done))
        })
    }
}

fn origin(uri: &http::Uri) -> String {
    format!("{}://{}", uri.scheme_str().unwrap_or("https"), uri.authority().map_or("", |authority| authority.as_str()))
}
