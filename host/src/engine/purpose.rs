//! What a component is called for, and whose request it follows from: for the log.

use crate::observe::correlation;
use std::{borrow::Cow, sync::Arc};
use wasmtime::component::Val;

/// Of the record `call-context` with which every call between components begins.
const CORRELATION_FIELD: &str = "correlation-id";

#[derive(Debug, Clone)]
pub(super) struct Purpose {
    /// Such as `mindflow:query/reads@0.1.0#me`.
    pub what: Cow<'static, str>,
    pub correlation_id: Option<Arc<str>>,
}

impl Purpose {
    /// One that follows from no request.
    pub fn of(what: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.into(), correlation_id: None }
    }

    pub fn of_function(function: &str, params: &[Val]) -> Self {
        let correlation_id = params.first().and_then(|context| match context {
            Val::Record(fields) => fields.iter().find_map(|(name, value)| match value {
                Val::String(id) if name == CORRELATION_FIELD => Some(Arc::from(id.as_str())),
                _ => None,
            }),
            _ => None,
        });
        Self { what: function.to_owned().into(), correlation_id }
    }

    pub fn of_request<B>(request: &http::Request<B>) -> Self {
        let id = request.headers().get(correlation::HEADER).and_then(|id| id.to_str().ok());
        Self {
            what: format!("{} {}", request.method(), request.uri().path()).into(),
            correlation_id: id.map(Arc::from),
        }
    }

    pub fn of_headers(what: &'static str, headers: &[(String, String)]) -> Self {
        let id = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(correlation::HEADER.as_str()));
        Self { what: what.into(), correlation_id: id.map(|(_, id)| Arc::from(id.as_str())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_between_components_follows_from_the_request_of_its_context() {
        let context = Val::Record(vec![
            ("credential".into(), Val::Bool(true)),
            ("correlation-id".into(), Val::String("c:1".into())),
        ]);
        let purpose = Purpose::of_function("a:b/c#d", &[context, Val::Bool(true)]);
        assert_eq!((&*purpose.what, purpose.correlation_id.as_deref()), ("a:b/c#d", Some("c:1")));
        assert_eq!(Purpose::of_function("a:b/c#d", &[]).correlation_id, None);
    }
}
