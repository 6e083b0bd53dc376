//! Which subscriptions there are.

use mindflow_platform::delivery::registry;

use super::postgres::Connections;
use super::queue::QueueError;
use super::subscription::Subscription;

/// Adds or changes the subscriptions; events published from now on are routed to them.
pub(super) async fn register(connections: &Connections, subscriptions: &[Subscription]) -> Result<(), QueueError> {
    registry::register(connections, subscriptions).await?;
    for name in registry::others(connections, subscriptions).await? {
        tracing::warn!(subscription = name, "no component here serves this subscription; its events wait in its queue");
    }
    Ok(())
}
