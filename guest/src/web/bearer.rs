//! Access tokens as clients present them (RFC 6750 §2.1).

use super::header;
use crate::call::{CallContext, Credential};
use http::HeaderMap;

/// What the client presented as its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    Nothing,
    Token(String),
    /// An `Authorization` that is no bearer token.
    Malformed,
}

impl Presented {
    /// By the `Authorization` header.
    pub fn of(headers: &HeaderMap) -> Self {
        match header(headers, "authorization") {
            None if headers.contains_key("authorization") => Self::Malformed,
            authorization => Self::read(authorization),
        }
    }

    /// Of an `Authorization` header, or the same text elsewhere (RFC 6750 §2.1; the scheme's case does not count).
    pub fn read(authorization: Option<&str>) -> Self {
        let Some(text) = authorization else { return Self::Nothing };
        match text.trim().split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && is_token(token.trim()) => {
                Self::Token(token.trim().to_owned())
            }
            _ => Self::Malformed,
        }
    }

    /// Why it proves no caller, when it has no token.
    pub fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Token(_) => None,
            Self::Nothing => Some("Log in first: this needs an access token."),
            Self::Malformed => Some("The `Authorization` must be `Bearer` and an access token."),
        }
    }

    /// The context of the calls that follow from a client's request. It sets no deadline: the host ends a call when its
    /// caller has no time left or the callee has used its own.
    pub fn into_context(self, correlation_id: String, traceparent: Option<String>) -> CallContext {
        let credential = match self {
            Self::Token(token) => Credential::Token(token),
            Self::Nothing | Self::Malformed => Credential::Anonymous,
        };
        CallContext { credential, correlation_id, traceparent, deadline_ms: None }
    }
}

/// `b64token` of RFC 6750.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_read_whatever_the_case_of_the_scheme() {
        assert_eq!(Presented::read(Some("Bearer a.b-c_d")), Presented::Token("a.b-c_d".into()));
        assert_eq!(Presented::read(Some("bearer  a.b")), Presented::Token("a.b".into()));
        assert_eq!(Presented::read(None), Presented::Nothing);
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "a.b.c"] {
            assert_eq!(Presented::read(Some(text)), Presented::Malformed, "{text:?}");
        }
    }
}
