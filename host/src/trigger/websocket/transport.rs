//! What carries a connection's messages: a WebSocket, or the body of an answer. All of them speak in a WebSocket's frames.

use super::Stream as WebSocket;
use futures::{Sink, Stream};
use std::time::Duration;
use tokio_tungstenite::tungstenite::{Error, Message as Frame};

pub(super) trait Transport:
    Stream<Item = Result<Frame, Error>> + Sink<Frame, Error = Error> + Send + Unpin
{
    /// Between two pings.
    const PING_EVERY: Duration;
    /// Whether the client answers them, so that one that is silent has disconnected. Where it does not, the door notices.
    const ANSWERS_PINGS: bool;
}

impl Transport for WebSocket {
    /// A peer that has not answered a ping by the next one has disconnected.
    const PING_EVERY: Duration = Duration::from_secs(30);
    const ANSWERS_PINGS: bool = true;
}
