//! A client's TCP connection, which ends when the client takes nothing of what is written to it, or takes too long for the whole.

use super::connection::Connection;
use mindflow_backends::clock;
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
        let ends = self.connection.answer_ends();
        let stall_max = self.stall_max;
        let stalled = self.stalled.get_or_insert_with(|| {
            let stall_ends = clock::instant() + stall_max;
            Box::pin(tokio::time::sleep_until(ends.map_or(stall_ends, |ends| ends.min(stall_ends))))
        });
        ready!(stalled.as_mut().poll(cx));
        let (reason, says) = match ends {
            Some(ends) if ends <= stalled.deadline() => ("long-answer", "the client takes too long for its answer"),
            _ => ("unread", "the client reads nothing"),
        };
        super::closed(reason);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, says)))
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
    async fn a_client_that_reads_too_slowly_to_have_its_answer_in_time_ends_its_connection() {
        let (host, mut client) = tokio::io::duplex(8);
        let connection = Connection::new(1);
        let mut socket = ClientSocket::new(host, Arc::clone(&connection), STALL_MAX);
        let reading = async {
            let mut bytes = [0; 8];
            while client.read_exact(&mut bytes).await.is_ok() {
                tokio::time::sleep(STALL_MAX / 2).await;
            }
        };
        let request = connection.begin();
        request.ends_at(clock::instant() + STALL_MAX * 3);
        let writing = async {
            let error = socket.write_all(&[0; 800]).await.unwrap_err();
            drop(socket);
            error
        };
        let began = clock::instant();
        let (error, ()) = tokio::join!(writing, reading);
        assert!(error.to_string().contains("too long"), "{error}");
        assert!(began.elapsed() < STALL_MAX * 4);
        // The next answer has its own time.
        drop(request);
        let _next = connection.begin();
        assert!(connection.answer_ends().is_none());
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
