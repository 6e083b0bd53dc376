//! What a component is called for, and whose request it follows from: for the log.

use super::{caller::Caller, client::Client};
use crate::{
    capability::events::bindings::mindflow::platform::events::Event,
    observe::{correlation, path},
};
use std::{borrow::Cow, sync::Arc, time::Duration};
use wasmtime::component::Val;

/// Fields of the record `call-context` with which every call between components begins.
const CORRELATION_FIELD: &str = "correlation-id";
const DEADLINE_FIELD: &str = "deadline-ms";

#[derive(Debug, Default)]
pub(super) struct Purpose {
    /// Such as `mindflow:query/reads@0.1.0#read-own`.
    pub what: Cow<'static, str>,
    pub correlation_id: Option<Arc<str>>,
    /// Whether the time of the call is what its caller has left, less than the component may take.
    pub bound_by_caller: bool,
    /// Whose request it is, where that is known.
    pub caller: Option<Caller>,
    /// What the calls of the request had waited for places when this one came.
    pub queued_before: Duration,
    /// Of a request over HTTP.
    pub client: Option<Client>,
}

impl Purpose {
    /// One that follows from no request.
    pub fn of(what: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.into(), ..Self::default() }
    }

    pub fn of_function(function: &str, params: &[Val]) -> Self {
        let correlation_id = params.first().and_then(|context| match context {
            Val::Record(fields) => fields.iter().find_map(|(name, value)| match value {
                Val::String(id) if name == CORRELATION_FIELD => Some(Arc::from(id.as_str())),
                _ => None,
            }),
            _ => None,
        });
        Self { what: function.to_owned().into(), correlation_id, ..Self::default() }
    }

    pub fn of_event(event: &Event, subscription: &str) -> Self {
        Self {
            what: format!("{} as {subscription}", event.event_type).into(),
            correlation_id: Some(event.correlation_id.as_str().into()),
            caller: event.user_id.as_deref().map(Caller::of_user),
            ..Self::default()
        }
    }

    pub fn of_request<B>(request: &http::Request<B>, client: Client) -> Self {
        let id = request.headers().get(correlation::HEADER).and_then(|id| id.to_str().ok());
        Self {
            what: format!("{} {}", request.method(), path::shown(request.uri().path())).into(),
            correlation_id: id.map(Arc::from),
            caller: Some(client.caller.clone()),
            client: Some(client),
            ..Self::default()
        }
    }

    /// A call for a connection that a request opened.
    pub fn of_connection(what: &'static str, correlation_id: Arc<str>) -> Self {
        Self { what: what.into(), correlation_id: Some(correlation_id), ..Self::default() }
    }
}

/// The time that a call may take: at most `budget`, and at most what the call context leaves of the caller's own time.
/// The callee finds the result in its call context.
pub(super) fn bound_deadline(params: &mut [Val], budget: Duration) -> Duration {
    let Some(Val::Record(fields)) = params.first_mut() else { return budget };
    let Some((_, Val::Option(deadline))) = fields.iter_mut().find(|(name, _)| name == DEADLINE_FIELD) else {
        return budget;
    };
    let asked = match deadline.as_deref() {
        Some(Val::U32(ms)) => Duration::from_millis(u64::from(*ms)),
        _ => Duration::MAX,
    };
    let bound = budget.min(asked);
    let ms = u32::try_from(bound.as_millis()).unwrap_or(u32::MAX);
    *deadline = Some(Box::new(Val::U32(ms)));
    bound
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

    #[test]
    fn a_callee_has_no_more_time_than_its_caller_and_finds_it_in_its_context() {
        let context = |ms: Option<u32>| {
            let deadline = Val::Option(ms.map(|ms| Box::new(Val::U32(ms))));
            Val::Record(vec![("correlation-id".into(), Val::String("c:1".into())), ("deadline-ms".into(), deadline)])
        };
        let budget = Duration::from_secs(10);
        for (asked, bound_ms) in [(None, 10_000), (Some(60_000), 10_000), (Some(1_500), 1_500), (Some(0), 0)] {
            let mut params = [context(asked), Val::Bool(true)];
            assert_eq!(bound_deadline(&mut params, budget), Duration::from_millis(u64::from(bound_ms)), "{asked:?}");
            assert_eq!(params[0], context(Some(bound_ms)), "{asked:?}");
        }
        assert_eq!(bound_deadline(&mut [], budget), budget);
        assert_eq!(bound_deadline(&mut [Val::Bool(true)], budget), budget);
    }
}
