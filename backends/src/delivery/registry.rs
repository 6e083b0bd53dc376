//! Which subscriptions there are. Kept in the database, so that every replica routes alike. Nothing is
//! removed by starting without it: a component that is away for a while finds its events waiting.

use super::postgres::{PostgresQueue, column, query, refused, within};
use super::queue::QueueError;
use super::subscription::Subscription;

const REGISTER: &str = "INSERT INTO delivery.subscription AS s (name, event_types) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET event_types = excluded.event_types WHERE s.event_types <> excluded.event_types";

/// Adds or changes the subscriptions; events published from now on are routed to them.
pub(super) async fn register(queue: &PostgresQueue, subscriptions: &[Subscription]) -> Result<(), QueueError> {
    let client = queue.client().await?;
    for subscription in subscriptions {
        query(&client, "register", REGISTER, &[&subscription.name, &subscription.event_types]).await?;
    }
    let names: Vec<_> = subscriptions.iter().map(|subscription| subscription.name.as_str()).collect();
    let unserved = "SELECT name FROM delivery.subscription WHERE name <> ALL ($1)";
    for row in query(&client, "register", unserved, &[&names]).await? {
        let name: String = column(&row, "name")?;
        tracing::warn!(subscription = name, "nobody here serves this subscription; its events wait in its queue");
    }
    Ok(())
}

impl PostgresQueue {
    /// Ends a subscription for good and drops what waits for it; the archive keeps the events. `false`: not there.
    pub async fn unsubscribe(&self, subscription: &str) -> Result<bool, QueueError> {
        let mut client = self.client().await?;
        within("unsubscribe", async {
            let failed = |error| refused("unsubscribe", error);
            let transaction = client.transaction().await.map_err(failed)?;
            let lock = "SELECT pg_advisory_xact_lock($1)";
            transaction.execute(lock, &[&super::postgres::ORDER_LOCK]).await.map_err(failed)?;
            let ended = "DELETE FROM delivery.subscription WHERE name = $1";
            let ended = transaction.execute(ended, &[&subscription]).await.map_err(failed)?;
            let waiting = "DELETE FROM delivery.queue WHERE subscription = $1";
            transaction.execute(waiting, &[&subscription]).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)?;
            Ok(ended > 0)
        })
        .await
    }
}
