//! The body of an answer. One that is whole soon after its head is held by the host until its client has read it, and its
//! component has done its part; any other is a stream, of which there are so many for all clients and for one address.

use super::{budget::Share, connection::InProgress, patience::Held};
use crate::engine::KnownCaller;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::Sleep;
use wasmtime_wasi_http::{Error as WasiError, WasiBody};

/// Up to here an answer is held whole; most are far smaller.
pub(in crate::trigger) const WHOLE_BYTES_MAX: usize = 256 << 10;
/// How long after its head an answer may become whole. A component writes what it has without waiting.
const WHOLE_WITHIN: Duration = Duration::from_millis(20);
/// An answer in smaller parts than these frames is a stream.
const WHOLE_FRAMES_MAX: usize = 256;
/// Handed to hyper at a time, which buffers one such part for a client that opens its window by a byte: a frame of HTTP/2.
const PART_BYTES: usize = 16 << 10;

/// A body on its way to the client, with everything that lasts until it is there.
#[derive(Default)]
pub(in crate::trigger) struct Answer {
    frames: VecDeque<Frame<Bytes>>,
    rest: Option<WasiBody>,
    /// When it ends at the latest.
    ends: Option<Pin<Box<Sleep>>>,
    held: Option<Arc<Held>>,
    shares: Vec<Share>,
    kept: Option<(InProgress, KnownCaller)>,
}

// === impl Answer ===

impl Answer {
    /// A body that the host has made, or one that streams from the beginning.
    pub fn of(body: WasiBody) -> Self {
        Self { rest: Some(body), ..Self::default() }
    }

    /// Reads the body until it is whole, or has proven to be a stream.
    pub async fn gather(body: WasiBody) -> Result<Self, WasiError> {
        let mut answer = Self::of(body);
        let gathering = async {
            let mut bytes = 0;
            while let Some(rest) = &mut answer.rest
                && bytes < WHOLE_BYTES_MAX
                && answer.frames.len() < WHOLE_FRAMES_MAX
            {
                match rest.frame().await {
                    Some(frame) => {
                        let frame = frame?;
                        bytes += frame.data_ref().map_or(0, Bytes::len);
                        answer.frames.push_back(frame);
                    }
                    None => answer.rest = None,
                }
                if answer.rest.as_ref().is_some_and(Body::is_end_stream) {
                    answer.rest = None;
                }
            }
            Ok::<(), WasiError>(())
        };
        match tokio::time::timeout(WHOLE_WITHIN, gathering).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) | Err(_) => Ok(answer),
        }
    }

    pub fn is_stream(&self) -> bool {
        self.rest.is_some()
    }

    /// Bytes that the host holds.
    pub fn held_bytes(&self) -> u64 {
        self.frames.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum()
    }

    /// The share is given back when the answer has been sent.
    pub fn account(&mut self, share: Share) {
        self.shares.push(share);
    }

    /// It ends then at the latest, also while its client reads.
    pub fn ends_within(&mut self, within: Duration) {
        self.ends = Some(Box::pin(tokio::time::sleep(within)));
    }

    /// From here on the answer is sent, in the task that calls this.
    pub fn begin_sending(&mut self, request: InProgress, caller: KnownCaller) {
        self.held = Held::of_this_task();
        if let Some(ends) = self.ends.as_ref().map(|sleep| sleep.deadline()) {
            // While a part waits for the client, hyper asks for no further one.
            match &self.held {
                Some(held) => held.ends_at(ends),
                None => request.ends_at(ends),
            }
        }
        self.kept = Some((request, caller));
    }

    /// The first part of a frame; the rest comes next.
    fn part(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_data() {
            Ok(mut data) if data.remaining() > PART_BYTES => {
                let part = data.split_to(PART_BYTES);
                self.frames.push_front(Frame::data(data));
                Frame::data(part)
            }
            Ok(data) => Frame::data(data),
            Err(other) => other,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = WasiError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        if let Some(held) = &this.held {
            held.taken();
        }
        let frame = match (this.frames.pop_front(), &mut this.rest) {
            (Some(frame), _) => frame,
            (None, None) => return Poll::Ready(None),
            (None, Some(rest)) => {
                if let Some(ends) = &mut this.ends
                    && ends.as_mut().poll(cx).is_ready()
                {
                    super::closed("long-answer");
                    this.rest = None;
                    return Poll::Ready(Some(Err(WasiError::HttpResponseTimeout)));
                }
                match ready!(Pin::new(rest).poll_frame(cx)) {
                    Some(Ok(frame)) => frame,
                    end => {
                        this.rest = None;
                        return Poll::Ready(end);
                    }
                }
            }
        };
        let part = this.part(frame);
        if let Some(held) = &this.held {
            held.hand_out();
        }
        Poll::Ready(Some(Ok(part)))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        super::size_hint(self.held_bytes(), self.rest.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::channel::mpsc;
    use http_body_util::{Full, StreamBody};

    fn streamed() -> (mpsc::UnboundedSender<Result<Frame<Bytes>, WasiError>>, WasiBody) {
        let (component, parts) = mpsc::unbounded();
        (component, StreamBody::new(parts).boxed_unsync())
    }

    fn full(bytes: usize) -> WasiBody {
        Full::new(Bytes::from(vec![0; bytes])).map_err(|never| match never {}).boxed_unsync()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_whole_soon_is_no_stream_and_what_goes_on_is_one() {
        assert!(!Answer::gather(full(1_000)).await.unwrap().is_stream());
        assert!(!Answer::gather(full(0)).await.unwrap().is_stream());
        let (component, body) = streamed();
        component.unbounded_send(Ok(Frame::data(Bytes::from_static(b"data: 1")))).unwrap();
        let answer = Answer::gather(body).await.unwrap();
        assert!(answer.is_stream());
        assert_eq!(answer.held_bytes(), 7);
        drop(component);
        assert_eq!(answer.collect().await.unwrap().to_bytes(), "data: 1");
    }

    #[tokio::test]
    async fn a_large_answer_is_held_in_part() {
        let (component, body) = streamed();
        for _ in 0..100 {
            component.unbounded_send(Ok(Frame::data(Bytes::from(vec![0; PART_BYTES])))).unwrap();
        }
        let answer = Answer::gather(body).await.unwrap();
        assert!(answer.is_stream());
        assert_eq!(answer.held_bytes(), WHOLE_BYTES_MAX as u64);
    }

    #[tokio::test]
    async fn a_component_that_fails_after_the_head_is_known_before_the_head_is_sent() {
        let (component, body) = streamed();
        component.unbounded_send(Err(WasiError::ConnectionTerminated)).unwrap();
        assert!(Answer::gather(body).await.is_err());
    }

    #[tokio::test]
    async fn parts_are_small_and_their_sum_is_the_answer() {
        let mut answer = Answer::gather(full(100_000)).await.unwrap();
        assert_eq!(answer.size_hint().exact(), Some(100_000));
        let mut sum = 0;
        while let Some(frame) = answer.frame().await {
            let data = frame.unwrap().into_data().unwrap();
            assert!(data.len() <= PART_BYTES);
            sum += data.len();
        }
        assert_eq!(sum, 100_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_without_an_end_is_ended() {
        let (_component, body) = streamed();
        let mut answer = Answer::gather(body).await.unwrap();
        answer.ends_within(Duration::from_secs(600));
        assert!(matches!(answer.frame().await, Some(Err(WasiError::HttpResponseTimeout))));
        assert!(answer.frame().await.is_none());
    }
}
