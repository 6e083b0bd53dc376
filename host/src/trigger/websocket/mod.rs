//! WebSocket connections (RFC 6455). The host keeps the connection, its timer and what it subscribes to; the component
//! is called when something happens, and keeps nothing in between. So an idle connection costs its buffers and no call.

mod connection;
mod feed;
mod outgoing;
mod repeat;
mod works;

use crate::{
    capability::websocket::bindings::mindflow::platform::websocket::Upgrade,
    engine::Provider,
    manifest::WebSocketRoute,
    observe::{correlation, problem::Problem},
};
use connection::Connection;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use std::{net::SocketAddr, sync::Arc};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::WasiBody;

/// As large as a request body of the same protocol over HTTP may be.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Read at a time, and held by an idle connection: most messages fit.
const READ_BYTES: usize = 2 * 1024;
/// Frames are written together up to here.
const WRITE_BYTES: usize = 4 * 1024;

type Stream = WebSocketStream<TokioIo<Upgraded>>;

pub fn is_upgrade(request: &Request<Incoming>) -> bool {
    let token = |name, wanted: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(wanted)))
    };
    token(header::CONNECTION, "upgrade") && token(header::UPGRADE, "websocket")
}

/// The answer to the handshake, and the connection that follows it, until `stop` at the latest.
///
/// # Errors
/// There is no agreement, or no component takes connections.
pub fn accept(
    component: Option<Arc<Provider>>,
    route: &WebSocketRoute,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    stop: CancellationToken,
) -> Result<(Response<WasiBody>, impl Future<Output = ()> + Send + 'static), Problem> {
    let (key, protocol) = agree(route, &request)?;
    let component = component
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "not-found", "No component takes WebSocket connections."))?;
    let upgrade = Upgrade {
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect(),
        protocol: protocol.clone(),
        remote_address: peer.to_string(),
    };
    let correlation_id = request.headers().get(correlation::HEADER).and_then(|id| id.to_str().ok()).unwrap_or_default();
    let correlation_id: Arc<str> = correlation_id.into();
    let upgraded = hyper::upgrade::on(&mut request);
    let connection = async move {
        let upgraded = match upgraded.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(%peer, "the connection was not upgraded: {error}"),
        };
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX))
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(WRITE_BYTES);
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        Connection::new(component, stream, correlation_id, peer).run(upgrade, stop).await;
    };
    Ok((switching(&key, &protocol), connection))
}

/// The handshake's key and the subprotocol, or why there is no agreement.
fn agree(route: &WebSocketRoute, request: &Request<Incoming>) -> Result<(String, String), Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, "bad-request", detail);
    let text = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if text(header::SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(bad("Sec-WebSocket-Version must be 13.".into()));
    }
    let key = text(header::SEC_WEBSOCKET_KEY).ok_or_else(|| bad("Sec-WebSocket-Key is missing.".into()))?;
    let offered: Vec<&str> =
        text(header::SEC_WEBSOCKET_PROTOCOL).unwrap_or_default().split(',').map(str::trim).collect();
    let protocol = route.protocols.iter().find(|protocol| offered.contains(&protocol.as_str())).ok_or_else(|| {
        bad(format!("Offer the subprotocol {} in Sec-WebSocket-Protocol.", route.protocols.join(" or ")))
    })?;
    Ok((key.to_owned(), protocol.clone()))
}

fn switching(key: &str, protocol: &str) -> Response<WasiBody> {
    let mut response = Response::new(Full::default().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    for (name, value) in [
        (header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes())),
        (header::SEC_WEBSOCKET_PROTOCOL, protocol.to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}
