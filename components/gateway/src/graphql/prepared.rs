//! An operation between its check and its answer: how the engine is asked, and what its answer becomes.

use super::answer::Answer;
use super::apq::ToKeep;
use super::cost::Cost;
use super::documents::Document;
use super::scope::SharedScope;
use super::workarounds::response_shape::Asked;
use super::workarounds::{absent_variables, input_errors, subscription_root};
use super::{errors, meter, validity};
use crate::failure::Failure;
use crate::memory::Reservation;
use async_graphql::parser::types::{ExecutableDocument, OperationType, SelectionSet};
use async_graphql::{Request, Response, Variables};
use std::rc::Rc;

/// Of a result of a subscription, in its extensions.
const CURSOR: &str = "cursor";

/// An operation that may run if it fits the schema.
pub struct Prepared {
    pub document: Rc<Document>,
    pub operation_name: Option<String>,
    pub(super) variables: Variables,
    /// The same as JSON.
    pub variables_text: String,
    pub kind: OperationType,
    /// Whether it asks for what the schema says alone, such as `__typename`.
    pub reads_nothing: bool,
    pub cost: Cost,
    /// Of a subscription whose field is in a fragment: what is run in place of its selection.
    pub(super) root: Option<SelectionSet>,
    /// Whether it is known to fit the schema.
    pub(super) fits: bool,
    pub scope: SharedScope,
    pub introspection: bool,
    pub(super) to_keep: Option<ToKeep>,
    pub(super) correlation_id: String,
}

impl Prepared {
    /// Whether it fits the schema; if not, its answer.
    pub(super) async fn check(&self) -> Result<(), Answer> {
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

    /// Memory for what the operation takes. Those of a batch have one together.
    pub(super) async fn place(&self) -> Result<Option<Reservation>, Answer> {
        let failed = |failure: Failure| Answer::failed(&failure, false, &self.correlation_id);
        self.scope.place().await.map_err(failed)
    }

    /// The operation as it is run.
    pub(super) fn running(&self) -> Request {
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
    pub(super) fn answer(&self, mut response: Response) -> Answer {
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
        Answer::new(response, true, &self.correlation_id).at(cursor)
    }

    /// An answer of a stream, with the memory that its notice took.
    pub(super) fn streamed(&self, response: Response) -> Answer {
        let answer = self.answer(response).in_place(self.scope.release());
        self.scope.meter.reset();
        answer
    }
}

/// Whether one of the root's fields has a value.
fn has_any(data: &async_graphql::Value) -> bool {
    matches!(data, async_graphql::Value::Object(fields) if fields.values().any(|value| *value != async_graphql::Value::Null))
}
