//! A request's body, with the client's time limits. A usual body is read before its component is called, so that a client
//! which sends it slowly takes no call; the rest of a larger one comes while the call runs.

use super::budget::{Exhausted, Share};
use crate::engine::BodyProgress;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, LengthLimitError};
use mindflow_backends::clock;
use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error as WasiError;

/// A body that must come within its time.
pub(in crate::trigger) struct Timed<B> {
    body: B,
    idle_max: Duration,
    ends: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    progress: Arc<BodyProgress>,
    body_max: u64,
}

/// What was read ahead, and the rest.
pub(in crate::trigger) struct Received<B> {
    ahead: Bytes,
    share: Option<Share>,
    rest: Option<Timed<B>>,
}

/// Why a body was not received.
#[derive(Debug)]
pub(in crate::trigger) enum BodyFailure {
    /// Its client was too slow.
    Late,
    TooLarge,
    /// The bytes that wait for such bodies are taken.
    Exhausted(Exhausted),
    /// The client left, or broke the protocol.
    Broken,
}

// === impl Timed ===

impl<B> Timed<B> {
    /// `idle_max` between two parts, `total_max` for all of them.
    pub fn new(body: B, body_max: u64, idle_max: Duration, total_max: Duration) -> Self {
        Self { body, idle_max, ends: clock::instant() + total_max, timer: None, progress: Arc::default(), body_max }
    }
}

impl<B> Body for Timed<B>
where
    B: Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>> + Unpin,
{
    type Data = Bytes;
    type Error = WasiError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.progress.arrived();
            this.timer = None;
            let body_max = this.body_max;
            return Poll::Ready(frame.map(|frame| {
                frame.map_err(|error| {
                    if error.is::<LengthLimitError>() {
                        WasiError::HttpRequestBodySize(Some(body_max))
                    } else {
                        WasiError::ConnectionTerminated
                    }
                })
            }));
        }
        this.progress.waits();
        let until = this.ends.min(clock::instant() + this.idle_max);
        let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        ready!(timer.as_mut().poll(cx));
        this.progress.gave_up();
        Poll::Ready(Some(Err(WasiError::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

// === impl Received ===

impl<B> Received<B>
where
    B: Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>> + Unpin,
{
    /// Reads up to `ahead_max` bytes, or a frame more, which `share` accounts for.
    pub async fn read(mut body: Timed<B>, ahead_max: u64, mut share: Share) -> Result<Self, BodyFailure> {
        let ahead_max = usize::try_from(ahead_max).unwrap_or(usize::MAX);
        let (mut ahead, mut more, mut is_whole) = (Bytes::new(), BytesMut::new(), body.is_end_stream());
        while ahead.len() + more.len() < ahead_max && !is_whole {
            let Some(frame) = body.frame().await else {
                is_whole = true;
                break;
            };
            is_whole = body.is_end_stream();
            let frame = frame.map_err(|error| BodyFailure::of(&error))?;
            let Ok(data) = frame.into_data() else { continue };
            share.grow(data.len() as u64).map_err(BodyFailure::Exhausted)?;
            // Most bodies are one frame, and are not copied.
            if ahead.is_empty() && more.is_empty() {
                ahead = data;
            } else {
                more.extend_from_slice(&std::mem::take(&mut ahead));
                more.extend_from_slice(&data);
            }
        }
        if !more.is_empty() {
            ahead = more.freeze();
        }
        let rest = (!is_whole).then_some(body);
        Ok(Self { ahead, share: Some(share), rest })
    }

    /// Nothing is read ahead.
    pub fn unread(body: Timed<B>) -> Self {
        Self { ahead: Bytes::new(), share: None, rest: Some(body) }
    }

    /// The call begins, within which the rest must come; the time that the client has taken so far is not the call's.
    pub fn call_begins(&mut self, within: Duration) -> Arc<BodyProgress> {
        let progress = Arc::<BodyProgress>::default();
        if let Some(rest) = &mut self.rest {
            rest.ends = rest.ends.min(clock::instant() + within);
            rest.progress = Arc::clone(&progress);
        }
        progress
    }
}

impl<B> Body for Received<B>
where
    B: Body<Data = Bytes, Error = Box<dyn Error + Send + Sync>> + Unpin,
{
    type Data = Bytes;
    type Error = WasiError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.share = None;
        if !self.ahead.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.ahead)))));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        super::size_hint(self.ahead.len() as u64, self.rest.as_ref())
    }
}

// === impl BodyFailure ===

impl BodyFailure {
    fn of(error: &WasiError) -> Self {
        match error {
            WasiError::ConnectionReadTimeout => Self::Late,
            WasiError::HttpRequestBodySize(_) => Self::TooLarge,
            _ => Self::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::budget::Budget, *};
    use futures::channel::mpsc;
    use http_body_util::{Limited, StreamBody};

    const IDLE_MAX: Duration = Duration::from_secs(10);
    const TOTAL_MAX: Duration = Duration::from_secs(60);

    type Sent = Result<Frame<Bytes>, std::convert::Infallible>;
    type Comes = Limited<StreamBody<mpsc::UnboundedReceiver<Sent>>>;

    fn body(body_max: usize) -> (mpsc::UnboundedSender<Sent>, Timed<Comes>) {
        let (client, parts) = mpsc::unbounded();
        let body = Limited::new(StreamBody::new(parts), body_max);
        (client, Timed::new(body, body_max as u64, IDLE_MAX, TOTAL_MAX))
    }

    fn part(client: &mpsc::UnboundedSender<Sent>, bytes: &'static [u8]) {
        client.unbounded_send(Ok(Frame::data(Bytes::from_static(bytes)))).unwrap();
    }

    fn share(bytes_max: u64) -> Share {
        Budget::new(bytes_max, bytes_max).take([192, 0, 2, 1].into(), 0).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_late_after_the_idle_time() {
        let (_client, body) = body(100);
        let started = clock::instant();
        let failure = Received::read(body, 100, share(100)).await.err().unwrap();
        assert!(matches!(failure, BodyFailure::Late));
        assert_eq!(started.elapsed(), IDLE_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_late_after_the_total_time() {
        let (client, body) = body(1_000);
        let started = clock::instant();
        let dripping = tokio::spawn(async move {
            while client.unbounded_send(Ok(Frame::data(Bytes::from_static(b"a")))).is_ok() {
                tokio::time::sleep(IDLE_MAX / 2).await;
            }
        });
        let failure = Received::read(body, 1_000, share(1_000)).await.err().unwrap();
        assert!(matches!(failure, BodyFailure::Late));
        assert_eq!(started.elapsed(), TOTAL_MAX);
        dripping.await.unwrap();
    }

    #[tokio::test]
    async fn a_usual_body_is_read_whole_and_a_large_one_in_part() {
        let (client, whole) = body(100);
        part(&client, b"ab");
        part(&client, b"cd");
        drop(client);
        let received = Received::read(whole, 100, share(100)).await.ok().unwrap();
        assert_eq!(received.collect().await.unwrap().to_bytes(), "abcd");

        let (client, large) = body(100);
        part(&client, b"ab");
        part(&client, b"cd");
        let received = Received::read(large, 3, share(100)).await.ok().unwrap();
        assert_eq!((&*received.ahead, received.rest.is_some()), (&b"abcd"[..], true));
        part(&client, b"ef");
        drop(client);
        assert_eq!(received.collect().await.unwrap().to_bytes(), "abcdef");
    }

    #[tokio::test]
    async fn a_body_beyond_its_size_or_the_bytes_that_are_left_is_refused() {
        let (client, too_large) = body(3);
        part(&client, b"abcd");
        let failure = Received::read(too_large, 100, share(100)).await.err().unwrap();
        assert!(matches!(failure, BodyFailure::TooLarge));
        let (client, body) = body(100);
        part(&client, b"abcd");
        let failure = Received::read(body, 100, share(3)).await.err().unwrap();
        assert!(matches!(failure, BodyFailure::Exhausted(Exhausted::Part)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_comes_within_the_time_of_its_call_and_only_that_time_is_the_clients() {
        let (client, large) = body(100);
        part(&client, b"ab");
        let mut received = Received::read(large, 2, share(100)).await.ok().unwrap();
        let progress = received.call_begins(Duration::from_secs(4));
        assert_eq!(&received.frame().await.unwrap().unwrap().into_data().unwrap()[..], b"ab");
        let error = received.frame().await.unwrap().unwrap_err();
        assert!(matches!(error, WasiError::ConnectionReadTimeout));
        assert!(progress.is_late());
        assert_eq!(progress.waited(), Duration::from_secs(4));
    }
}
