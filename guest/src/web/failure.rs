//! Why a request failed, for every protocol: one table of kinds, from which problem+json
//! (`web::problem`) and GraphQL errors (`graphql::errors`) are made.

use crate::call::{Error, ExceededQuota, FieldError, ReachedLimit};
use crate::rate_limits;
use crate::rules::Rule;
use http::StatusCode;

/// When a part of the platform is away: its breaker tries again after about this time.
const UNAVAILABLE_RETRY_AFTER_S: u32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not what the protocol asks for: broken JSON, a parameter of the wrong type.
    Malformed,
    PreflightRequired,
    Unauthenticated,
    Forbidden,
    QuotaExceeded,
    NotFound,
    /// With the methods that are allowed.
    MethodNotAllowed(&'static str),
    NotAcceptable,
    Conflict,
    PreconditionFailed,
    TooLarge,
    /// The request did not come to its end in time.
    TimedOut,
    /// With the number of bytes that there are.
    RangeNotSatisfiable(u64),
    UnsupportedMediaType,
    Invalid,
    RateLimited,
    TooComplex,
    /// A service had to give up what the request asked of it, by its limits.
    TooCostly,
    PersistedQueryNotFound,
    Unavailable,
    Internal,
}

/// What a kind is called in each protocol.
pub struct Facts {
    pub status: StatusCode,
    /// `extensions.code` in GraphQL.
    pub code: &'static str,
    /// `type` of the problem, a reference relative to the platform's address (RFC 9457 §3.1.1).
    pub problem_type: &'static str,
    pub title: &'static str,
}

impl Kind {
    pub fn facts(self) -> Facts {
        let (status, code, problem_type, title) = match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "BAD_USER_INPUT", "malformed-request", "Malformed request"),
            Self::PreflightRequired => {
                (StatusCode::BAD_REQUEST, "BAD_USER_INPUT", "preflight-required", "Preflight header required")
            }
            Self::Unauthenticated => {
                (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "unauthenticated", "Not authenticated")
            }
            Self::Forbidden => (StatusCode::FORBIDDEN, "FORBIDDEN", "forbidden", "Forbidden"),
            Self::QuotaExceeded => (StatusCode::FORBIDDEN, "QUOTA_EXCEEDED", "quota-exceeded", "Quota exceeded"),
            Self::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND", "not-found", "Not found"),
            Self::MethodNotAllowed(_) => {
                (StatusCode::METHOD_NOT_ALLOWED, "BAD_USER_INPUT", "method-not-allowed", "Method not allowed")
            }
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "BAD_USER_INPUT", "not-acceptable", "Not acceptable"),
            Self::Conflict => (StatusCode::CONFLICT, "CONFLICT", "conflict", "Conflict"),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "CONFLICT", "precondition-failed", "Precondition failed")
            }
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "BAD_USER_INPUT", "payload-too-large", "Payload too large")
            }
            Self::TimedOut => (StatusCode::REQUEST_TIMEOUT, "BAD_USER_INPUT", "request-timeout", "Request timeout"),
            Self::RangeNotSatisfiable(_) => {
                (StatusCode::RANGE_NOT_SATISFIABLE, "BAD_USER_INPUT", "range-not-satisfiable", "Range not satisfiable")
            }
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "BAD_USER_INPUT",
                "unsupported-media-type",
                "Unsupported media type",
            ),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "BAD_USER_INPUT", "invalid-input", "Invalid input"),
            Self::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "rate-limited", "Too many requests"),
            Self::TooComplex => {
                (StatusCode::BAD_REQUEST, "QUERY_TOO_COMPLEX", "query-too-complex", "Query too complex")
            }
            Self::TooCostly => (StatusCode::PAYLOAD_TOO_LARGE, "QUERY_TOO_COMPLEX", "too-costly", "Too costly"),
            Self::PersistedQueryNotFound => (
                StatusCode::BAD_REQUEST,
                "PERSISTED_QUERY_NOT_FOUND",
                "persisted-query-not-found",
                "Persisted query not found",
            ),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "unavailable", "Unavailable"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "internal", "Internal error"),
        };
        Facts { status, code, problem_type, title }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub kind: Kind,
    /// A sentence; for `Internal` and `Unavailable` it is for the log alone.
    text: String,
    /// Of `Invalid`: at least one; of others the one that it is about, if any.
    pub fields: Vec<FieldError>,
    pub retry_after_s: Option<u32>,
    /// Of `TooComplex`, where it was measured.
    pub excess: Option<Excess>,
    /// Of `QuotaExceeded`.
    pub quota: Option<Box<ExceededQuota>>,
    /// Of `RateLimited`, where it was a limit of the configuration.
    pub limit: Option<Box<ReachedLimit>>,
}

/// What a request costs, and what it may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excess {
    pub cost: u64,
    pub allowed: u64,
    /// `points` or `bytes`.
    pub unit: &'static str,
}

impl Failure {
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            fields: Vec::new(),
            retry_after_s: None,
            excess: None,
            quota: None,
            limit: None,
        }
    }

    /// Of what costs more than it may.
    pub fn too_complex(text: impl Into<String>, excess: Excess) -> Self {
        Self { excess: Some(excess), ..Self::new(Kind::TooComplex, text) }
    }

    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// Of one input, `text` for both: a parameter, a header, or, without a name, the request as a whole.
    pub fn broken(kind: Kind, name: &str, rule: impl Into<Rule>, text: impl Into<String>) -> Self {
        let text = text.into();
        let broken = rule.into().broken(name, text.as_str());
        Self::new(kind, text).about(broken)
    }

    /// Of one input.
    #[must_use]
    pub fn about(self, broken: FieldError) -> Self {
        Self { fields: vec![broken], ..self }
    }

    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let text = match fields.as_slice() {
            [only] if !only.field.is_empty() => format!("{}: {}", only.field, only.message),
            [only] => only.message.clone(),
            several => format!("{} fields are not right.", several.len()),
        };
        Self { fields, ..Self::new(Kind::Invalid, text) }
    }

    /// What the client may read.
    pub fn public_text(&self) -> &str {
        match self.kind {
            Kind::Internal => "Something went wrong on our side. The correlation id helps us to find out what.",
            Kind::Unavailable => "A part of the platform is not available at the moment. Try again shortly.",
            _ => &self.text,
        }
    }

    /// Logs for the operator what the answer leaves out. The host makes a log line of it.
    pub fn log(&self, correlation_id: &str) {
        let level = match self.kind {
            Kind::Internal => "error",
            Kind::Unavailable => "warn",
            _ => return,
        };
        eprintln!("{level} correlation_id={correlation_id} {}", self.text);
    }

    /// The headers that belong to the status.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let challenge = (self.kind == Kind::Unauthenticated).then(|| ("www-authenticate", "Bearer".to_owned()));
        let of_kind = match self.kind {
            Kind::MethodNotAllowed(methods) => Some(("allow", methods.to_owned())),
            Kind::RangeNotSatisfiable(bytes) => Some(("content-range", format!("bytes */{bytes}"))),
            _ => None,
        };
        let retry = self.retry_after_s.map(|seconds| ("retry-after", seconds.to_string()));
        let limit = self.limit.iter().flat_map(|limit| rate_limits::fields(limit));
        let limit = limit.map(|(name, value)| (name, value.to_owned()));
        [challenge, of_kind, retry].into_iter().flatten().chain(limit)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated(text) => Self::new(Kind::Unauthenticated, text),
            Error::Forbidden(text) => Self::new(Kind::Forbidden, text),
            Error::NotFound(text) => Self::new(Kind::NotFound, text),
            Error::Invalid(fields) => Self::invalid(fields),
            Error::Conflict(broken) => {
                let conflict = Self::new(Kind::Conflict, broken.message.clone());
                if broken.field.is_empty() { conflict } else { conflict.about(broken) }
            }
            Error::QuotaExceeded(quota) => {
                let text = quota.message.clone();
                Self { quota: Some(Box::new(quota)), ..Self::new(Kind::QuotaExceeded, text) }
            }
            Error::RateLimited(throttled) => Self {
                retry_after_s: Some(throttled.retry_after_s),
                limit: throttled.limit.map(Box::new),
                ..Self::new(Kind::RateLimited, throttled.message)
            },
            Error::TooCostly(text) => Self::new(Kind::TooCostly, text),
            Error::Unavailable(text) => {
                Self { retry_after_s: Some(UNAVAILABLE_RETRY_AFTER_S), ..Self::new(Kind::Unavailable, text) }
            }
            Error::Internal(text) => Self::new(Kind::Internal, text),
        }
    }
}
