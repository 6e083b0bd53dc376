//! The mapping from errors of capabilities to errors of service calls, and from those to the outcome of the event that
//! was being handled.

use crate::bindings::platform::mindflow::platform::{
    blob,
    call::{Error, ExceededQuota, FieldError},
    events::Failure,
    jwt_verifier, key_value, realtime, sql,
};
use crate::rules::Rule;

/// How soon an event is retried while a store is unavailable: soon enough for users, and little load for the store.
pub const DEFERRAL_MS: u32 = 1_000;

/// A broken rule of one field. `message` says it as a sentence that a user can act on.
pub fn field(field: impl Into<String>, rule: impl Into<Rule>, message: impl Into<String>) -> FieldError {
    rule.into().broken(field, message)
}

pub fn invalid(name: impl Into<String>, rule: impl Into<Rule>, message: impl Into<String>) -> Error {
    Error::Invalid(vec![field(name, rule, message)])
}

/// The state does not allow now what the field asks for; the field is empty where none does.
pub fn conflict(name: impl Into<String>, rule: impl Into<Rule>, message: impl Into<String>) -> Error {
    Error::Conflict(field(name, rule, message))
}

/// The quota of that name has no room: so much of the limit is used.
pub fn quota_exceeded(quota: &str, used: u64, limit: u64, message: impl Into<String>) -> Error {
    Error::QuotaExceeded(ExceededQuota { quota: quota.to_owned(), used, limit, message: message.into() })
}

pub fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

/// The outcome of the event that was being handled: an unavailable store defers it, which counts as no failed attempt,
/// so that an outage fills no dead letters; any other error is a failed attempt.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(reason) => Self::Retry((reason, Some(DEFERRAL_MS))),
            Error::Internal(reason) => Self::Retry((reason, None)),
            other => Self::Retry((format!("{other:?}"), None)),
        }
    }
}

impl From<sql::Error> for Error {
    fn from(error: sql::Error) -> Self {
        match error {
            sql::Error::Unavailable(reason) => Self::Unavailable(format!("database: {reason}")),
            sql::Error::PoolExhausted => Self::Unavailable("database: all connections are busy".into()),
            sql::Error::Timeout => Self::Unavailable("database: the statement took too long".into()),
            sql::Error::Conflict(cause) => Self::Unavailable(format!("database: {}", cause.message)),
            sql::Error::AccessDenied(reason) => Self::Internal(format!("database access denied: {reason}")),
            sql::Error::InvalidParams(reason) => Self::Internal(format!("statement parameters: {reason}")),
            sql::Error::Statement(cause) => {
                Self::Internal(format!("statement failed ({}): {}", cause.sqlstate, cause.message))
            }
            sql::Error::Other(reason) => Self::Internal(format!("database: {reason}")),
        }
    }
}

impl From<key_value::Error> for Error {
    fn from(error: key_value::Error) -> Self {
        match error {
            key_value::Error::Unavailable(reason) => Self::Unavailable(format!("key-value store: {reason}")),
            key_value::Error::AccessDenied(reason)
            | key_value::Error::Invalid(reason)
            | key_value::Error::Other(reason) => Self::Internal(format!("key-value store: {reason}")),
        }
    }
}

impl From<realtime::Error> for Error {
    fn from(error: realtime::Error) -> Self {
        match error {
            realtime::Error::Unavailable(reason) => Self::Unavailable(format!("realtime: {reason}")),
            realtime::Error::AccessDenied(reason) | realtime::Error::Invalid(reason) => {
                Self::Internal(format!("realtime: {reason}"))
            }
        }
    }
}

impl From<blob::Error> for Error {
    fn from(error: blob::Error) -> Self {
        match error {
            blob::Error::Unavailable(reason) => Self::Unavailable(format!("files: {reason}")),
            blob::Error::NotFound => Self::NotFound("There is no such file.".into()),
            blob::Error::TooLarge(bytes) => Self::Internal(format!("files: more than {bytes} bytes")),
            blob::Error::AccessDenied(reason) | blob::Error::Invalid(reason) => {
                Self::Internal(format!("files: {reason}"))
            }
        }
    }
}

impl From<jwt_verifier::Error> for Error {
    fn from(error: jwt_verifier::Error) -> Self {
        match error {
            jwt_verifier::Error::Expired => Self::Unauthenticated("The access token has expired.".into()),
            jwt_verifier::Error::Malformed => Self::Unauthenticated("The access token is malformed.".into()),
            jwt_verifier::Error::BadSignature => Self::Unauthenticated("The access token's signature is wrong.".into()),
            jwt_verifier::Error::NotAccepted(reason) => {
                Self::Unauthenticated(format!("The access token is not accepted: {reason}."))
            }
            jwt_verifier::Error::Unavailable(reason) => Self::Unavailable(format!("signing keys: {reason}")),
        }
    }
}
