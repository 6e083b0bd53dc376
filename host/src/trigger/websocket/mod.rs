//! Connections that outlive a call: WebSockets (RFC 6455), and answers that are streams of events. The host keeps the
//! connection, its timer and what it subscribes to; the component is called when something happens, and keeps nothing in
//! between. So an idle connection costs its buffers and no call.

mod component;
mod connection;
mod event_stream;
mod farewell;
mod feed;
mod framing;
mod handshake;
mod intake;
mod outgoing;
mod repeat;
mod transport;
mod works;

use super::door::budget::Budget;
use crate::{
    capability::websocket::bindings::mindflow::platform::websocket::{Happening, Message, Upgrade},
    engine::Provider,
    manifest::WebSocketRoute,
    observe::problem::Problem,
};
use bytes::Bytes;
use connection::{Connection, TOO_MANY};
use event_stream::EventStream;
pub(super) use handshake::is_upgrade;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use intake::{Intake, Unfinished};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::WasiBody;

/// As large as a request body of the same protocol over HTTP may be.
const MESSAGE_BYTES_MAX: usize = 1_280 * 1024;
/// Read at a time, and held by an idle connection: most messages fit.
const READ_BYTES: usize = 2 * 1024;
/// Frames are written together up to here.
const WRITE_BYTES: usize = 4 * 1024;

/// What a connection is kept with, besides its component.
pub(super) struct ConnectionContext {
    pub peer: SocketAddr,
    /// Of the request that it began with.
    pub correlation_id: Arc<str>,
    /// Whose connection it is, as far as the door knows.
    pub address: IpAddr,
    /// Bytes that are received and bytes that wait to be sent, of all clients.
    pub bodies: Budget,
    pub answers: Budget,
    /// Connections that a component has identified.
    pub of_users: Budget<Arc<str>>,
    /// It ends then at the latest.
    pub stop: CancellationToken,
}

/// The answer to the handshake, and the connection that follows it.
///
/// # Errors
/// There is no agreement, or no component takes connections.
pub(super) fn accept(
    component: Option<Arc<Provider>>,
    route: &WebSocketRoute,
    request: &mut Request<Incoming>,
    keeping: ConnectionContext,
) -> Result<(Response<WasiBody>, impl Future<Output = ()> + Send + 'static), Problem> {
    let agreed = handshake::agree(route, &*request)?;
    let component = component
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "not-found", "No component takes WebSocket connections."))?;
    let upgrade = upgrade(&*request, agreed.protocol.clone(), keeping.peer);
    let upgraded = hyper::upgrade::on(request);
    let connection = async move {
        let upgraded = match upgraded.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(peer = %keeping.peer, "the connection was not upgraded: {error}"),
        };
        let unfinished = Unfinished::default();
        let room = keeping.bodies.share(keeping.address);
        let stream = web_socket(Intake::new(TokioIo::new(upgraded), unfinished.clone(), room)).await;
        let connection = Connection::new(component, stream, unfinished, &keeping);
        connection.run(Some(Happening::Opened(upgrade)), keeping.stop).await;
    };
    Ok((handshake::switching(&agreed), connection))
}

/// What a client and the host speak over once the handshake is over.
async fn web_socket<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> WebSocketStream<S> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES);
    WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await
}

/// Why an answer is not kept.
pub(super) enum NotKept {
    /// Its user has as many connections as one may have.
    OfUser,
    /// The component could not take it, or ended it.
    Ended,
}

/// The body of an answer that the host keeps, and the connection that writes it, once its component has taken the request
/// and its `first` message.
pub(super) async fn keep(
    component: Arc<Provider>,
    upgrade: Upgrade,
    first: Bytes,
    keeping: ConnectionContext,
) -> Result<(WasiBody, impl Future<Output = ()> + Send + 'static), NotKept> {
    let (stream, body) = EventStream::new();
    let mut connection = Connection::new(component, stream, Unfinished::default(), &keeping);
    let beginning = [Happening::Opened(upgrade), Happening::Received(Message::Binary(first.into()))];
    match connection.begin(beginning).await {
        Ok(()) => Ok((body, connection.run(None, keeping.stop))),
        Err(farewell) if u16::from(farewell.code) == TOO_MANY => Err(NotKept::OfUser),
        Err(_) => Err(NotKept::Ended),
    }
}

/// What a component gets of a connection's request.
pub fn upgrade<B>(request: &Request<B>, protocol: String, peer: SocketAddr) -> Upgrade {
    Upgrade {
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect(),
        protocol,
        remote_address: peer.to_string(),
    }
}
