//! Event deliveries as calls of the subscribed component.

use crate::{
    capability::bindings::platform::events as wit,
    engine::{CallFailure, Provider},
};
use async_trait::async_trait;
use mindflow_backends::delivery::{Attempt, Event, Failure, Handler};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// An overloaded component is asked again after this; no attempt is counted, because none was made.
const OVERLOADED_PAUSE: Duration = Duration::from_millis(200);

/// The component behind each subscription.
#[derive(Default)]
pub struct Subscribers(BTreeMap<String, (Arc<Provider>, Duration)>);

impl Subscribers {
    pub fn add(&mut self, subscription: String, provider: Arc<Provider>, timeout: Duration) {
        self.0.insert(subscription, (provider, timeout));
    }
}

#[async_trait]
impl Handler for Subscribers {
    async fn handle(&self, event: &Event, attempt: &Attempt) -> Result<(), Failure> {
        let Some((provider, timeout)) = self.0.get(attempt.subscription.as_ref()) else {
            return Err(Failure::Reject(format!("no component is subscribed as `{}`", attempt.subscription)));
        };
        let delivery = wit::Delivery {
            subscription: attempt.subscription.to_string(),
            attempt: attempt.attempt,
            attempts_max: attempt.attempts_max,
        };
        match provider.deliver(record(event), delivery, *timeout).await {
            Ok(answer) => answer.map_err(failure),
            Err(CallFailure::CircuitOpen { wait, component }) => {
                Err(Failure::Retry { reason: format!("the circuit of `{component}` is open"), after: Some(wait) })
            }
            Err(overloaded @ CallFailure::Overloaded { .. }) => {
                Err(Failure::Retry { reason: overloaded.to_string(), after: Some(OVERLOADED_PAUSE) })
            }
            Err(failed) => Err(Failure::Retry { reason: failed.to_string(), after: None }),
        }
    }
}

/// The event as components have it.
pub(crate) fn record(event: &Event) -> wit::Event {
    wit::Event {
        id: event.event_id.to_string(),
        event_type: event.event_type.clone(),
        version: event.version.clone(),
        timestamp: event.timestamp_us(),
        source: event.source.clone(),
        sequence: event.sequence,
        partition_key: event.partition_key.clone(),
        correlation_id: event.correlation_id.clone(),
        traceparent: event.traceparent.clone(),
        user_id: event.metadata.user_id.map(|id| id.to_string()),
        tenant_id: event.metadata.tenant_id.clone(),
        payload: event.payload_text(),
    }
}

fn failure(failure: wit::Failure) -> Failure {
    match failure {
        wit::Failure::Retry((reason, after_ms)) => {
            Failure::Retry { reason, after: after_ms.map(|ms| Duration::from_millis(u64::from(ms))) }
        }
        wit::Failure::Reject(reason) => Failure::Reject(reason),
    }
}
