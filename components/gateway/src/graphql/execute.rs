//! One operation from its parameters to its answer, for every transport.

use super::apq::{self, ToKeep};
use super::documents::{self, Unparsed};
use super::limits::{self, Executed};
use super::scope::SharedScope;
use super::workarounds::params::Params;
use super::workarounds::response_shape::Asked;
use super::{errors, schema};
use crate::failure::{Failure, Kind};
use crate::settings::Settings;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use async_graphql::{Request, Response, ServerError, Variables};
use futures::stream::{LocalBoxStream, StreamExt};
use http::StatusCode;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An operation that may run.
pub struct Prepared {
    request: Request,
    pub kind: OperationType,
    executed: Executed,
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
    response: Response,
    /// False: a request error.
    pub executed: bool,
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
        Self { response, executed }
    }

    pub fn errors(&self) -> &[ServerError] {
        &self.response.errors
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self { response: Response::from_errors(refused.errors), executed: false }
    }
}

impl Serialize for Answer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AnswerJson {
            errors: &self.response.errors,
            data: self.executed.then_some(&self.response.data),
            extensions: &self.response.extensions,
        }
        .serialize(serializer)
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
    let variables = Variables::from_json(params.variables.into());
    let operation = chosen(&document.parsed, params.operation_name.as_deref()).map_err(refuse)?;
    limits::check(&document.parsed, operation).map_err(refuse)?;
    if let Some(failure) = limits::missing_variable(operation, &variables) {
        return Err(refuse(failure));
    }
    let kind = operation.ty;
    let asked = Arc::new(Asked::new(Arc::clone(&document), params.operation_name.clone()));
    let executed = Executed::default();
    let mut request =
        Request::new(&document.text).variables(variables).data(scope.clone()).data(executed.clone()).data(asked);
    if let Some(name) = params.operation_name {
        request = request.operation_name(name);
    }
    if !settings.introspection {
        request = request.disable_introspection();
    }
    request.set_parsed_query(document.parsed.clone());
    Ok(Prepared { request, kind, executed, to_keep, correlation_id })
}

/// Runs a query or a mutation.
pub async fn run(prepared: Prepared) -> Answer {
    let response = schema().execute(prepared.request).await;
    let executed = prepared.executed.get();
    if let Some(to_keep) = prepared.to_keep.filter(|_| executed) {
        apq::keep(to_keep).await;
    }
    Answer::new(response, executed, &prepared.correlation_id)
}

/// Runs any operation; a query or a mutation has one answer.
pub fn stream(prepared: Prepared) -> LocalBoxStream<'static, Answer> {
    if prepared.kind != OperationType::Subscription {
        return futures::stream::once(run(prepared)).boxed_local();
    }
    let Prepared { request, executed, correlation_id, .. } = prepared;
    schema()
        .execute_stream(request)
        .map(move |response| Answer::new(response, executed.get(), &correlation_id))
        .boxed_local()
}
