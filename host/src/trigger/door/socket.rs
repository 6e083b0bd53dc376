//! A client's TCP connection, which ends when the client takes nothing of what is written to it.

use super::connection::Connection;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

pub(super) struct ClientSocket<S = TcpStream> {
    stream: S,
    connection: Arc<Connection>,
    stall_max: Duration,
    /// Runs while a write waits for the client.
    stalled: Option<Pin<Box<Sleep>>>,
}

// === impl ClientSocket ===

impl<S> ClientSocket<S> {
    pub fn new(stream: S, connection: Arc<Connection>, stall_max: Duration) -> Self {
        Self { stream, connection, stall_max, stalled: None }
    }

    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        // A WebSocket has a limit of its own (docs/live-updates.md).
        if self.connection.is_upgraded() {
            return Poll::Pending;
        }
        let stall_max = self.stall_max;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall_max)));
        ready!(stalled.as_mut().poll(cx));
        super::closed("unread");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client reads nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ClientSocket<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ClientSocket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const STALL_MAX: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_ends_its_connection_and_one_that_reads_slowly_does_not() {
        let (host, mut client) = tokio::io::duplex(8);
        let mut socket = ClientSocket::new(host, Connection::new(1), STALL_MAX);
        let reading = async {
            let mut bytes = [0; 8];
            for _ in 0..3 {
                tokio::time::sleep(STALL_MAX / 2).await;
                client.read_exact(&mut bytes).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(socket.write_all(&[0; 32]), reading);
        assert!(written.is_ok());
        let error = socket.write_all(&[0; 32]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_websocket_is_left_to_its_own_limit() {
        let (host, _client) = tokio::io::duplex(8);
        let connection = Connection::new(1);
        connection.upgraded();
        let mut socket = ClientSocket::new(host, connection, STALL_MAX);
        assert!(tokio::time::timeout(STALL_MAX * 2, socket.write_all(&[0; 32])).await.is_err());
    }
}
