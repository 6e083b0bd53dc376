//! Event deliveries as calls of the subscribed component.

use super::flow::Flow;
use crate::{
    capability::events::{bindings::mindflow::platform::events as wit, record},
    engine::{CallFailure, Provider},
    manifest::{ComponentEntry, SubscriptionEntry},
};
use async_trait::async_trait;
use mindflow_backends::delivery::{Attempt, Event, Failure, Handler, Subscription, batch_timeout};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// An overloaded component is asked again after this; no attempt is counted, because none was made.
const OVERLOADED_PAUSE: Duration = Duration::from_millis(200);

/// The component behind each subscription.
#[derive(Default)]
pub struct Subscribers(BTreeMap<String, Subscriber>);

struct Subscriber {
    provider: Arc<Provider>,
    timeout: Duration,
    flow: Arc<Flow>,
}

impl Subscribers {
    pub fn add(&mut self, subscription: String, provider: Arc<Provider>, timeout: Duration) {
        self.0.insert(subscription, Subscriber { provider, timeout, flow: Arc::default() });
    }

    /// The same, with what goes to it counted.
    pub fn add_counted(&mut self, subscription: &Subscription, provider: Arc<Provider>) -> Arc<Flow> {
        let flow = Arc::new(Flow::of(&subscription.event_types));
        let subscriber = Subscriber { provider, timeout: subscription.timeout, flow: Arc::clone(&flow) };
        self.0.insert(subscription.name.clone(), subscriber);
        flow
    }
}

#[async_trait]
impl Handler for Subscribers {
    async fn handle(&self, event: &Event, attempt: &Attempt) -> Result<(), Failure> {
        let Some(Subscriber { provider, timeout, flow }) = self.0.get(attempt.subscription.as_ref()) else {
            return Err(unknown(&attempt.subscription));
        };
        let delivery = wit::Delivery {
            subscription: attempt.subscription.to_string(),
            attempt: attempt.attempt,
            attempts_max: attempt.attempts_max,
        };
        let outcome = answered(provider.deliver(record(event), delivery, *timeout).await);
        flow.count(&event.event_type, &outcome);
        outcome
    }

    fn takes_batches(&self, subscription: &str) -> bool {
        self.0.get(subscription).is_some_and(|subscriber| subscriber.provider.takes_batches())
    }

    async fn handle_batch(&self, subscription: &str, events: &[Arc<Event>]) -> Result<(), Failure> {
        let Some(Subscriber { provider, timeout, flow }) = self.0.get(subscription) else {
            return Err(unknown(subscription));
        };
        let records = events.iter().map(|event| record(event)).collect();
        let outcome = answered(provider.deliver_batch(subscription.to_owned(), records, batch_timeout(*timeout)).await);
        // The events of a batch that failed come again one by one.
        if outcome.is_ok() {
            events.iter().for_each(|event| flow.count(&event.event_type, &outcome));
        }
        outcome
    }
}

fn unknown(subscription: &str) -> Failure {
    Failure::Reject(format!("no component is subscribed as `{subscription}`"))
}

fn answered(answer: Result<Result<(), wit::Failure>, CallFailure>) -> Result<(), Failure> {
    match answer {
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

/// A subscription of the manifest, with the component's defaults.
pub(crate) fn subscription(component: &ComponentEntry, entry: &SubscriptionEntry) -> Subscription {
    entry.subscription(&component.name, component.tool.instances.deadline_ms)
}

fn failure(failure: wit::Failure) -> Failure {
    match failure {
        wit::Failure::Retry((reason, after_ms)) => {
            Failure::Retry { reason, after: after_ms.map(|ms| Duration::from_millis(u64::from(ms))) }
        }
        wit::Failure::Reject(reason) => Failure::Reject(reason),
    }
}
