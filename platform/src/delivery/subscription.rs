//! What a subscriber says about its deliveries, and what it answers to each.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::policy::RetryPolicy;
use crate::event::Event;

/// Events of so many different keys are with one subscription's handler at a time. Enough to hide the
/// database's latency, few enough that five subscriptions stay within its connections.
pub const CONCURRENCY_DEFAULT: u32 = 16;

/// More in flight than this only waits for the database.
pub const CONCURRENCY_MAX: u32 = 1_024;

/// Events that a handler gets in one call: enough to spread the costs of a transaction, few enough that a batch is done within
/// tens of milliseconds.
pub const BATCH_EVENTS_DEFAULT: u32 = 64;

/// More only holds memory.
pub const BATCH_EVENTS_MAX: u32 = 1_000;

/// Bytes of payloads in a batch, unless its first event alone has more.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// An idle subscription may wait this long for more.
pub const LINGER_MAX: Duration = Duration::from_secs(1);

/// How long a batch may take, or the subscription's timeout if that is less. A batch that hangs holds back other keys for this
/// long, and is then tried event by event.
const BATCH_TIMEOUT_MAX: Duration = Duration::from_secs(5);

/// A handler that takes longer than this has most likely hung; the brief gives an AI call 30 s.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// Who gets which events, and how.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Unique; the queue is kept under it.
    pub name: String,
    /// Such as `JournalEntryCreated`.
    pub event_types: Vec<String>,
    /// Concurrent deliveries in one replica, each of another partition key; 1 to [`CONCURRENCY_MAX`].
    pub concurrency: u32,
    /// Of these, how many may be of one user (`metadata.userId`), 1 to `concurrency`; all when absent. A batch
    /// is of many users and counts for none of them.
    pub user_concurrency: Option<u32>,
    /// How long the handler may take; longer counts as a failed attempt.
    pub timeout: Duration,
    /// Events in a batch, where the handler takes batches; 1 to [`BATCH_EVENTS_MAX`]. With 1 there are none.
    pub batch_events: u32,
    /// How long an idle subscription waits after new events are announced, so that more come together and others
    /// go first; at most [`LINGER_MAX`]. A busy one does not wait.
    pub linger: Duration,
    pub retry: RetryPolicy,
    /// Its handler gets payloads as they are kept, and of what was erased, too.
    pub sealed: bool,
}

/// Which attempt of which subscription a delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub subscription: Arc<str>,
    /// From 1; a deferred delivery does not count.
    pub attempt: u32,
    pub attempts_max: u32,
}

/// Why a handler did not take an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Not now. Without `after` this is a failed attempt and follows the retry policy; with it, it is
    /// a deferral that is not counted.
    Retry { reason: String, after: Option<Duration> },
    /// Never: it becomes a dead letter immediately.
    Reject(String),
}

impl Failure {
    /// In the handler's words, which may quote what a user wrote ([`unquoted`](super::unquoted)).
    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason, .. } | Self::Reject(reason) => reason,
        }
    }
}

/// Receives events. `Ok` acknowledges; a panic or a timeout counts as a retry. The same event may come again.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Dropped when it takes too long or when its lease was lost.
    async fn handle(&self, event: &Event, attempt: &Attempt) -> Result<(), Failure>;

    /// Whether [`Self::handle_batch`] may be called for the subscription now.
    fn takes_batches(&self, _subscription: &str) -> bool {
        false
    }

    /// Takes first attempts at events of different keys together: all of them or none. A deferral defers all; after any other
    /// failure, which counts as no attempt, each goes to [`Self::handle`]. Dropped when it takes too long.
    async fn handle_batch(&self, subscription: &str, _events: &[Arc<Event>]) -> Result<(), Failure> {
        Err(Failure::Retry { reason: format!("`{subscription}` takes no batches"), after: None })
    }
}

/// Why a subscription cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    #[error("a subscription has no name, or one with a `/`: `{0}`")]
    Name(String),
    #[error("subscription `{0}` is there twice")]
    Twice(String),
    #[error("subscription `{0}` names no event type")]
    NoEventTypes(String),
    #[error("subscription `{0}` has a concurrency outside 1..={CONCURRENCY_MAX}")]
    Concurrency(String),
    #[error("subscription `{0}` has a user-concurrency outside 1..=concurrency")]
    UserConcurrency(String),
    #[error("subscription `{0}` has a timeout of zero")]
    Timeout(String),
    #[error("subscription `{0}` has batches of a number of events outside 1..={BATCH_EVENTS_MAX}")]
    BatchEvents(String),
    #[error("subscription `{0}` has a linger of more than 1000 ms")]
    Linger(String),
}

// === impl Subscription ===

impl Subscription {
    /// With the default concurrency, timeout and retry policy.
    #[must_use]
    pub fn new(name: impl Into<String>, event_types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            name: name.into(),
            event_types: event_types.into_iter().map(Into::into).collect(),
            concurrency: CONCURRENCY_DEFAULT,
            user_concurrency: None,
            timeout: TIMEOUT_DEFAULT,
            batch_events: BATCH_EVENTS_DEFAULT,
            linger: Duration::ZERO,
            retry: RetryPolicy::default(),
            sealed: false,
        }
    }
}

/// How long a batch of a subscription with this timeout may take.
#[must_use]
pub fn batch_timeout(timeout: Duration) -> Duration {
    timeout.min(BATCH_TIMEOUT_MAX)
}

/// Checks each subscription, and that no two share a name.
pub fn validate(subscriptions: &[Subscription]) -> Result<(), SubscriptionError> {
    let mut names = std::collections::HashSet::new();
    for subscription in subscriptions {
        let name = || subscription.name.clone();
        // A dead letter is named `subscription/event-id`.
        if subscription.name.is_empty() || subscription.name.contains('/') {
            return Err(SubscriptionError::Name(name()));
        }
        if !names.insert(&subscription.name) {
            return Err(SubscriptionError::Twice(name()));
        }
        if subscription.event_types.is_empty() {
            return Err(SubscriptionError::NoEventTypes(name()));
        }
        if !(1..=CONCURRENCY_MAX).contains(&subscription.concurrency) {
            return Err(SubscriptionError::Concurrency(name()));
        }
        if subscription.user_concurrency.is_some_and(|places| !(1..=subscription.concurrency).contains(&places)) {
            return Err(SubscriptionError::UserConcurrency(name()));
        }
        if subscription.timeout.is_zero() {
            return Err(SubscriptionError::Timeout(name()));
        }
        if !(1..=BATCH_EVENTS_MAX).contains(&subscription.batch_events) {
            return Err(SubscriptionError::BatchEvents(name()));
        }
        if subscription.linger > LINGER_MAX {
            return Err(SubscriptionError::Linger(name()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_that_could_never_be_served_is_refused_by_name() {
        let good = Subscription::new("query", ["A"]);
        assert_eq!(validate(std::slice::from_ref(&good)), Ok(()));
        let refused = |subscriptions: &[Subscription]| validate(subscriptions).unwrap_err().to_string();
        assert_eq!(refused(&[good.clone(), good.clone()]), "subscription `query` is there twice");
        let none: [&str; 0] = [];
        assert_eq!(refused(&[Subscription::new("query", none)]), "subscription `query` names no event type");
        assert_eq!(refused(&[Subscription::new("a/b", ["A"])]), "a subscription has no name, or one with a `/`: `a/b`");
        let idle = Subscription { concurrency: 0, ..good.clone() };
        assert_eq!(refused(&[idle]), "subscription `query` has a concurrency outside 1..=1024");
        let unfair = Subscription { user_concurrency: Some(17), ..good.clone() };
        assert_eq!(refused(&[unfair]), "subscription `query` has a user-concurrency outside 1..=concurrency");
        let with_batches = Subscription { user_concurrency: Some(4), ..good.clone() };
        assert_eq!(validate(&[with_batches]), Ok(()));
        let hasty = Subscription { timeout: Duration::ZERO, ..good.clone() };
        assert_eq!(refused(&[hasty]), "subscription `query` has a timeout of zero");
        let late = Subscription { linger: Duration::from_secs(2), ..good.clone() };
        assert_eq!(refused(&[late]), "subscription `query` has a linger of more than 1000 ms");
        let endless = Subscription { batch_events: 1_001, ..good };
        let said = "subscription `query` has batches of a number of events outside 1..=1000";
        assert_eq!(refused(&[endless]), said);
    }
}
