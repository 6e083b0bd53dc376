//! What carries a connection's messages: a WebSocket, or the body of an answer. All of them speak in a WebSocket's frames.

use futures::{Sink, Stream};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message as Frame},
};

/// Of what is discarded at a time.
const DISCARDED_BYTES: usize = 4 * 1024;

pub(super) trait Transport:
    Stream<Item = Result<Frame, Error>> + Sink<Frame, Error = Error> + Send + Unpin
{
    /// Between two pings.
    const PING_EVERY: Duration;
    /// Whether the client answers them, so that one that is silent has disconnected. Where it does not, the door notices.
    const ANSWERS_PINGS: bool;

    /// A longer message is handed on in parts of this size, so that each that the client takes is known, and what the sink
    /// holds of it stays small.
    const PART_BYTES: usize;

    /// Ends its own side, and discards what the client still sends until it ends the other.
    fn finish(self) -> impl Future<Output = ()> + Send;
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Transport for WebSocketStream<S> {
    /// A peer that has not answered a ping by the next one has disconnected.
    const PING_EVERY: Duration = Duration::from_secs(30);
    const ANSWERS_PINGS: bool = true;
    /// The sink copies a frame whole, and keeps as much room for the next ones. Messages of usual size are one frame.
    const PART_BYTES: usize = 16 * 1024;

    async fn finish(mut self) {
        let socket = self.get_mut();
        if socket.shutdown().await.is_err() {
            return;
        }
        let mut discarded = vec![0; DISCARDED_BYTES];
        while matches!(socket.read(&mut discarded).await, Ok(1..)) {}
    }
}
