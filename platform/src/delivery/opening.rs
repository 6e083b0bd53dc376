//! Opens payloads before a handler gets their events. What was erased goes to no handler: it counts as taken.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::subscription::{Attempt, Failure, Handler, Subscription};
use crate::data_keys::{Damaged, DataKeys, KeyError, Opened};
use crate::event::Event;

/// While the keys' store is away, deliveries are put off for so long; no attempt is counted, because none was made.
const AWAY_PAUSE: Duration = Duration::from_secs(1);

/// Hears of the events that no handler got.
pub trait Skips: Send + Sync + 'static {
    fn skipped(&self, subscription: &str, event: &Event);
}

/// A handler that gets payloads in clear.
pub struct Opening {
    handler: Arc<dyn Handler>,
    keys: Arc<DataKeys>,
    /// Subscriptions that get payloads as they are kept.
    sealed: BTreeSet<String>,
    skips: Arc<dyn Skips>,
}

// === impl Opening ===

impl Opening {
    #[must_use]
    pub fn new<'a>(
        handler: Arc<dyn Handler>,
        keys: Arc<DataKeys>,
        subscriptions: impl IntoIterator<Item = &'a Subscription>,
        skips: Arc<dyn Skips>,
    ) -> Self {
        let sealed = subscriptions.into_iter().filter(|subscription| subscription.sealed);
        Self { handler, keys, sealed: sealed.map(|subscription| subscription.name.clone()).collect(), skips }
    }

    /// Those that are not erased.
    async fn open(&self, subscription: &str, events: &[&Event]) -> Result<Vec<Event>, Failure> {
        let opened = self.keys.open(events).await.map_err(away)?;
        let mut left = Vec::with_capacity(events.len());
        for (event, opened) in events.iter().zip(opened) {
            match opened.map_err(damaged)? {
                Opened::Event(event) => left.push(*event),
                Opened::Erased => self.skips.skipped(subscription, event),
            }
        }
        Ok(left)
    }
}

#[async_trait]
impl Handler for Opening {
    async fn handle(&self, event: &Event, attempt: &Attempt) -> Result<(), Failure> {
        if self.sealed.contains(&*attempt.subscription) {
            return self.handler.handle(event, attempt).await;
        }
        match self.open(&attempt.subscription, &[event]).await?.pop() {
            Some(event) => self.handler.handle(&event, attempt).await,
            None => Ok(()),
        }
    }

    fn takes_batches(&self, subscription: &str) -> bool {
        self.handler.takes_batches(subscription)
    }

    async fn handle_batch(&self, subscription: &str, events: &[Arc<Event>]) -> Result<(), Failure> {
        if self.sealed.contains(subscription) {
            return self.handler.handle_batch(subscription, events).await;
        }
        let kept: Vec<&Event> = events.iter().map(|event| &**event).collect();
        let opened: Vec<_> = self.open(subscription, &kept).await?.into_iter().map(Arc::new).collect();
        if opened.is_empty() {
            return Ok(());
        }
        self.handler.handle_batch(subscription, &opened).await
    }
}

fn away(error: KeyError) -> Failure {
    Failure::Retry { reason: error.to_string(), after: Some(AWAY_PAUSE) }
}

fn damaged(error: Damaged) -> Failure {
    Failure::Reject(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::data_keys::Subject;
    use crate::data_keys::tests::{Memory, data_keys};

    /// Payloads that the handler got, and events that it did not.
    #[derive(Default)]
    struct Seen {
        payloads: Mutex<Vec<String>>,
        skipped: Mutex<Vec<Uuid>>,
    }

    #[async_trait]
    impl Handler for Seen {
        async fn handle(&self, event: &Event, _: &Attempt) -> Result<(), Failure> {
            self.payloads.lock().unwrap().push(event.payload_text());
            Ok(())
        }

        fn takes_batches(&self, _: &str) -> bool {
            true
        }

        async fn handle_batch(&self, _: &str, events: &[Arc<Event>]) -> Result<(), Failure> {
            self.payloads.lock().unwrap().extend(events.iter().map(|event| event.payload_text()));
            Ok(())
        }
    }

    impl Skips for Seen {
        fn skipped(&self, _: &str, event: &Event) {
            self.skipped.lock().unwrap().push(event.event_id);
        }
    }

    fn event(number: u128) -> Event {
        serde_json::from_value(json!({
            "eventId": Uuid::from_u128(number), "eventType": "TagCreated", "version": "1.0", "timestamp": "2026-11-26T12:00:00Z",
            "source": "command-service", "correlationId": "c", "sequence": 1, "partitionKey": format!("tag:{number}"),
            "metadata": {"userId": Uuid::from_u128(9)}, "payload": {"n": number.to_string()}
        }))
        .unwrap()
    }

    fn attempt(subscription: &str) -> Attempt {
        Attempt { subscription: subscription.into(), attempt: 1, attempts_max: 4 }
    }

    #[test]
    fn a_handler_gets_payloads_in_clear_and_nothing_of_what_was_erased() {
        let (seen, keys) = (Arc::new(Seen::default()), Arc::new(data_keys(Arc::new(Memory::default()))));
        let mut events = [event(1), event(2)];
        let trail = Subscription { sealed: true, ..Subscription::new("trail", ["TagCreated"]) };
        let opening = Opening::new(seen.clone(), keys.clone(), [&trail], seen.clone());
        futures::executor::block_on(async {
            keys.seal_events(&mut events, &[Subject::Itself, Subject::Itself]).await.unwrap();
            opening.handle(&events[0], &attempt("views")).await.unwrap();
            opening.handle(&events[0], &attempt("trail")).await.unwrap();
            keys.destroy_aggregate(Uuid::from_u128(9), "tag:1").await.unwrap();
            opening.handle(&events[0], &attempt("views")).await.unwrap();
            opening.handle_batch("views", &events.clone().map(Arc::new)).await.unwrap();
        });
        let payloads = seen.payloads.lock().unwrap();
        assert_eq!((payloads[0].as_str(), payloads[2].as_str()), (r#"{"n":"1"}"#, r#"{"n":"2"}"#));
        assert!(payloads[1].contains("$sealed") && payloads.len() == 3);
        assert_eq!(*seen.skipped.lock().unwrap(), [Uuid::from_u128(1); 2]);
    }

    #[test]
    fn while_the_keys_are_away_deliveries_wait_and_no_attempt_is_counted() {
        let store = Arc::new(Memory::default());
        let (seen, keys) = (Arc::new(Seen::default()), Arc::new(data_keys(store.clone())));
        let opening = Opening::new(seen.clone(), keys.clone(), [], seen.clone());
        let mut events = [event(1)];
        let answer = futures::executor::block_on(async {
            keys.seal_events(&mut events, &[Subject::Itself, Subject::Itself]).await.unwrap();
            store.go_away();
            opening.handle(&events[0], &attempt("views")).await
        });
        assert!(matches!(answer, Err(Failure::Retry { after: Some(AWAY_PAUSE), .. })), "{answer:?}");
        assert!(seen.payloads.lock().unwrap().is_empty() && seen.skipped.lock().unwrap().is_empty());
    }
}
