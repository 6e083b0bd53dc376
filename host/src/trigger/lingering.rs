//! A request body that a component may leave unread. Most clients read no answer before they have sent everything, and
//! report a connection that closes earlier as a failure instead of showing the refusal; so the rest of a body is read
//! and discarded.

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// Several times the largest body that is accepted by default. A client that sends more is disconnected.
const THROWN_AWAY_BYTES_MAX: usize = 64 << 20;
/// Less than the time that connections have when the host stops.
const THROWN_AWAY_MAX: Duration = Duration::from_secs(5);

pub(super) struct Lingering {
    /// `None` at its end.
    body: Option<Incoming>,
    /// The client sent `Expect: 100-continue` and has no answer to it yet.
    asked: bool,
}

impl Lingering {
    pub(super) fn new(headers: &HeaderMap, body: Incoming) -> Self {
        Self { body: Some(body), asked: headers.contains_key(header::EXPECT) }
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        // Reading answers the client's `Expect`.
        self.asked = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let left = self.body.take().filter(|body| !self.asked && !body.is_end_stream());
        if let (Some(body), Ok(runtime)) = (left, tokio::runtime::Handle::try_current()) {
            runtime.spawn(throw_away(body));
        }
    }
}

async fn throw_away(body: Incoming) {
    let mut body = Limited::new(body, THROWN_AWAY_BYTES_MAX);
    let read = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = tokio::time::timeout(THROWN_AWAY_MAX, read).await;
}
