//! One operation from its parameters to its answer, for every transport.

use super::answers::{self, Kept};
use super::apq::{self, ToKeep};
use super::cost::{self, Cost};
use super::documents::{self, Document, Unparsed};
use super::roots::{Begins, Source};
use super::scope::SharedScope;
use super::workarounds::params::Params;
use super::workarounds::response_shape::Asked;
use super::workarounds::{absent_variables, input_errors, subscription_root};
use super::{errors, schema, validity};
use super::{limits, meter};
use crate::change_feed::Start;
use crate::failure::{Excess, Failure, Kind};
use crate::memory::{self, ANSWER_BYTES_MAX, Place};
use crate::settings::Settings;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, SelectionSet,
};
use async_graphql::{ErrorExtensionValues, Request, Response, ServerError, Variables};
use futures::FutureExt;
use futures::stream::{LocalBoxStream, StreamExt};
use http::StatusCode;
use mindflow_events::Notice;
use mindflow_guest::failure::field;
use mindflow_guest::rules::Rule;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Of the memory that a document takes, twice: parsed, and as the engine holds it.
const TOKEN_BYTES: u64 = 400;
/// Variables are JSON's values, the engine's, and a text; the engine copies them to check and to run, and the document that is run may
/// have them in it.
const VARIABLE_BYTES: u64 = 7;

/// Of a result of a subscription, in its extensions.
const CURSOR: &str = "cursor";

/// An operation that may run if it fits the schema.
pub struct Prepared {
    pub document: Rc<Document>,
    pub operation_name: Option<String>,
    variables: Variables,
    /// The same as JSON.
    pub variables_text: String,
    pub kind: OperationType,
    pub cost: Cost,
    /// Of a subscription whose field is in a fragment: what is run in place of its selection.
    root: Option<SelectionSet>,
    /// Whether it is known to fit the schema.
    fits: bool,
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
    pub correlation_id: String,
}

impl Refused {
    /// An invalid request, regardless of its query.
    pub fn request(failure: &Failure, correlation_id: &str) -> Self {
        Self { status: Some(failure.kind.facts().status), ..Self::query(failure, correlation_id) }
    }

    /// An invalid query in a valid request.
    pub fn query(failure: &Failure, correlation_id: &str) -> Self {
        Self {
            errors: errors::of_request(failure, correlation_id),
            status: None,
            correlation_id: correlation_id.to_owned(),
        }
    }

    fn parse(error: ServerError, correlation_id: &str) -> Self {
        // The parser draws the place in several lines; clients have it in `locations`.
        let reason = error.message.lines().last().unwrap_or_default().trim().trim_start_matches("= ").to_owned();
        let message = format!("Syntax error: {reason}.");
        let mut extensions = ErrorExtensionValues::default();
        errors::extend_alone(&mut extensions, &Rule::Syntax.broken(errors::QUERY, message.as_str()));
        let mut errors = vec![ServerError { message, extensions: Some(extensions), ..error }];
        errors::complete(&mut errors, correlation_id);
        Self { errors, status: None, correlation_id: correlation_id.to_owned() }
    }
}

/// One result of an operation.
pub struct Answer {
    body: Body,
    /// False: a request error.
    pub executed: bool,
    correlation_id: String,
    /// The memory that it is in.
    place: Option<Place>,
    /// Of the notice that it shows.
    cursor: Option<String>,
}

enum Body {
    Response(Box<Response>),
    /// The JSON that was kept: without errors.
    Kept(String),
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
        let body = Body::Response(Box::new(response));
        Self { body, executed, correlation_id: correlation_id.to_owned(), place: None, cursor: None }
    }

    /// In place of one that failed as a whole.
    fn failed(failure: &Failure, executed: bool, correlation_id: &str) -> Self {
        let errors = errors::of_request(failure, correlation_id);
        Self::new(Response::from_errors(errors), executed, correlation_id)
    }

    fn kept(kept: String, correlation_id: &str) -> Self {
        let correlation_id = correlation_id.to_owned();
        Self { body: Body::Kept(kept), executed: true, correlation_id, place: None, cursor: None }
    }

    /// As the text that is kept of it.
    #[must_use]
    pub fn replaced_by(self, kept: String) -> Self {
        Self { body: Body::Kept(kept), ..self }
    }

    #[must_use]
    pub fn in_place(self, place: Option<Place>) -> Self {
        Self { place: place.or(self.place), ..self }
    }

    pub fn take_place(&mut self) -> Option<Place> {
        self.place.take()
    }

    /// Where a client that has it goes on. None for one with an error: the client has not seen the notice.
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    pub fn errors(&self) -> &[ServerError] {
        match &self.body {
            Body::Response(response) => &response.errors,
            Body::Kept(_) => &[],
        }
    }

    /// As JSON, if it has no more bytes.
    pub fn within(&self, bytes_max: usize) -> Option<Vec<u8>> {
        match &self.body {
            Body::Kept(kept) => (kept.len() <= bytes_max).then(|| kept.clone().into_bytes()),
            Body::Response(_) => memory::json_within(bytes_max, self),
        }
    }

    /// As JSON; a failure where it is too large. `before` is what the answers before it in a batch have taken.
    pub fn json(&self, before: usize) -> Vec<u8> {
        if let Some(json) = self.within(ANSWER_BYTES_MAX.saturating_sub(before)) {
            return json;
        }
        // It was not written to its end: it has at least this.
        let allowed = ANSWER_BYTES_MAX as u64;
        let excess = Excess { cost: allowed + 1, allowed, unit: "bytes" };
        let refused = Self::failed(&meter::too_large(excess), self.executed, &self.correlation_id);
        serde_json::to_vec(&refused).unwrap_or_default()
    }

    /// The same as a text.
    pub fn text(&self) -> String {
        String::from_utf8(self.json(0)).unwrap_or_default()
    }
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self::new(Response::from_errors(refused.errors), false, &refused.correlation_id)
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
            Body::Kept(kept) => {
                let json: &RawValue = serde_json::from_str(kept).map_err(<S::Error as serde::ser::Error>::custom)?;
                json.serialize(serializer)
            }
        }
    }
}

fn chosen<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Result<&'a OperationDefinition, Failure> {
    let about = |name: &str, rule: Rule, text: String| {
        let broken = field(name, rule, text.as_str());
        Failure::new(Kind::Malformed, text).about(broken)
    };
    let unnamed = |rule: Rule, text: String| about("operationName", rule, text);
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(&operation.node),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => operations
            .values()
            .next()
            .map(|operation| &operation.node)
            .ok_or_else(|| about(errors::QUERY, Rule::Schema, "The query has no operation.".to_owned())),
        (DocumentOperations::Multiple(_), None) => {
            Err(unnamed(Rule::Required, "Say which operation to run: `operationName`.".to_owned()))
        }
        (DocumentOperations::Multiple(operations), Some(name)) if operations.contains_key(name) => operations
            .get(name)
            .map(|operation| &operation.node)
            .ok_or_else(|| unnamed(Rule::NotFound, format!("The query has no operation named {name}."))),
        (_, Some(name)) => Err(unnamed(Rule::NotFound, format!("The query has no operation named {name}."))),
    }
}

/// # Errors
/// The operation is invalid; nothing of it ran.
pub async fn prepare(mut params: Params, scope: &SharedScope, settings: &Settings) -> Result<Prepared, Refused> {
    let correlation_id = scope.viewer.correlation_id().to_owned();
    let refuse = |failure: Failure| Refused::query(&failure, &correlation_id);
    limits::check_values([&params.variables, &params.extensions]).map_err(refuse)?;
    let (query, to_keep) = apq::resolve(&mut params).await.map_err(|failure| match failure.kind {
        Kind::PersistedQueryNotFound => refuse(failure),
        _ => Refused::request(&failure, &correlation_id),
    })?;
    let query_bytes = query.len();
    let document = documents::parse(query).map_err(|unparsed| match unparsed {
        Unparsed::Limit(failure) => refuse(failure),
        Unparsed::Syntax(error) => Refused::parse(error, &correlation_id),
    })?;
    let variables_text = serde_json::to_string(&params.variables).unwrap_or_default();
    let variables = Variables::from_json(params.variables.into());
    let operation = chosen(&document.parsed, params.operation_name.as_deref()).map_err(refuse)?;
    let known = document.fits((params.operation_name.as_deref(), &variables_text));
    let mut cost = match known {
        Some(cost) => cost,
        None => reckon(&document.parsed, operation, &variables).await.map_err(refuse)?,
    };
    if operation.ty == OperationType::Mutation {
        cost.written_bytes = (query_bytes + variables_text.len()) as u64;
    }
    let root = match operation.ty {
        OperationType::Subscription => {
            subscription_root::collected(&document.parsed, operation, &variables).map_err(refuse)?
        }
        _ => None,
    };
    scope.spend(cost, memory_bytes(cost, &document, &variables_text));
    Ok(Prepared {
        kind: operation.ty,
        cost,
        root,
        fits: known.is_some(),
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

/// The operation's cost, if its shape and its cost are within their bounds.
async fn reckon(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<Cost, Failure> {
    limits::check(document, operation)?;
    if let Some(failure) = limits::missing_variable(operation, variables) {
        return Err(failure);
    }
    let types = validity::types().await;
    let types = types.ok_or_else(|| Failure::new(Kind::Internal, "the schema's types are not known"))?;
    let cost = cost::of(document, operation, variables, types);
    cost.check()?;
    Ok(cost)
}

/// What the operation needs of the instance's memory: its answer and what that is made of, the document, which the engine
/// copies, and the variables, which have three forms and as many copies.
fn memory_bytes(cost: Cost, document: &Document, variables: &str) -> u64 {
    cost.memory_bytes() + u64::from(document.tokens) * TOKEN_BYTES + variables.len() as u64 * VARIABLE_BYTES
}

impl Prepared {
    /// Whether it fits the schema; if not, its answer.
    async fn check(&self) -> Result<(), Answer> {
        if self.fits {
            return Ok(());
        }
        let fits = validity::check(self.request(self.document.parsed.clone())).await;
        fits.map_err(|mut errors| {
            if let Some(registry) = validity::registry() {
                errors.iter_mut().for_each(|error| input_errors::explain(error, registry));
            }
            Answer::new(Response::from_errors(errors), false, &self.correlation_id)
        })?;
        let operation = (self.operation_name.as_deref(), self.variables_text.as_str());
        self.document.remember_fit(operation, self.cost);
        Ok(())
    }

    /// Whether it asks for what the schema says alone, such as `__typename`.
    pub fn reads_nothing(&self) -> bool {
        chosen(&self.document.parsed, self.operation_name.as_deref()).is_ok_and(documents::reads_nothing)
    }

    /// Memory for what the operation takes. Those of a batch have one together.
    async fn place(&self) -> Result<Option<Place>, Answer> {
        let failed = |failure: Failure| Answer::failed(&failure, false, &self.correlation_id);
        self.scope.place().await.map_err(failed)
    }

    /// The operation as it is run.
    fn running(&self) -> Request {
        let mut document = self.document.parsed.clone();
        let name = self.operation_name.as_deref();
        if let Some(root) = &self.root {
            subscription_root::replace(&mut document, name, root.clone());
        }
        absent_variables::leave_out(&mut document, name, &self.variables);
        self.request(document)
    }

    fn request(&self, document: ExecutableDocument) -> Request {
        // The parsed document stands for the text.
        let mut request = Request::new(String::new()).variables(self.variables.clone()).data(self.scope.clone());
        request.set_parsed_query(document);
        if let Some(name) = &self.operation_name {
            request = request.operation_name(name);
        }
        if self.introspection { request } else { request.disable_introspection() }
    }

    /// An answer of the engine, in the right shape.
    fn answer(&self, mut response: Response) -> Answer {
        let cursor = self.scope.take_cursor().filter(|_| response.errors.is_empty());
        let over = self.scope.meter.over();
        if let Some(failure) = &over
            && self.kind != OperationType::Mutation
        {
            return Answer::failed(failure, true, &self.correlation_id);
        }
        for error in &mut response.errors {
            input_errors::explain_argument(error, &self.document.parsed);
        }
        if let Some(registry) = validity::registry() {
            let asked = Asked::new(&self.document.parsed, self.operation_name.as_deref());
            response.data = asked.shape(registry, response.data, &response.errors);
        }
        if let Some(failure) = over {
            if !has_any(&response.data) {
                return Answer::failed(&failure, true, &self.correlation_id);
            }
            // Of several mutations those that fit are answered, with null for the others and one error for all of these.
            response.errors.retain(|error| error.message != meter::TOO_LARGE);
            response.errors.extend(errors::of_request(&failure, &self.correlation_id));
        }
        if let Some(cursor) = &cursor {
            response.extensions.insert(CURSOR.to_owned(), cursor.as_str().into());
        }
        Answer { cursor, ..Answer::new(response, true, &self.correlation_id) }
    }

    /// An answer of a stream, with the memory that its notice took.
    fn streamed(&self, response: Response) -> Answer {
        let answer = self.answer(response).in_place(self.scope.release());
        self.scope.meter.reset();
        answer
    }
}

/// Whether one of the root's fields has a value.
fn has_any(data: &async_graphql::Value) -> bool {
    matches!(data, async_graphql::Value::Object(fields) if fields.values().any(|value| *value != async_graphql::Value::Null))
}

/// Runs a query or a mutation.
pub async fn run(mut prepared: Prepared) -> Answer {
    let answer = match answers::find(&prepared).await {
        Kept::Hit(kept) => Answer::kept(kept, &prepared.correlation_id),
        Kept::Miss(slot) => match execute(&prepared).await {
            Ok(answer) => answers::keep(&prepared, slot, answer).await,
            Err(refused) => return refused,
        },
    };
    if let Some(to_keep) = prepared.to_keep.take() {
        apq::keep(to_keep, &prepared.scope.viewer).await;
    }
    answer
}

async fn execute(prepared: &Prepared) -> Result<Answer, Answer> {
    let place = prepared.place().await?;
    prepared.check().await?;
    Ok(prepared.answer(schema().execute(prepared.running()).await).in_place(place))
}

/// What comes of an operation whose client stays connected.
pub enum Begun {
    Answered(Box<Answer>),
    /// A subscription that is right; [`present`] answers each notice of the topic.
    Subscribed(Start),
    /// Neither an answer nor a topic.
    Nothing,
}

/// Runs a query or a mutation, or finds out what a subscription subscribes to: after the cursor that the transport has, or the
/// operation's.
pub async fn begin(prepared: Prepared, resumed: Option<String>) -> Begun {
    if prepared.kind != OperationType::Subscription {
        return Begun::Answered(Box::new(run(prepared).await));
    }
    if let Err(refused) = prepared.check().await {
        return Begun::Answered(Box::new(refused));
    }
    let begins = Begins { resumed, ..Begins::default() };
    let source = Source::Later(begins.clone());
    let failed = schema().execute_stream(prepared.running().data(source)).next().await;
    match (failed, begins.start.get()) {
        (Some(response), _) => Begun::Answered(Box::new(prepared.answer(response))),
        (None, Some(start)) => Begun::Subscribed(start.clone()),
        (None, None) => Begun::Nothing,
    }
}

/// What a subscription's client is sent for one notice, at its cursor.
pub async fn present(prepared: Prepared, notice: Notice, cursor: String) -> Vec<Answer> {
    let place = match prepared.place().await {
        Ok(place) => place,
        Err(refused) => return vec![refused],
    };
    if let Err(refused) = prepared.check().await {
        return vec![refused];
    }
    let responses = schema().execute_stream(prepared.running().data(Source::Come(notice, cursor)));
    let mut answers: Vec<Answer> = responses.map(|response| prepared.answer(response)).collect().await;
    if let Some(last) = answers.pop() {
        answers.push(last.in_place(place));
    }
    answers
}

/// Runs any operation; a query or a mutation has one answer. A subscription begins as `begins` says.
pub fn stream(prepared: Prepared, begins: Begins) -> LocalBoxStream<'static, Answer> {
    if prepared.kind != OperationType::Subscription {
        return futures::stream::once(run(prepared)).boxed_local();
    }
    let answers = async move {
        match prepared.check().await {
            Ok(()) => {
                let answers = schema().execute_stream(prepared.running().data(Source::Topic(begins)));
                answers.map(move |response| prepared.streamed(response)).boxed_local()
            }
            Err(refused) => futures::stream::once(std::future::ready(refused)).boxed_local(),
        }
    };
    answers.flatten_stream().boxed_local()
}
