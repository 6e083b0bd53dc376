//! The body of an answer as what carries a connection's messages: server-sent events (HTML standard, §9.2). A message is
//! written as it is, so its component makes the events. Nothing comes in, but that the client has left.

use super::transport::Transport;
use bytes::Bytes;
use futures::{Sink, Stream, StreamExt, future::BoxFuture};
use http_body::Frame as Part;
use http_body_util::{BodyExt, StreamBody};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Error, Message as Frame};
use tokio_util::sync::PollSender;
use wasmtime_wasi_http::WasiBody;

/// Clients pass over it. It tells proxies that the connection lives, and the host that its client has left.
const COMMENT: &[u8] = b":\n\n";

pub(super) struct EventStream {
    body: PollSender<Bytes>,
    /// Comes to its end when the body is no longer wanted; `None` when that is known, or the host has ended it.
    left: Option<BoxFuture<'static, ()>>,
}

// === impl EventStream ===

impl EventStream {
    /// It, and the body that it writes. One message waits in between: the next ones wait in the connection.
    pub fn new() -> (Self, WasiBody) {
        let (sender, mut receiver) = mpsc::channel(1);
        let watched = sender.clone();
        let left = Box::pin(async move { watched.closed().await });
        let parts = futures::stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let body = StreamBody::new(parts.map(|bytes| Ok(Part::data(bytes)))).boxed_unsync();
        (Self { body: PollSender::new(sender), left: Some(left) }, body)
    }

    fn end(&mut self) {
        self.body.abort_send();
        self.body.close();
        self.left = None;
    }
}

impl Transport for EventStream {
    /// Proxies close connections that are silent for 15 to 60 seconds.
    const PING_EVERY: Duration = Duration::from_secs(12);
    const ANSWERS_PINGS: bool = false;
    /// An event is bytes, which the body parts by itself.
    const PART_BYTES: usize = usize::MAX;

    /// The body has ended, and nothing comes in.
    async fn finish(self) {}
}

impl Stream for EventStream {
    type Item = Result<Frame, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(left) = &mut self.left {
            ready!(left.as_mut().poll(cx));
            self.left = None;
        }
        Poll::Ready(None)
    }
}

impl Sink<Frame> for EventStream {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.body.poll_reserve(cx).map_err(|_| Error::ConnectionClosed)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), Error> {
        let bytes = match frame {
            Frame::Text(text) => text.into(),
            Frame::Binary(bytes) => bytes,
            Frame::Ping(_) => Bytes::from_static(COMMENT),
            Frame::Close(_) => {
                self.end();
                return Ok(());
            }
            Frame::Pong(_) | Frame::Frame(_) => return Ok(()),
        };
        self.body.send_item(bytes).map_err(|_| Error::ConnectionClosed)
    }

    /// What was handed to the body is the client's to take.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.end();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, SinkExt};

    #[tokio::test]
    async fn messages_pings_and_the_end_are_events_comments_and_the_end_of_the_body() {
        let (mut stream, body) = EventStream::new();
        let writing = async {
            stream.send(Frame::text("event: next\ndata: 1\n\n")).await.unwrap();
            stream.send(Frame::Ping(Bytes::new())).await.unwrap();
            stream.send(Frame::binary(&b"data: 2\n\n"[..])).await.unwrap();
            stream.send(Frame::Close(None)).await.unwrap();
            assert!(stream.next().await.is_none());
        };
        let (written, ()) = tokio::join!(body.collect(), writing);
        assert_eq!(written.unwrap().to_bytes(), "event: next\ndata: 1\n\n:\n\ndata: 2\n\n");
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_waited_for() {
        let (mut stream, mut body) = EventStream::new();
        stream.send(Frame::text("1")).await.unwrap();
        assert!(stream.send(Frame::text("2")).now_or_never().is_none());
        assert!(stream.next().now_or_never().is_none());
        body.frame().await.unwrap().unwrap();
        assert!(stream.send(Frame::text("2")).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_client_that_leaves_is_noticed_by_reading_and_by_writing() {
        let (mut stream, body) = EventStream::new();
        drop(body);
        assert!(stream.next().await.is_none());
        assert!(stream.send(Frame::text("1")).await.is_err());
    }
}
