//! What a client gets of an operation: its result, or why it was refused.

use super::{errors, meter};
use crate::failure::{Excess, Failure};
use crate::memory::{self, ANSWER_BYTES_MAX, Reservation};
use async_graphql::{ErrorExtensionValues, Response, ServerError};
use http::StatusCode;
use mindflow_guest::rules::Rule;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

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

    pub(super) fn parse(error: ServerError, correlation_id: &str) -> Self {
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
    place: Option<Reservation>,
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
    pub(super) fn new(mut response: Response, executed: bool, correlation_id: &str) -> Self {
        errors::complete(&mut response.errors, correlation_id);
        let body = Body::Response(Box::new(response));
        Self { body, executed, correlation_id: correlation_id.to_owned(), place: None, cursor: None }
    }

    /// In place of one that failed as a whole.
    pub(super) fn failed(failure: &Failure, executed: bool, correlation_id: &str) -> Self {
        let errors = errors::of_request(failure, correlation_id);
        Self::new(Response::from_errors(errors), executed, correlation_id)
    }

    pub(super) fn kept(kept: String, correlation_id: &str) -> Self {
        let correlation_id = correlation_id.to_owned();
        Self { body: Body::Kept(kept), executed: true, correlation_id, place: None, cursor: None }
    }

    /// That shows the notice at this cursor.
    #[must_use]
    pub(super) fn at(self, cursor: Option<String>) -> Self {
        Self { cursor, ..self }
    }

    /// As the text that is kept of it.
    #[must_use]
    pub fn replaced_by(self, kept: String) -> Self {
        Self { body: Body::Kept(kept), ..self }
    }

    #[must_use]
    pub fn in_place(self, place: Option<Reservation>) -> Self {
        Self { place: place.or(self.place), ..self }
    }

    pub fn take_place(&mut self) -> Option<Reservation> {
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
