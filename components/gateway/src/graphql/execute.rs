//! One operation from its parameters to its answer, for every transport.

use super::answer::{Answer, Refused};
use super::apq;
use super::cost::{self, Cost};
use super::documents::{self, Document, Unparsed};
use super::kept_answers::{self, Kept};
use super::limits;
use super::prepared::Prepared;
use super::roots::Begins;
pub use super::roots::Source;
use super::scope::SharedScope;
use super::workarounds::params::Params;
use super::workarounds::subscription_root;
use super::{errors, schema, validity};
use crate::change_feed::Start;
use crate::failure::{Failure, Kind};
use crate::settings::Settings;
use async_graphql::Variables;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType};
use futures::FutureExt;
use futures::stream::{LocalBoxStream, StreamExt};
use mindflow_guest::rules::Rule;

/// Of the memory that a document takes, twice: parsed, and as the engine holds it.
const TOKEN_BYTES: u64 = 400;
/// Variables are JSON's values, the engine's, and a text; the engine copies them to check and to run, and the document that is run may
/// have them in it.
const VARIABLE_BYTES: u64 = 7;

fn chosen<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Result<&'a OperationDefinition, Failure> {
    let unnamed = |rule: Rule, text: String| Failure::broken(Kind::Malformed, "operationName", rule, text);
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok(&operation.node),
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            operations.values().next().map(|operation| &operation.node).ok_or_else(|| {
                Failure::broken(Kind::Malformed, errors::QUERY, Rule::Schema, "The query has no operation.")
            })
        }
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
        reads_nothing: documents::reads_nothing(operation),
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

/// Runs a query or a mutation.
pub async fn run(mut prepared: Prepared) -> Answer {
    let answer = match kept_answers::find(&prepared).await {
        Kept::Hit(kept) => Answer::kept(kept, &prepared.correlation_id),
        Kept::Miss(slot) => match execute(&prepared).await {
            Ok(answer) => kept_answers::keep(&prepared, slot, answer).await,
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

/// What a subscription's client is sent for what has come: `Source::Come` or `Source::Beat`.
pub async fn present(prepared: Prepared, come: Source) -> Vec<Answer> {
    let place = match prepared.place().await {
        Ok(place) => place,
        Err(refused) => return vec![refused],
    };
    if let Err(refused) = prepared.check().await {
        return vec![refused];
    }
    let responses = schema().execute_stream(prepared.running().data(come));
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
