//! GraphQL over server-sent events, "distinct connections mode"
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>): one request, one operation, one stream.
//!
//! A host that keeps streams says so in the request. A subscription is then handed over to it ([`hold`]), and takes neither
//! a call nor an instance; elsewhere its call answers it for as long as it lasts ([`respond`]).

use super::execute::{self, Answer, Begun, Prepared, Refused};
use super::workarounds::params::Params;
use crate::failure::Failure;
use crate::memory::Place;
use crate::socket;
use crate::viewer::{Viewer, watch};
use crate::web::media::Answer as AnswerType;
use crate::web::{Request, Response};
use async_graphql::parser::types::OperationType;
use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, pending, select};
use futures::stream::{self, LocalBoxStream, StreamExt};
use http::{Method, StatusCode};
use mindflow_guest::call::Error;
use mindflow_guest::clock;
use std::time::Duration;

/// Proxies close connections that are silent for 15 to 60 seconds. It also detects clients that have disconnected.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

/// The last event.
pub const COMPLETE: &str = "event: complete\ndata:\n\n";
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

/// The event of one result, which is JSON in one line.
pub fn next(result: &str) -> String {
    format!("event: next\ndata: {result}\n\n")
}

/// A stream of one answer.
pub fn once(answer: &Answer) -> Response {
    head().stream(stream::iter([next(&answer.text()).into_bytes(), COMPLETE.into()]).boxed_local())
}

/// Whether the host keeps the answer if it is a stream.
pub fn is_kept(request: &Request) -> bool {
    request.method() != Method::HEAD && request.headers().contains_key(HOLD)
}

/// Hands a subscription over to the host; `params` are those it was prepared from. One that fails is answered.
pub async fn hold(prepared: Prepared, params: Params, viewer: &Viewer) -> Response {
    let handed_over = match execute::begin(prepared).await {
        Begun::Answered(answer) => return once(&answer),
        Begun::Nothing => return head().stream(stream::iter([COMPLETE.into()]).boxed_local()),
        Begun::Subscribed { topic } => socket::hand_over(params, topic, viewer).await,
    };
    match handed_over {
        Ok(first) => head().header(HOLD, socket::EVENTS).bytes(first),
        Err(failure) => once(&Refused::request(&failure, viewer.correlation_id()).into()),
    }
}

/// A stream of all the operation's answers. A subscription also ends when the caller's session does.
pub fn respond(prepared: Prepared, viewer: Viewer) -> Response {
    let correlation_id = viewer.correlation_id().to_owned();
    let ended = if prepared.kind == OperationType::Subscription && viewer.has_token() {
        watch::session_end(viewer).boxed_local()
    } else {
        pending().boxed_local()
    };
    let running = Running { answers: execute::stream(prepared), ended, correlation_id, unsent: None };
    head().stream(stream::unfold(State::Running(running), step).boxed_local())
}

struct Running {
    answers: LocalBoxStream<'static, Answer>,
    ended: LocalBoxFuture<'static, Error>,
    correlation_id: String,
    /// The memory of the last event. The client takes it before the next one is asked for.
    unsent: Option<Place>,
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
            let piece = next(&answer.text()).into_bytes();
            running.unsent = answer.take_place().map(|place| place.shrunk(piece.len()));
            piece
        }),
        Either::Left((Either::Right((error, _)), _)) => {
            let refused = Refused::request(&Failure::from(error), &running.correlation_id);
            return Some((next(&Answer::from(refused).text()).into_bytes(), State::Completing));
        }
        Either::Right(_) => Some(STILL_THERE.into()),
    };
    match happened {
        Some(piece) => Some((piece, State::Running(running))),
        None => Some((COMPLETE.into(), State::Done)),
    }
}
