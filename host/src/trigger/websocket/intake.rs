//! What a client has sent of a message that is not whole yet. The reader of frames keeps it, and as much room for the next one,
//! so it is counted among the bodies that all clients send.

use super::framing::Framing;
use crate::trigger::door::budget::Share;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Not counted: most messages are far smaller.
const BYTES_FREE: usize = 64 << 10;
/// Of a client's control frame, besides its payload: head and mask (RFC 6455 §5.2).
const CONTROL_BYTES: usize = 6;

/// How much that is. The connection knows when a message is whole, and the reader how much has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Unfinished(Arc<Received>);

#[derive(Debug, Default)]
struct Received {
    bytes: AtomicUsize,
    is_discarded: AtomicBool,
}

/// A connection that is read for its frames.
pub(super) struct Intake<S> {
    stream: S,
    unfinished: Unfinished,
    /// For the largest message of the connection.
    room: Share,
    framing: Framing,
    /// What comes next breaks the protocol.
    is_broken: bool,
}

// === impl Unfinished ===

impl Unfinished {
    /// What has come of the next message is little.
    pub(super) fn message(&self) {
        self.0.bytes.store(0, Ordering::Relaxed);
    }

    /// It may come between the parts of a message.
    pub(super) fn control_frame(&self, payload_bytes: usize) {
        let bytes = self.0.bytes.load(Ordering::Relaxed);
        self.0.bytes.store(bytes.saturating_sub(payload_bytes + CONTROL_BYTES), Ordering::Relaxed);
    }

    /// What comes from now on is not kept.
    pub(super) fn is_discarded(&self) {
        self.0.is_discarded.store(true, Ordering::Relaxed);
    }
}

// === impl Intake ===

impl<S> Intake<S> {
    pub(super) fn new(stream: S, unfinished: Unfinished, room: Share) -> Self {
        Self { stream, unfinished, room, framing: Framing::default(), is_broken: false }
    }

    fn came(&mut self, bytes: usize) -> io::Result<()> {
        let received = &self.unfinished.0;
        let unfinished = received.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let counted = unfinished.saturating_sub(BYTES_FREE) as u64;
        self.room.raise(counted).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Intake<S> {
    /// # Errors
    /// `OutOfMemory` when all clients, or those of this address, have sent as much as may be unfinished; `InvalidData` for what is no
    /// frame, once all before it is read.
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let is_discarded = self.unfinished.0.is_discarded.load(Ordering::Relaxed);
        if !self.is_broken || is_discarded {
            ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        }
        if is_discarded {
            return Poll::Ready(Ok(()));
        }
        if let Err(good) = self.framing.follow(buffer.filled().get(before..).unwrap_or_default()) {
            self.is_broken = true;
            buffer.set_filled(before + good);
        }
        let bytes = buffer.filled().len() - before;
        if self.is_broken && bytes == 0 {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        Poll::Ready(self.came(bytes))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Intake<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
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
    use crate::trigger::door::budget::Budget;
    use tokio::io::AsyncReadExt;

    const BUDGET_BYTES: u64 = 10_000;

    /// A message of so many bytes, in one frame.
    fn message(bytes: usize) -> Vec<u8> {
        [&[0x82, 0x80 | 127][..], &(bytes as u64).to_be_bytes(), &[0; 4], &vec![0; bytes]].concat()
    }

    fn intake(bytes: &[u8]) -> (Intake<&[u8]>, Unfinished) {
        let room = Budget::new(BUDGET_BYTES, BUDGET_BYTES).share([192, 0, 2, 1].into());
        let unfinished = Unfinished::default();
        (Intake::new(bytes, unfinished.clone(), room), unfinished)
    }

    #[tokio::test]
    async fn one_message_is_bounded_and_any_number_of_them_is_not() {
        let bytes = message(10 * BYTES_FREE);
        let (mut small, unfinished) = intake(&bytes);
        for _ in 0..10 {
            small.read_exact(&mut vec![0; BYTES_FREE]).await.unwrap();
            unfinished.message();
        }
        let (mut large, _) = intake(&bytes);
        let error = large.read_exact(&mut vec![0; 2 * BYTES_FREE]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
    }

    #[tokio::test]
    async fn pings_are_no_part_of_a_message_and_what_is_discarded_is_not_counted() {
        let bytes = message(10 * BYTES_FREE);
        let (mut pinged, unfinished) = intake(&bytes);
        for _ in 0..5 * BYTES_FREE / (CONTROL_BYTES + 10) {
            pinged.read_exact(&mut [0; CONTROL_BYTES + 10]).await.unwrap();
            unfinished.control_frame(10);
        }
        let (mut ended, unfinished) = intake(&bytes);
        unfinished.is_discarded();
        ended.read_exact(&mut vec![0; 10 * BYTES_FREE]).await.unwrap();
    }

    #[tokio::test]
    async fn what_breaks_the_protocol_is_an_error_after_what_comes_before_it() {
        let bytes = [message(1 << 16), vec![0xff; 100]].concat();
        let (mut broken, unfinished) = intake(&bytes);
        broken.read_exact(&mut vec![0; bytes.len() - 100]).await.unwrap();
        for _ in 0..2 {
            assert_eq!(broken.read(&mut [0; 10]).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
        unfinished.is_discarded();
        broken.read_to_end(&mut Vec::new()).await.unwrap();
    }
}
