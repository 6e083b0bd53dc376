//! What waits to be sent to a client. A client that reads slowly makes its own connection wait and no other.

use super::transport::Transport;
use crate::{
    capability::websocket::bindings::mindflow::platform::websocket::Message,
    trigger::door::budget::{Exhausted, Share},
};
use bytes::Bytes;
use futures::{Sink, stream::SplitSink};
use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio_tungstenite::tungstenite::{
    Error, Message as Frame,
    protocol::frame::{
        Frame as Part,
        coding::{Data, OpCode},
    },
};

/// Messages that wait before the connection waits; the messages of one reaction, and of the calls in progress, may
/// still be added.
const MESSAGES_MAX: usize = 16;
/// Of all of them.
const BYTES_MAX: usize = 1 << 20;
/// What is above this is counted among the unread answers of all clients. Most messages are far smaller.
const BYTES_FREE: usize = 64 << 10;
/// Answers to the client's pings that wait in the sink. A client that sends pings and reads nothing would fill the memory.
const PONGS_MAX: usize = 16;

pub(super) struct Outgoing<T> {
    sink: SplitSink<T, Frame>,
    /// The first may be the rest of a message.
    waiting: VecDeque<Frame>,
    bytes: usize,
    room: Share,
    /// There was no room for a message.
    is_over: bool,
    /// Handed to the sink by its own reading, and not known to be written.
    pongs: usize,
    /// Something was handed to the sink and may not have been written.
    flushing: bool,
    /// Whether anything was handed to the sink or written since the last look.
    moved: bool,
}

// === impl Outgoing ===

impl<T: Transport> Outgoing<T> {
    /// `room`: what is counted of it, with everything else that waits for clients.
    pub(super) fn new(sink: SplitSink<T, Frame>, room: Share) -> Self {
        let waiting = VecDeque::new();
        Self { sink, waiting, bytes: 0, room, is_over: false, pongs: 0, flushing: false, moved: false }
    }

    /// Where there is no room for it, the message is lost, and [`Self::is_over`].
    pub(super) fn push(&mut self, message: Message) {
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(bytes) => Frame::binary(bytes),
        };
        if self.count(self.bytes + payload_bytes(&frame)).is_ok() {
            self.push_frame(frame);
        } else {
            self.is_over = true;
        }
    }

    pub(super) fn push_frame(&mut self, frame: Frame) {
        self.bytes += payload_bytes(&frame);
        self.waiting.push_back(frame);
    }

    /// Whether a message was lost, so that the connection has to end.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    fn count(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.room.resize(bytes.saturating_sub(BYTES_FREE) as u64)
    }

    /// What is handed on next.
    fn part(&mut self) -> Option<Frame> {
        let (part, rest) = split(self.waiting.pop_front()?, T::PART_BYTES);
        self.bytes -= payload_bytes(&part);
        // It takes less, for which there is room.
        let _ = self.count(self.bytes);
        if let Some(rest) = rest {
            self.waiting.push_front(rest);
        }
        Some(part)
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

    /// Hands a part of a message on, or writes what was handed on. May be dropped while it waits: nothing is lost or doubled.
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
            if let Some(part) = self.part() {
                self.flushing = true;
                Pin::new(&mut self.sink).start_send(part)?;
            }
        }
        self.moved = true;
        Poll::Ready(Ok(()))
    }

    /// What waits is not sent. What the sink has, is.
    pub(super) fn forget(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
        let _ = self.count(0);
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

fn payload_bytes(frame: &Frame) -> usize {
    match frame {
        Frame::Frame(part) => part.payload().len(),
        whole => whole.len(),
    }
}

/// The first part of a message, or of the rest of one, and what is left of it (RFC 6455 §5.4).
fn split(frame: Frame, bytes_max: usize) -> (Frame, Option<Frame>) {
    if payload_bytes(&frame) <= bytes_max {
        return (frame, None);
    }
    let (kind, mut payload) = match frame {
        Frame::Text(text) => (Data::Text, Bytes::from(text)),
        Frame::Binary(bytes) => (Data::Binary, bytes),
        Frame::Frame(rest) => (Data::Continue, rest.into_payload()),
        // A control frame is never parted, and has 125 bytes at most.
        Frame::Ping(_) | Frame::Pong(_) | Frame::Close(_) => return (frame, None),
    };
    let first = payload.split_to(bytes_max);
    let part = |payload: Bytes, kind, is_last| Frame::Frame(Part::message(payload, OpCode::Data(kind), is_last));
    (part(first, kind, false), Some(part(payload, Data::Continue, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_handed_on_in_parts_and_a_short_one_whole() {
        let mut frame = Frame::text("äbcdefg");
        let mut parts = Vec::new();
        loop {
            let (part, rest) = split(frame, 3);
            assert!(payload_bytes(&part) <= 3);
            let Frame::Frame(part) = part else { panic!("a part: {part:?}") };
            parts.push((part.header().opcode, part.header().is_final, part.into_payload()));
            match rest {
                Some(rest) => frame = rest,
                None => break,
            }
        }
        let kinds: Vec<_> = parts.iter().map(|(opcode, is_final, _)| (*opcode, *is_final)).collect();
        let (text, more) = (OpCode::Data(Data::Text), OpCode::Data(Data::Continue));
        assert_eq!(kinds, [(text, false), (more, false), (more, true)]);
        let payloads: Vec<_> = parts.into_iter().map(|(_, _, payload)| payload).collect();
        assert_eq!(payloads.concat(), "äbcdefg".as_bytes());
        assert_eq!(split(Frame::text("abc"), 3), (Frame::text("abc"), None));
    }
}
