//! GraphQL over server-sent events, "distinct connections mode"
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>): one request, one operation, one stream.
//!
//! A host that keeps streams says so in the request. A subscription is then handed over to it ([`hold`]), and takes neither
//! a call nor an instance; elsewhere its call answers it for as long as it lasts ([`respond`]).

use super::answer::{Answer, Refused};
use super::execute::{self, Begun};
use super::prepared::Prepared;
use super::roots::Begins;
use super::workarounds::params::Params;
use crate::change_feed::Start;
use crate::failure::Failure;
use crate::memory::Reservation;
use crate::socket;
use crate::viewer::{Viewer, watch};
use crate::web::media::Answer as AnswerType;
use crate::web::sse_events::{self, COMPLETE};
use crate::web::{Request, Response};
use async_graphql::parser::types::OperationType;
use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, pending, select};
use futures::stream::{self, LocalBoxStream, StreamExt};
use http::{Method, StatusCode};
use mindflow_guest::call::Error;
use mindflow_guest::clock;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Proxies close connections that are silent for 15 to 60 seconds. It also detects clients that have disconnected.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

/// A comment: clients pass over it.
const STILL_THERE: &str = ":\n\n";

/// By the host, `wit/platform/websocket.wit`.
const HOLD: &str = "mindflow-hold";

fn head() -> Response {
    Response::new(StatusCode::OK)
        .header("content-type", AnswerType::EventStream.content_type())
        .header("cache-control", "no-store")
        // nginx would hold the events back.
        .header("x-accel-buffering", "no")
}

fn event(answer: &Answer) -> String {
    sse_events::next(&answer.text(), answer.cursor())
}

/// Where a client goes on that was connected before (HTML standard, §9.2.4).
fn resumed(request: &Request) -> Option<String> {
    // One that is no text is none of ours, and is forgotten as such.
    let id = String::from_utf8_lossy(request.headers().get("last-event-id")?.as_bytes()).into_owned();
    (!id.is_empty()).then_some(id)
}

/// A stream of one answer.
pub fn once(answer: &Answer) -> Response {
    head().stream(stream::iter([event(answer).into_bytes(), COMPLETE.into()]).boxed_local())
}

/// Whether the host keeps the answer if it is a stream.
pub fn is_kept(request: &Request) -> bool {
    request.method() != Method::HEAD && request.headers().contains_key(HOLD)
}

/// Hands a subscription over to the host; `params` are those it was prepared from. One that fails is answered.
pub async fn hold(prepared: Prepared, params: Params, request: &Request, viewer: &Viewer) -> Response {
    let handed_over = match execute::begin(prepared, resumed(request)).await {
        Begun::Answered(answer) => return once(&answer),
        Begun::Nothing => return head().stream(stream::iter([COMPLETE.into()]).boxed_local()),
        Begun::Subscribed(start) => socket::hand_over(params, start, viewer).await,
    };
    match handed_over {
        Ok(first) => head().header(HOLD, socket::EVENTS).bytes(first),
        Err(failure) => once(&Refused::request(&failure, viewer.correlation_id()).into()),
    }
}

/// A stream of all the operation's answers. A subscription also ends when the caller's session does.
pub fn respond(prepared: Prepared, request: &Request, viewer: Viewer) -> Response {
    let correlation_id = viewer.correlation_id().to_owned();
    let ended = if prepared.kind == OperationType::Subscription && viewer.has_token() {
        watch::session_end(viewer).boxed_local()
    } else {
        pending().boxed_local()
    };
    let begins = Begins { resumed: resumed(request), ..Begins::default() };
    let start = Some(Arc::clone(&begins.start));
    let running = Running { answers: execute::stream(prepared, begins), ended, correlation_id, unsent: None, start };
    head().stream(stream::unfold(State::Running(running), step).boxed_local())
}

struct Running {
    answers: LocalBoxStream<'static, Answer>,
    ended: LocalBoxFuture<'static, Error>,
    correlation_id: String,
    /// The memory of the last event. The client takes it before the next one is asked for.
    unsent: Option<Reservation>,
    /// Where the subscription has begun, until the client knows.
    start: Option<Arc<OnceLock<Start>>>,
}

impl Running {
    /// What is sent when there is nothing to send.
    fn still_there(&mut self) -> Vec<u8> {
        match self.start.as_ref().and_then(|start| start.get()) {
            Some(start) => {
                let event = sse_events::at(&start.cursor());
                self.start = None;
                event.into_bytes()
            }
            None => STILL_THERE.into(),
        }
    }
}

enum State {
    Running(Running),
    Completing,
    Done,
}

async fn step(state: State) -> Option<(Vec<u8>, State)> {
    let mut running = match state {
        State::Running(running) => running,
        State::Completing => return Some((COMPLETE.into(), State::Done)),
        State::Done => return None,
    };
    running.unsent = None;
    let keep_alive = clock::pause(KEEP_ALIVE).boxed_local();
    let happened = match select(select(running.answers.next(), &mut running.ended), keep_alive).await {
        Either::Left((Either::Left((answer, _)), _)) => answer.map(|mut answer| {
            let piece = event(&answer).into_bytes();
            running.start = None;
            running.unsent = answer.take_place().map(|place| place.shrunk(piece.len()));
            piece
        }),
        Either::Left((Either::Right((error, _)), _)) => {
            let refused = Refused::request(&Failure::from(error), &running.correlation_id);
            return Some((event(&Answer::from(refused)).into_bytes(), State::Completing));
        }
        Either::Right(_) => Some(running.still_there()),
    };
    match happened {
        Some(piece) => Some((piece, State::Running(running))),
        None => Some((COMPLETE.into(), State::Done)),
    }
}
