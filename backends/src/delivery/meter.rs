//! The figures of delivery, by the names under which an operator finds them.

use std::time::Duration;

use super::queue::Depth;

/// Acknowledged deliveries.
const DELIVERED: &str = "mindflow_delivery_delivered_total";
/// Failed attempts that will be tried again.
const FAILED: &str = "mindflow_delivery_failed_total";
/// Deferrals asked for by a handler.
const DEFERRED: &str = "mindflow_delivery_deferred_total";
/// Events given up.
const DEAD: &str = "mindflow_delivery_dead_total";
/// Settled after another owner had taken the lease over.
const LEASES_LOST: &str = "mindflow_delivery_leases_lost_total";
/// Events that no handler got, because their keys are gone.
const ERASED: &str = "mindflow_delivery_erased_total";
/// From an event's time to its acknowledgement, in seconds.
const LAG: &str = "mindflow_delivery_lag_seconds";
/// What waits in a subscription's queue: deliverable or being delivered, the latter alone, given up, behind one given up.
const READY: &str = "mindflow_delivery_queue_ready";
const LEASED: &str = "mindflow_delivery_queue_leased";
const QUEUED_DEAD: &str = "mindflow_delivery_queue_dead";
const PARKED: &str = "mindflow_delivery_queue_parked";
/// Age of the oldest event that is neither dead nor parked, in seconds; 0 when there is none.
const OLDEST: &str = "mindflow_delivery_queue_oldest_seconds";
/// Events that got an ordinal.
const RELAYED: &str = "mindflow_delivery_relayed_total";

/// Batches that went to a handler, and the events in them.
const BATCHES: &str = "mindflow_delivery_batches_total";
const BATCHED: &str = "mindflow_delivery_batched_events_total";
/// Age of the oldest transaction on the server that holds back its clean-up, in seconds; 0 when there is none.
const OLDEST_TRANSACTION: &str = "mindflow_delivery_oldest_transaction_seconds";

pub(super) fn delivered(subscription: &str, lag: Duration) {
    metrics::counter!(DELIVERED, "subscription" => subscription.to_owned()).increment(1);
    metrics::histogram!(LAG, "subscription" => subscription.to_owned()).record(lag.as_secs_f64());
}

pub(super) fn failed(subscription: &str) {
    metrics::counter!(FAILED, "subscription" => subscription.to_owned()).increment(1);
}

pub(super) fn deferred(subscription: &str) {
    metrics::counter!(DEFERRED, "subscription" => subscription.to_owned()).increment(1);
}

pub(super) fn dead(subscription: &str) {
    metrics::counter!(DEAD, "subscription" => subscription.to_owned()).increment(1);
}

pub(super) fn erased(subscription: &str) {
    metrics::counter!(ERASED, "subscription" => subscription.to_owned()).increment(1);
}

pub(super) fn lease_lost(subscription: &str) {
    metrics::counter!(LEASES_LOST, "subscription" => subscription.to_owned()).increment(1);
}

pub(super) fn relayed(count: u64) {
    metrics::counter!(RELAYED).increment(count);
}

pub(super) fn batch(subscription: &str, events: usize) {
    metrics::counter!(BATCHES, "subscription" => subscription.to_owned()).increment(1);
    metrics::counter!(BATCHED, "subscription" => subscription.to_owned()).increment(events as u64);
}

pub(super) fn oldest_transaction(age: Duration) {
    metrics::gauge!(OLDEST_TRANSACTION).set(age.as_secs_f64());
}

pub(super) fn depth(depth: &Depth) {
    let Depth { subscription, ready, leased, dead, parked, oldest } = depth;
    for (name, count) in [(READY, ready), (LEASED, leased), (QUEUED_DEAD, dead), (PARKED, parked)] {
        metrics::gauge!(name, "subscription" => subscription.clone()).set(*count as f64);
    }
    let oldest = oldest.map_or(0.0, |oldest| oldest.as_secs_f64());
    metrics::gauge!(OLDEST, "subscription" => subscription.clone()).set(oldest);
}
