//! What delivery needs of a store of queues beyond the queue itself: to find committed events, and to keep its state. The relay and the dispatchers know nothing more of it.

use async_trait::async_trait;
use uuid::Uuid;

use super::queue::{DeadLetters, Queue, QueueError};
use super::subscription::Subscription;

pub use mindflow_platform::delivery::sequencer::Relayed;

/// Queues and what fills them.
#[async_trait]
pub trait Backend: Queue + DeadLetters {
    /// Its name in the configuration.
    fn name(&self) -> &'static str;

    /// Adds or changes subscriptions: events that are published from now on are routed to them. Nothing is
    /// removed. Takes over what another back end still had to deliver.
    async fn register(&self, subscriptions: &[Subscription]) -> Result<(), QueueError>;

    /// Ends a subscription for good and drops what waits for it; the archive keeps the events. `false`: not there.
    async fn unsubscribe(&self, subscription: &str) -> Result<bool, QueueError>;

    /// Gives up to `max` committed events their ordinals, so that dispatchers find them. Whenever it is cut off, what has
    /// none gets one by a later call.
    async fn relay(&self, max: u32) -> Result<Relayed, QueueError>;

    /// Rings the dispatchers of the other replicas, after `replica` has routed.
    async fn announce(&self, replica: Uuid) -> Result<(), QueueError>;

    /// Called about every second and once at the end: writes down what must survive the store, and tidies up.
    async fn upkeep(&self) -> Result<(), QueueError>;

    /// The last call of a replica: what it owns is free for the others.
    async fn close(&self) -> Result<(), QueueError>;
}
