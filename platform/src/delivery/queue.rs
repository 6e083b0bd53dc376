//! What a queue of deliveries must do, whichever store is behind it. The promises that every back end
//! keeps, and that the conformance tests check:
//!
//! - At most one event of a (subscription, partition key) is leased at a time, in order of position.
//! - A lease that ran out goes to the next replica that asks. It is counted apart from the attempts that failed.
//! - Settling is fenced by the lease's token: settling a lost lease changes nothing and says so.
//! - Once a hold of a subscription is answered, none of its events is handed out until the hold ends.
//! - A dead event stays and holds back the later ones of its key, until it is redriven or discarded.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::event::{EnvelopeError, Event};

/// An event handed out for one attempt.
#[derive(Debug, Clone)]
pub struct Leased {
    pub receipt: Receipt,
    pub event: Arc<Event>,
    /// From 1. Deferred deliveries do not count, nor do those whose lease ran out.
    pub attempt: u32,
    /// Leases of it that ran out: their replica ended, or did not answer in time.
    pub lost: u32,
}

/// Names one lease of one event; a later lease of the same event has another token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// The event's place in the archive.
    pub position: i64,
    pub partition_key: String,
    pub token: Uuid,
}

/// How a delivery ended.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Done: the event leaves the queue.
    Ack,
    /// Not before `delay` has passed, by the store's clock. Uncounted for a deferral.
    Retry { error: String, delay: Duration, counted: bool },
    /// Never again: to the dead letters.
    Dead { error: String },
}

/// One delivery and its end.
#[derive(Debug, Clone)]
pub struct Settlement {
    pub receipt: Receipt,
    pub outcome: Outcome,
}

/// A dead letter's name: `subscription/event-id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeadLetterId {
    pub subscription: String,
    pub event_id: Uuid,
}

/// An event that a subscription gave up on.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// See [`DeadLetterId`].
    pub id: String,
    pub consumer: String,
    pub event: Event,
    pub attempts: u32,
    pub last_error: String,
    pub first_failed_at: Option<Timestamp>,
    pub dead_at: Timestamp,
    /// Later events of its key that wait behind it.
    pub parked: u64,
}

/// A page of the dead letters, newest first.
#[derive(Debug, Clone, Default)]
pub struct DeadLetterFilter {
    /// Only this subscription's.
    pub subscription: Option<String>,
    /// Only those older than the dead letter of this position in time.
    pub before: Option<(Timestamp, Uuid)>,
    /// At most this many; capped at [`DEAD_LETTERS_PAGE_MAX`].
    pub limit: u32,
}

/// A page of 100 that an administrator can read, and one more that shows whether others follow.
pub const DEAD_LETTERS_PAGE_MAX: u32 = 101;

/// How much waits for one subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Depth {
    pub subscription: String,
    /// Deliverable, being delivered, or waiting for a retry.
    pub ready: u64,
    /// Being delivered now.
    pub leased: u64,
    pub dead: u64,
    /// Behind a dead event of their key, as far as they have been read from where they wait.
    pub parked: u64,
    /// Age of the oldest event that is neither dead nor parked.
    pub oldest: Option<Duration>,
}

/// What a holder wants of a subscription; see [`Queue::hold`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldRequest {
    /// For so long, by the store's clock.
    Take(Duration),
    /// For so long from now, if it is still the holder's.
    Renew(Duration),
    Release,
}

/// Why the queue could not answer.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("no connection to the queue's store")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the queue's store refused `{operation}`")]
    Store {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the queue's store did not answer `{operation}` in time")]
    Timeout { operation: &'static str },
    #[error("a stored event cannot be read")]
    Envelope(#[from] EnvelopeError),
    #[error("column `{0}` of the queue's store cannot be read")]
    Column(String),
    /// It comes back as soon as a relay has built it again.
    #[error("the queue's store has lost its state, which is being built again from the archive")]
    Lost,
    #[error("the queue's store answered `{operation}` with something else than it should")]
    Answer { operation: &'static str },
    #[error("the queues are now kept on the back end `{to}`; this replica is configured for another")]
    Moved { to: String },
    /// Of a statement that was sent for several callers.
    #[error(transparent)]
    Shared(Arc<QueueError>),
}

/// A durable queue for each subscription.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Hands out up to `max` events, each the first of its key, for `lease_for`. `owner` is kept for people who look. At most one
    /// of them is a suspect ([`LOST_SUSPECT`](super::policy::LOST_SUSPECT)), and none unless `suspect`.
    async fn lease(
        &self,
        subscription: &str,
        owner: Uuid,
        max: u32,
        lease_for: Duration,
        suspect: bool,
    ) -> Result<Vec<Leased>, QueueError>;

    /// Ends deliveries. Answers the receipts whose lease was still held; the others changed nothing.
    async fn settle(&self, subscription: &str, settlements: &[Settlement]) -> Result<Vec<Receipt>, QueueError>;

    /// Holds leases for `lease_for` from now. Answers the receipts that are still held.
    async fn extend(
        &self,
        subscription: &str,
        receipts: &[Receipt],
        lease_for: Duration,
    ) -> Result<Vec<Receipt>, QueueError>;

    /// How long until the next waiting retry may be leased; `None` if none waits.
    async fn next_due(&self, subscription: &str) -> Result<Option<Duration>, QueueError>;

    /// How long until this replica should call [`Queue::lease`] again to write down what is done; `None` when all is.
    async fn note_due(&self, _subscription: &str) -> Option<Duration> {
        None
    }

    /// While a subscription is held, none of its events is handed out; what is leased already may be settled
    /// and extended. A hold that is not renewed ends by itself. `false`, and nothing has changed: another
    /// holds it, or for the other wishes, this holder does not hold it (any more).
    async fn hold(&self, subscription: &str, holder: Uuid, request: HoldRequest) -> Result<bool, QueueError>;

    /// What waits, for each subscription. Walks the whole queue: for operators and metrics, not for each event.
    async fn depth(&self) -> Result<Vec<Depth>, QueueError>;
}

/// The dead letters of a queue, for operators.
#[async_trait]
pub trait DeadLetters: Send + Sync + 'static {
    /// A page, newest first.
    async fn list(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, QueueError>;

    /// One of them, if it is there.
    async fn show(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, QueueError>;

    /// Delivers it again with all its attempts, then what is parked behind it, in order. `false`: not there.
    async fn redrive(&self, id: &DeadLetterId) -> Result<bool, QueueError>;

    /// Gives it up (the archive keeps it) and goes on with what is parked behind it. `false`: not there.
    async fn discard(&self, id: &DeadLetterId) -> Result<bool, QueueError>;
}

/// A text that names no dead letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a dead letter is named SUBSCRIPTION/EVENT-ID, not `{0}`")]
pub struct DeadLetterIdError(String);

// === impl DeadLetterId ===

impl fmt::Display for DeadLetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.subscription, self.event_id)
    }
}

impl FromStr for DeadLetterId {
    type Err = DeadLetterIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || DeadLetterIdError(text.to_owned());
        let (subscription, event_id) = text.rsplit_once('/').ok_or_else(refused)?;
        let event_id = event_id.parse().map_err(|_| refused())?;
        // No database holds it.
        if subscription.contains('\0') {
            return Err(refused());
        }
        Ok(Self { subscription: subscription.to_owned(), event_id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_letters_name_survives_a_round_trip() {
        let id = DeadLetterId { subscription: "query".to_owned(), event_id: Uuid::from_u128(5) };
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_text_that_names_no_dead_letter_is_refused_with_the_shape_that_is_expected() {
        let error = "query".parse::<DeadLetterId>().unwrap_err();
        assert_eq!(error.to_string(), "a dead letter is named SUBSCRIPTION/EVENT-ID, not `query`");
        let id = DeadLetterId { subscription: "que\0ry".to_owned(), event_id: Uuid::from_u128(5) };
        assert!(id.to_string().parse::<DeadLetterId>().is_err());
    }
}
