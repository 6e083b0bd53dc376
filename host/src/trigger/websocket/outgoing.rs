//! What waits to be sent to a client. A client that reads slowly makes its own connection wait and no other.

use super::transport::Transport;
use crate::capability::websocket::bindings::mindflow::platform::websocket::Message;
use futures::{Sink, stream::SplitSink};
use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio_tungstenite::tungstenite::{Error, Message as Frame};

/// Messages that wait before the connection waits; the messages of one reaction, and of the calls in progress, may
/// still be added.
const MESSAGES_MAX: usize = 16;
/// Of all of them.
const BYTES_MAX: usize = 1 << 20;
/// Answers to the client's pings that wait in the sink. A client that sends pings and reads nothing would fill the memory.
const PONGS_MAX: usize = 16;

pub(super) struct Outgoing<T> {
    sink: SplitSink<T, Frame>,
    waiting: VecDeque<Frame>,
    bytes: usize,
    /// Handed to the sink by its own reading, and not known to be written.
    pongs: usize,
    /// Something was handed to the sink and may not have been written.
    flushing: bool,
    /// Whether anything was handed to the sink or written since the last look.
    moved: bool,
}

// === impl Outgoing ===

impl<T: Transport> Outgoing<T> {
    pub(super) fn new(sink: SplitSink<T, Frame>) -> Self {
        Self { sink, waiting: VecDeque::new(), bytes: 0, pongs: 0, flushing: false, moved: false }
    }

    pub(super) fn push(&mut self, message: Message) {
        self.push_frame(match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(bytes) => Frame::binary(bytes),
        });
    }

    pub(super) fn push_frame(&mut self, frame: Frame) {
        self.bytes += frame.len();
        self.waiting.push_back(frame);
    }

    /// A ping was read, whose answer the sink has made.
    pub(super) fn pong(&mut self) {
        self.pongs += 1;
        self.flushing = true;
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MESSAGES_MAX || self.bytes >= BYTES_MAX || self.pongs >= PONGS_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.flushing
    }

    /// Whether the client has taken nothing since the last time that this was asked, although something waits.
    pub(super) fn is_stuck(&mut self) -> bool {
        !std::mem::take(&mut self.moved) && !self.is_empty()
    }

    /// Hands one message on, or writes what was handed on. May be dropped while it waits: nothing is lost or doubled.
    pub(super) async fn advance(&mut self) -> Result<(), Error> {
        std::future::poll_fn(|cx| self.poll_advance(cx)).await
    }

    fn poll_advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.waiting.is_empty() {
            if !self.flushing {
                return Poll::Pending;
            }
            ready!(Pin::new(&mut self.sink).poll_flush(cx))?;
            (self.flushing, self.pongs) = (false, 0);
        } else {
            ready!(Pin::new(&mut self.sink).poll_ready(cx))?;
            if let Some(frame) = self.waiting.pop_front() {
                self.bytes -= frame.len();
                self.flushing = true;
                Pin::new(&mut self.sink).start_send(frame)?;
            }
        }
        self.moved = true;
        Poll::Ready(Ok(()))
    }

    /// What waits is not sent. What the sink has, is.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
        self.flushing = true;
    }

    pub(super) fn into_sink(self) -> SplitSink<T, Frame> {
        self.sink
    }

    /// Sends all that waits.
    pub(super) async fn empty(&mut self) -> Result<(), Error> {
        while !self.is_empty() {
            self.advance().await?;
        }
        Ok(())
    }
}
