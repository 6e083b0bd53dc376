//! WebSocket connections (RFC 6455) as one call of a component each, with bounded channels both ways:
//! a peer that reads slowly slows its component's sends, and nothing piles up.

use crate::{
    capability::websocket::{
        Outgoing, Socket,
        bindings::mindflow::platform::websocket::{Message, Upgrade},
    },
    engine::Provider,
    manifest::WebSocketRoute,
    observe::problem::Problem,
};
use futures::{SinkExt, StreamExt};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::sync::mpsc;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message as Frame,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::WasiBody;

/// As large as a request body of the same protocol over HTTP may be.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Messages waiting in each direction.
const QUEUE_MAX: usize = 16;
/// A peer that has not answered a ping by the next one has disconnected.
const PING_EVERY: Duration = Duration::from_secs(30);

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
    let upgraded = hyper::upgrade::on(&mut request);
    let connection = async move {
        let upgraded = match upgraded.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(%peer, "the connection was not upgraded: {error}"),
        };
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        let (to_component, incoming) = mpsc::channel(QUEUE_MAX);
        let (outgoing, from_component) = mpsc::channel(QUEUE_MAX);
        let call = async {
            let to_peer = outgoing.clone();
            if let Err(failure) = component.socket(upgrade, Socket::new(incoming, outgoing)).await {
                tracing::warn!(%peer, "connection: {failure}");
                let reason = "try again shortly".to_owned();
                let _ = to_peer.send(Outgoing::Close { code: CloseCode::Again.into(), reason }).await;
            }
        };
        tokio::join!(call, pump(stream, to_component, from_component, stop));
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

/// Carries messages both ways until one side ends. Dropping `to_component` ends the component's input.
async fn pump(
    mut stream: WebSocketStream<TokioIo<Upgraded>>,
    to_component: mpsc::Sender<Message>,
    mut from_component: mpsc::Receiver<Outgoing>,
    stop: CancellationToken,
) {
    let mut ping = tokio::time::interval(PING_EVERY);
    ping.tick().await;
    let mut answered = true;
    let farewell = loop {
        tokio::select! {
            frame = stream.next() => match frame {
                Some(Ok(Frame::Text(text))) => if to_component.send(Message::Text(text.to_string())).await.is_err() { break Some(normal()) },
                Some(Ok(Frame::Binary(bytes))) => if to_component.send(Message::Binary(bytes.into())).await.is_err() { break Some(normal()) },
                Some(Ok(Frame::Pong(_))) => answered = true,
                Some(Ok(Frame::Ping(_) | Frame::Frame(_))) => {}
                Some(Ok(Frame::Close(_)) | Err(_)) | None => break None,
            },
            action = from_component.recv() => match action {
                Some(Outgoing::Message(message)) => if stream.send(frame(message)).await.is_err() { break None },
                Some(Outgoing::Close { code, reason }) => break Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() }),
                None => break Some(normal()),
            },
            _ = ping.tick() => {
                if !answered || stream.send(Frame::Ping(Default::default())).await.is_err() { break None }
                answered = false;
            }
            () = stop.cancelled() => break Some(CloseFrame { code: CloseCode::Away, reason: "the server is stopping".into() }),
        }
    };
    drop(to_component);
    if let Some(farewell) = farewell {
        let _ = stream.close(Some(farewell)).await;
        // The peer's own close, so that the TCP connection ends cleanly.
        let _ = tokio::time::timeout(Duration::from_secs(1), async { while let Some(Ok(_)) = stream.next().await {} })
            .await;
    }
}

fn normal() -> CloseFrame {
    CloseFrame { code: CloseCode::Normal, reason: "".into() }
}

fn frame(message: Message) -> Frame {
    match message {
        Message::Text(text) => Frame::text(text),
        Message::Binary(bytes) => Frame::binary(bytes),
    }
}
