//! GraphQL over HTTP (<https://graphql.github.io/graphql-over-http/draft/>), to the letter.
//!
//! All failures are answered as GraphQL errors, since GraphQL clients read nothing else.

use super::answer::{Answer, Refused};
use super::execute;
use super::prepared::Prepared;
use super::scope::{Scope, SharedScope};
use super::workarounds::params::{self, Params, Payload};
use super::{graphiql, sse};
use crate::failure::{Failure, Kind};
use crate::memory::Reservation;
use crate::rate;
use crate::settings::Settings;
use crate::viewer::Viewer;
use crate::web::media::{self, Answer as AnswerType};
use crate::web::{Request, Response, body, header, list, preflight};
use async_graphql::parser::types::OperationType;
use futures::future::join_all;
use http::{HeaderMap, Method, StatusCode};
use mindflow_guest::call::ReachedLimit;
use mindflow_guest::rules::Rule;

/// Of a batch that is refused as a whole: clients match answers to operations by their places, and no honest one sends more.
const REFUSALS_MAX: usize = 100;

const METHODS: &str = "GET, HEAD, POST, OPTIONS";

/// The media types of answers.
const ANSWERS: [&str; 3] = ["application/graphql-response+json", "application/json", "text/event-stream"];

/// A whole handshake goes to the host, where there is one (`socket`).
const NO_WEBSOCKET: &str = "This handshake of a WebSocket came without `Connection: Upgrade` and `Upgrade: websocket`, which proxies \
                            must pass on, or to a server without WebSockets, such as Spin. Subscribe by server-sent events: POST with \
                            `Accept: text/event-stream`.";

/// # Errors
/// 404 when introspection is off.
pub fn sdl(settings: &Settings) -> Result<Response, Failure> {
    if !settings.introspection {
        return Err(Failure::new(Kind::NotFound, "The schema is not shown here."));
    }
    Ok(Response::text(StatusCode::OK, "text/plain; charset=utf-8", super::sdl()).header("cache-control", "no-cache"))
}

/// # Errors
/// 404 when the page is off, and as [`graphiql::asset`].
pub fn graphiql_asset(name: &str, headers: &HeaderMap, settings: &Settings) -> Result<Response, Failure> {
    if !settings.graphiql {
        return Err(Failure::new(Kind::NotFound, "GraphiQL is not shown here."));
    }
    graphiql::asset(name, headers)
}

pub async fn respond(request: &Request, viewer: &Viewer, settings: &'static Settings) -> Response {
    let accept = list(request.headers(), "accept");
    if is_read(request.method()) && settings.graphiql && media::wants_html(accept.as_deref()) {
        return graphiql::page();
    }
    let answer_type = media::negotiate(accept.as_deref());
    match serve(request, viewer, settings, answer_type).await {
        Ok(response) => response,
        Err(failure) => refuse(&failure, answer_type, viewer.correlation_id()),
    }
}

/// The answer to a request whose body was not received.
pub fn refused(request: &Request, failure: &Failure, correlation_id: &str) -> Response {
    refuse(failure, media::negotiate(list(request.headers(), "accept").as_deref()), correlation_id)
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The answer to an invalid GraphQL request, in the client's media type if it names one (a stream of events does not
/// begin with a failure).
fn refuse(failure: &Failure, answer_type: Option<AnswerType>, correlation_id: &str) -> Response {
    let answer_type = answer_type.filter(|kind| *kind != AnswerType::EventStream).unwrap_or(AnswerType::Json);
    let answer = Answer::from(Refused::request(failure, correlation_id));
    failure.headers().fold(answered(failure.kind.facts().status, answer_type, answer), |response, (name, value)| {
        response.header(name, value)
    })
}

fn answered(status: StatusCode, answer_type: AnswerType, mut answer: Answer) -> Response {
    let json = answer.json(0);
    sized(status, answer_type, json, answer.take_place())
}

/// A response of this JSON, which is in the memory of `place`.
fn sized(status: StatusCode, answer_type: AnswerType, json: Vec<u8>, place: Option<Reservation>) -> Response {
    let response =
        Response::new(status).header("content-type", answer_type.content_type()).header("cache-control", "no-store");
    match place {
        Some(place) => place.send(response, json),
        None => response.bytes(json),
    }
}

async fn serve(
    request: &Request,
    viewer: &Viewer,
    settings: &'static Settings,
    answer_type: Option<AnswerType>,
) -> Result<Response, Failure> {
    if !is_read(request.method()) && request.method() != Method::POST {
        let text = format!("GraphQL takes GET and POST, not {}.", request.method());
        return Err(Failure::broken(Kind::MethodNotAllowed(METHODS), "method", Rule::one_of(["GET", "POST"]), text));
    }
    if is_read(request.method()) && request.headers().contains_key("sec-websocket-key") {
        return Err(Failure::broken(Kind::Malformed, "upgrade", Rule::Required, NO_WEBSOCKET));
    }
    preflight::check(request.method(), request.headers())?;
    let answer_type = answer_type.ok_or_else(|| {
        let text = "GraphQL answers as application/graphql-response+json, application/json or text/event-stream.";
        Failure::broken(Kind::NotAcceptable, "accept", Rule::one_of(ANSWERS), text)
    })?;
    let payload = payload(request)?;
    let scope = Scope::new(viewer.clone());
    match payload {
        Payload::Single(params) => single(params, request, &scope, settings, answer_type).await,
        Payload::Batch(_) | Payload::Beyond(..) if answer_type == AnswerType::EventStream => {
            let text = "A stream of events carries one operation, not a batch.";
            Err(Failure::broken(Kind::Malformed, "", Rule::of_type("object"), text))
        }
        Payload::Beyond(count, failure) => {
            let count = count.min(REFUSALS_MAX);
            let standing = rate::of_refused(viewer, count).await?;
            let refused = || Answer::from(Refused::request(&failure, viewer.correlation_id()));
            let answers = listed(std::iter::repeat_with(refused).take(count).collect());
            Ok(sized(failure.kind.facts().status, answer_type, answers, None).standing(&standing))
        }
        Payload::Batch(operations) => {
            let well_formed = operations.iter().any(Result::is_ok);
            let (answers, standing) = batch(operations, &scope, settings).await?;
            let status = if well_formed { StatusCode::OK } else { StatusCode::BAD_REQUEST };
            Ok(sized(status, answer_type, listed(answers), scope.release()).standing(&standing))
        }
    }
}

fn payload(request: &Request) -> Result<Payload, Failure> {
    if is_read(request.method()) {
        return params::from_query(request.uri().query().unwrap_or_default()).map(Payload::Single);
    }
    if !header(request.headers(), "content-type").is_some_and(media::is_json) {
        return Err(body::no_json_type());
    }
    params::from_body(request.body())
}

async fn single(
    params: Params,
    request: &Request,
    scope: &SharedScope,
    settings: &'static Settings,
    mut answer_type: AnswerType,
) -> Result<Response, Failure> {
    let to_hold = sse::is_kept(request).then(|| params.clone());
    let prepared = match execute::prepare(params, scope, settings).await {
        Ok(prepared) => prepared,
        Err(refused) => {
            let standing = rate::of_refused(&scope.viewer, 1).await?;
            return Ok(refused_response(refused, answer_type).standing(&standing));
        }
    };
    if prepared.kind == OperationType::Mutation && is_read(request.method()) {
        let text = "A mutation is sent by POST.";
        return Err(Failure::broken(Kind::MethodNotAllowed("POST"), "method", Rule::one_of(["POST"]), text));
    }
    if prepared.kind == OperationType::Subscription && answer_type != AnswerType::EventStream {
        if !media::accepts_events(list(request.headers(), "accept").as_deref()) {
            return Ok(refused_response(no_stream(scope), answer_type));
        }
        answer_type = AnswerType::EventStream;
    }
    if prepared.reads_nothing {
        scope.viewer.read_nothing();
    }
    let standing = rate::of_operations(scope, 0).await?;
    let response = if answer_type == AnswerType::EventStream {
        match to_hold {
            Some(params) if prepared.kind == OperationType::Subscription => {
                sse::hold(prepared, params, request, &scope.viewer).await
            }
            _ => sse::respond(prepared, request, scope.viewer.clone()),
        }
    } else {
        let answer = execute::run(prepared).await;
        answered(status_of(&answer, answer_type), answer_type, answer)
    };
    Ok(response.standing(&standing))
}

fn no_stream(scope: &SharedScope) -> Refused {
    let text = "A subscription needs a stream: send `Accept: text/event-stream`, or use the WebSocket protocol graphql-transport-ws.";
    let failure = Failure::broken(Kind::Malformed, "accept", Rule::one_of(["text/event-stream"]), text);
    Refused { status: None, ..Refused::request(&failure, scope.viewer.correlation_id()) }
}

/// With `application/json` every well-formed request is answered with 200, even if its query is invalid.
fn status_of(answer: &Answer, answer_type: AnswerType) -> StatusCode {
    if answer.executed || answer_type == AnswerType::Json { StatusCode::OK } else { StatusCode::BAD_REQUEST }
}

fn refused_response(refused: Refused, answer_type: AnswerType) -> Response {
    let status = refused.status;
    let answer = Answer::from(refused);
    match (answer_type, status) {
        (AnswerType::EventStream, None) => sse::once(&answer),
        (AnswerType::EventStream, Some(status)) => answered(status, AnswerType::Json, answer),
        (_, status) => answered(status.unwrap_or_else(|| status_of(&answer, answer_type)), answer_type, answer),
    }
}

/// The answers of a batch as a list. Together they are no larger than one may be.
fn listed(answers: Vec<Answer>) -> Vec<u8> {
    let mut list = vec![b'['];
    for (index, answer) in answers.into_iter().enumerate() {
        if index > 0 {
            list.push(b',');
        }
        list.extend(answer.json(list.len()));
    }
    list.push(b']');
    list
}

/// Queries run at the same time; a batch with a mutation runs in its order. One that costs too much does not run at all.
///
/// # Errors
/// There is no memory for it, or the caller has used up a limit.
async fn batch(
    operations: Vec<Result<Params, Failure>>,
    scope: &SharedScope,
    settings: &'static Settings,
) -> Result<(Vec<Answer>, ReachedLimit), Failure> {
    let mut prepared = Vec::with_capacity(operations.len());
    for operation in operations {
        let operation = match operation {
            Ok(params) => execute::prepare(params, scope, settings).await,
            Err(failure) => Err(Refused::request(&failure, scope.viewer.correlation_id())),
        };
        prepared.push(match operation {
            Ok(operation) if operation.kind == OperationType::Subscription => Err(no_stream(scope)),
            result => result,
        });
    }
    if let Err(failure) = scope.cost().check() {
        let standing = rate::of_refused(&scope.viewer, prepared.len()).await?;
        let refused = |_| Refused::query(&failure, scope.viewer.correlation_id());
        let answers = prepared.into_iter().map(|operation| operation.map_or_else(|known| known, refused).into());
        return Ok((answers.collect(), standing));
    }
    let refused = prepared.iter().filter(|operation| operation.is_err()).count();
    let standing = rate::of_operations(scope, refused).await?;
    scope.hold().await?;
    let run = |operation: Result<Prepared, Refused>| async {
        match operation {
            Ok(operation) => execute::run(operation).await,
            Err(refused) => refused.into(),
        }
    };
    let reads_only = !prepared
        .iter()
        .any(|operation| matches!(operation, Ok(operation) if operation.kind == OperationType::Mutation));
    if reads_only {
        return Ok((join_all(prepared.into_iter().map(run)).await, standing));
    }
    let mut answers = Vec::with_capacity(prepared.len());
    for operation in prepared {
        answers.push(run(operation).await);
    }
    Ok((answers, standing))
}

#[cfg(test)]
mod tests;
