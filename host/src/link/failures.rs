//! A callee's failure as a value of its function's own error type. What the caller's client may read, and act on, has a case
//! of its own; everything else is `unavailable`.

use crate::engine::{CallFailure, REFUSED, TOO_COSTLY};
use wasmtime::component::{
    Type, Val,
    types::{ComponentFunc, Record, Variant},
};

/// For a callee that could not answer.
const FAILURE_CASE: &str = "unavailable";
/// For a call that costs more than it may, if the error has it.
const COST_CASE: &str = "too-costly";
/// For a client whose calls did so repeatedly, if the error has it.
const REFUSAL_CASE: &str = "rate-limited";
/// Of the record of [`REFUSAL_CASE`]; any further field is an option.
const RETRY_AFTER: &str = "retry-after-s";
const MESSAGE: &str = "message";

/// What a function's error can say.
#[derive(Debug, Default)]
pub(super) struct Failures {
    too_costly: bool,
    /// The fields of the case's record, in their order.
    refused: Option<Vec<String>>,
}

// === impl Failures ===

impl Failures {
    pub fn of(function: &ComponentFunc) -> Self {
        let mut failures = Self::default();
        let Some(error) = error(function) else { return failures };
        for case in error.cases() {
            match (case.name, case.ty) {
                (COST_CASE, Some(Type::String)) => failures.too_costly = true,
                (REFUSAL_CASE, Some(Type::Record(record))) => failures.refused = fields(&record),
                _ => {}
            }
        }
        failures
    }

    pub fn answer(&self, failure: &CallFailure) -> Val {
        match (failure, &self.refused) {
            (CallFailure::TooCostly { .. }, _) if self.too_costly => {
                case(COST_CASE, Val::String(TOO_COSTLY.to_owned()))
            }
            (CallFailure::ClientRefused { wait, .. }, Some(fields)) => {
                let retry_after_s = u32::try_from(wait.as_secs().max(1)).unwrap_or(u32::MAX);
                let value = |field: &str| match field {
                    RETRY_AFTER => Val::U32(retry_after_s),
                    MESSAGE => Val::String(REFUSED.to_owned()),
                    _ => Val::Option(None),
                };
                case(REFUSAL_CASE, Val::Record(fields.iter().map(|field| (field.clone(), value(field))).collect()))
            }
            _ => unavailable(failure.to_string()),
        }
    }
}

/// Whether the function's error can say that its component could not answer.
pub(super) fn is_answered(function: &ComponentFunc) -> bool {
    error(function).is_some_and(|error| {
        error.cases().any(|case| case.name == FAILURE_CASE && matches!(case.ty, Some(Type::String)))
    })
}

pub(super) fn unavailable(reason: String) -> Val {
    case(FAILURE_CASE, Val::String(reason))
}

fn case(name: &str, value: Val) -> Val {
    let case = Val::Variant(name.to_owned(), Some(Box::new(value)));
    Val::Result(Err(Some(Box::new(case))))
}

fn error(function: &ComponentFunc) -> Option<Variant> {
    let results: Vec<Type> = function.results().collect();
    let [Type::Result(result)] = results.as_slice() else { return None };
    match result.err() {
        Some(Type::Variant(error)) => Some(error),
        _ => None,
    }
}

/// The record's fields, if the host can fill them.
fn fields(record: &Record) -> Option<Vec<String>> {
    record
        .fields()
        .map(|field| match (field.name, field.ty) {
            (RETRY_AFTER, Type::U32) | (MESSAGE, Type::String) | (_, Type::Option(_)) => Some(field.name.to_owned()),
            _ => None,
        })
        .collect()
}
