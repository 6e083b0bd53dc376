//! Which subscriptions there are. Kept in the database, so that every replica routes alike. Nothing is
//! removed by starting without it: a component that is away for a while finds its events waiting.

use super::queue::QueueError;
use super::row::Row;
use super::store::Store;
use super::subscription::Subscription;

const REGISTER: &str = "INSERT INTO delivery.subscription AS s (name, event_types) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET event_types = excluded.event_types WHERE s.event_types <> excluded.event_types";

/// Adds or changes the subscriptions; events published from now on are routed to them.
///
/// # Errors
/// The store's.
pub async fn register(store: &impl Store, subscriptions: &[Subscription]) -> Result<(), QueueError> {
    for subscription in subscriptions {
        store.query("register", REGISTER, &[&subscription.name, &subscription.event_types]).await?;
    }
    Ok(())
}

/// The subscriptions that are registered and not among these.
///
/// # Errors
/// The store's.
pub async fn others(store: &impl Store, subscriptions: &[Subscription]) -> Result<Vec<String>, QueueError> {
    const OTHERS: &str = "SELECT name FROM delivery.subscription WHERE name <> ALL ($1)";
    let names: Vec<_> = subscriptions.iter().map(|subscription| subscription.name.as_str()).collect();
    let rows = store.query("register", OTHERS, &[&names]).await?;
    rows.iter().map(|row| row.get("name")).collect()
}
