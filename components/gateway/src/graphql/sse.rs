//! GraphQL over server-sent events, "distinct connections mode"
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>): one request, one operation, one stream.

use super::execute::{self, Answer, Prepared};
use crate::failure::Failure;
use crate::memory::Place;
use crate::viewer::{Viewer, watch};
use crate::web::Response;
use crate::web::media::Answer as AnswerType;
use async_graphql::parser::types::OperationType;
use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, pending, select};
use futures::stream::{self, LocalBoxStream, StreamExt};
use http::StatusCode;
use mindflow_guest::call::Error;
use mindflow_guest::clock;
use std::time::Duration;

/// Proxies close connections that are silent for 15 to 60 seconds. It also detects clients that have disconnected.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

const COMPLETE: &[u8] = b"event: complete\ndata:\n\n";
/// A comment: clients pass over it.
const STILL_THERE: &[u8] = b":\n\n";

fn events(pieces: LocalBoxStream<'static, Vec<u8>>) -> Response {
    Response::new(StatusCode::OK)
        .header("content-type", AnswerType::EventStream.content_type())
        .header("cache-control", "no-store")
        // nginx would hold the events back.
        .header("x-accel-buffering", "no")
        .stream(pieces)
}

fn next(answer: &Answer) -> Vec<u8> {
    [b"event: next\ndata: ", answer.json(0).as_slice(), b"\n\n"].concat()
}

/// A stream of one answer.
pub fn once(answer: &Answer) -> Response {
    let pieces = [next(answer), COMPLETE.to_vec()];
    events(stream::iter(pieces).boxed_local())
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
    events(stream::unfold(State::Running(running), step).boxed_local())
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
        State::Completing => return Some((COMPLETE.to_vec(), State::Done)),
        State::Done => return None,
    };
    running.unsent = None;
    let keep_alive = clock::pause(KEEP_ALIVE).boxed_local();
    let happened = match select(select(running.answers.next(), &mut running.ended), keep_alive).await {
        Either::Left((Either::Left((answer, _)), _)) => answer.map(|mut answer| {
            let piece = next(&answer);
            running.unsent = answer.take_place().map(|place| place.shrunk(piece.len()));
            piece
        }),
        Either::Left((Either::Right((error, _)), _)) => {
            let refused = execute::Refused::request(&Failure::from(error), &running.correlation_id);
            return Some((next(&refused.into()), State::Completing));
        }
        Either::Right(_) => Some(STILL_THERE.to_vec()),
    };
    match happened {
        Some(piece) => Some((piece, State::Running(running))),
        None => Some((COMPLETE.to_vec(), State::Done)),
    }
}
