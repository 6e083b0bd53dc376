//! One operation from its parameters to its answer, for every transport.

use super::answers::{self, Kept};
use super::apq::{self, ToKeep};
use super::documents::{self, Document, Unparsed};
use super::limits;
use super::roots::Source;
use super::scope::SharedScope;
use super::workarounds::params::Params;
use super::workarounds::response_shape::Asked;
use super::{errors, schema, validity};
use crate::failure::{Failure, Kind};
use crate::settings::Settings;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{Request, Response, ServerError, Variables};
use futures::FutureExt;
use futures::stream::{LocalBoxStream, StreamExt};
use http::StatusCode;
use mindflow_events::Notice;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

/// An operation that may run if it fits the schema.
pub struct Prepared {
    pub document: Rc<Document>,
    pub operation_name: Option<String>,
    variables: Variables,
    /// The same as JSON.
    pub variables_text: String,
    pub kind: OperationType,
    pub scope: SharedScope,
    pub introspection: bool,
    to_keep: Option<ToKeep>,
    correlation_id: String,
}

/// An operation that was refused before it ran (a "request error" of the GraphQL specification).
pub struct Refused {
    pub errors: Vec<ServerError>,
    /// The status of an error of the request itself rather than of its query, for every media type.
    pub status: Option<StatusCode>,
}

impl Refused {
    /// An invalid request, regardless of its query.
    pub fn request(failure: &Failure, correlation_id: &str) -> Self {
        Self { errors: errors::of_request(failure, correlation_id), status: Some(failure.kind.facts().status) }
    }

    /// An invalid query in a valid request.
    fn query(failure: &Failure, correlation_id: &str) -> Self {
        Self { errors: errors::of_request(failure, correlation_id), status: None }
    }

    fn parse(error: ServerError, correlation_id: &str) -> Self {
        // The parser draws the place in several lines; clients have it in `locations`.
        let reason = error.message.lines().last().unwrap_or_default().trim().trim_start_matches("= ").to_owned();
        let mut errors = vec![ServerError { message: format!("Syntax error: {reason}."), ..error }];
        errors::complete(&mut errors, correlation_id);
        Self { errors, status: None }
    }
}

/// One result of an operation.
pub struct Answer {
    body: Body,
    /// False: a request error.
    pub executed: bool,
}

enum Body {
    Response(Box<Response>),
    /// As it was kept: without errors.
    Kept(Box<RawValue>),
}

/// The response as the specification shapes it: no `data` when nothing ran, `null` when it ran and failed.
#[derive(Serialize)]
struct AnswerJson<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a async_graphql::Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: &'a BTreeMap<String, async_graphql::Value>,
}

impl Answer {
    fn new(mut response: Response, executed: bool, correlation_id: &str) -> Self {
        errors::complete(&mut response.errors, correlation_id);
        Self { body: Body::Response(Box::new(response)), executed }
    }

    pub fn errors(&self) -> &[ServerError] {
        match &self.body {
            Body::Response(response) => &response.errors,
            Body::Kept(_) => &[],
        }
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self { body: Body::Response(Box::new(Response::from_errors(refused.errors))), executed: false }
    }
}

impl From<Box<RawValue>> for Answer {
    fn from(kept: Box<RawValue>) -> Self {
        Self { body: Body::Kept(kept), executed: true }
    }
}

impl Serialize for Answer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.body {
            Body::Response(response) => AnswerJson {
                errors: &response.errors,
                data: self.executed.then_some(&response.data),
                extensions: &response.extensions,
            }
            .serialize(serializer),
            Body::Kept(kept) => kept.serialize(serializer),
        }
    }
}

fn chosen<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Result<&'a OperationDefinition, Failure> {
    let none = |text: String| Failure::new(Kind::Malformed, text);
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(&operation.node),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => operations
            .values()
            .next()
            .map(|operation| &operation.node)
            .ok_or_else(|| none("The query has no operation.".to_owned())),
        (DocumentOperations::Multiple(_), None) => Err(none("Say which operation to run: `operationName`.".to_owned())),
        (DocumentOperations::Multiple(operations), Some(name)) if operations.contains_key(name) => operations
            .get(name)
            .map(|operation| &operation.node)
            .ok_or_else(|| none(format!("The query has no operation named {name}."))),
        (_, Some(name)) => Err(none(format!("The query has no operation named {name}."))),
    }
}

/// # Errors
/// The operation is invalid; nothing of it ran.
pub async fn prepare(mut params: Params, scope: &SharedScope, settings: &Settings) -> Result<Prepared, Refused> {
    let correlation_id = scope.viewer.correlation_id().to_owned();
    let refuse = |failure: Failure| Refused::query(&failure, &correlation_id);
    let (query, to_keep) = apq::resolve(&mut params).await.map_err(|failure| match failure.kind {
        Kind::PersistedQueryNotFound => refuse(failure),
        _ => Refused::request(&failure, &correlation_id),
    })?;
    let document = documents::parse(query).map_err(|unparsed| match unparsed {
        Unparsed::Limit(failure) => refuse(failure),
        Unparsed::Syntax(error) => Refused::parse(error, &correlation_id),
    })?;
    let variables_text = serde_json::to_string(&params.variables).unwrap_or_default();
    let variables = Variables::from_json(params.variables.into());
    let operation = chosen(&document.parsed, params.operation_name.as_deref()).map_err(refuse)?;
    limits::check(&document.parsed, operation).map_err(refuse)?;
    if let Some(failure) = limits::missing_variable(operation, &variables) {
        return Err(refuse(failure));
    }
    Ok(Prepared {
        kind: operation.ty,
        operation_name: params.operation_name,
        variables,
        variables_text,
        scope: scope.clone(),
        introspection: settings.introspection,
        to_keep,
        correlation_id,
        document,
    })
}

impl Prepared {
    /// Whether it fits the schema; if not, its answer.
    async fn check(&self) -> Result<(), Answer> {
        let operation = (self.operation_name.as_deref(), self.variables_text.as_str());
        let fits = validity::check(&self.document, operation, || self.request()).await;
        fits.map_err(|errors| Answer::new(Response::from_errors(errors), false, &self.correlation_id))
    }

    fn request(&self) -> Request {
        // The parsed document stands for the text.
        let mut request = Request::new(String::new()).variables(self.variables.clone()).data(self.scope.clone());
        request.set_parsed_query(self.document.parsed.clone());
        if let Some(name) = &self.operation_name {
            request = request.operation_name(name);
        }
        if self.introspection { request } else { request.disable_introspection() }
    }

    /// An answer of the engine, in the right shape.
    fn answer(&self, mut response: Response) -> Answer {
        if let Some(registry) = validity::registry() {
            let asked = Asked::new(&self.document.parsed, self.operation_name.as_deref());
            response.data = asked.shape(registry, response.data, &response.errors);
        }
        Answer::new(response, true, &self.correlation_id)
    }
}

/// Runs a query or a mutation.
pub async fn run(mut prepared: Prepared) -> Answer {
    let answer = match answers::find(&prepared).await {
        Kept::Hit(kept) => kept.into(),
        Kept::Miss(slot) => {
            if let Err(refused) = prepared.check().await {
                return refused;
            }
            let answer = prepared.answer(schema().execute(prepared.request()).await);
            answers::keep(&prepared, slot, answer).await
        }
    };
    if let Some(to_keep) = prepared.to_keep.take() {
        apq::keep(to_keep).await;
    }
    answer
}

/// What comes of an operation whose client stays connected.
pub enum Begun {
    Answered(Box<Answer>),
    /// A subscription that is right; [`present`] answers each notice of the topic.
    Subscribed {
        topic: String,
    },
    /// Neither an answer nor a topic.
    Nothing,
}

/// Runs a query or a mutation, or finds out what a subscription subscribes to.
pub async fn begin(prepared: Prepared) -> Begun {
    if prepared.kind != OperationType::Subscription {
        return Begun::Answered(Box::new(run(prepared).await));
    }
    if let Err(refused) = prepared.check().await {
        return Begun::Answered(Box::new(refused));
    }
    let topic = Arc::new(OnceLock::new());
    let source = Source::Later(Arc::clone(&topic));
    let failed = schema().execute_stream(prepared.request().data(source)).next().await;
    match (failed, topic.get()) {
        (Some(response), _) => Begun::Answered(Box::new(prepared.answer(response))),
        (None, Some(topic)) => Begun::Subscribed { topic: topic.clone() },
        (None, None) => Begun::Nothing,
    }
}

/// What a subscription's client is sent for one notice.
pub async fn present(prepared: Prepared, notice: Notice) -> Vec<Answer> {
    if let Err(refused) = prepared.check().await {
        return vec![refused];
    }
    let responses = schema().execute_stream(prepared.request().data(Source::Come(notice)));
    responses.map(|response| prepared.answer(response)).collect().await
}

/// Runs any operation; a query or a mutation has one answer.
pub fn stream(prepared: Prepared) -> LocalBoxStream<'static, Answer> {
    if prepared.kind != OperationType::Subscription {
        return futures::stream::once(run(prepared)).boxed_local();
    }
    let answers = async move {
        match prepared.check().await {
            Ok(()) => {
                let answers = schema().execute_stream(prepared.request().data(Source::Topic));
                answers.map(move |response| prepared.answer(response)).boxed_local()
            }
            Err(refused) => futures::stream::once(std::future::ready(refused)).boxed_local(),
        }
    };
    answers.flatten_stream().boxed_local()
}
