//! Which subscriptions there are. Kept in the database, so that every replica routes alike. Nothing is
//! removed by starting without it: a component that is away for a while finds its events waiting.

use deadpool_postgres::Client;

use super::postgres::{column, query};
use super::queue::QueueError;
use super::subscription::Subscription;

const REGISTER: &str = "INSERT INTO delivery.subscription AS s (name, event_types) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET event_types = excluded.event_types WHERE s.event_types <> excluded.event_types";

/// Adds or changes the subscriptions; events published from now on are routed to them.
pub(super) async fn register(client: &Client, subscriptions: &[Subscription]) -> Result<(), QueueError> {
    for subscription in subscriptions {
        query(client, "register", REGISTER, &[&subscription.name, &subscription.event_types]).await?;
    }
    let names: Vec<_> = subscriptions.iter().map(|subscription| subscription.name.as_str()).collect();
    let unserved = "SELECT name FROM delivery.subscription WHERE name <> ALL ($1)";
    for row in query(client, "register", unserved, &[&names]).await? {
        let name: String = column(&row, "name")?;
        tracing::warn!(subscription = name, "no component here serves this subscription; its events wait in its queue");
    }
    Ok(())
}
