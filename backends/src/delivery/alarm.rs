//! Reports an event that was given up. Delivery only hands over what happened; how it gets to
//! people is up to the implementation of [`Alarm`].

use std::fmt::Debug;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// An event that a subscription has just given up on. Never its payload: an alarm leaves the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenUp {
    /// The dead letter's name, `subscription/event-id`. The same when it dies again after a retry.
    pub id: String,
    pub consumer: String,
    pub event_id: Uuid,
    pub event_type: String,
    pub partition_key: String,
    pub correlation_id: String,
    /// Attempts that counted.
    pub attempts: u32,
    pub last_error: String,
    pub at: Timestamp,
}

/// Called with each dead letter once, by the replica that wrote it.
pub trait Alarm: Debug + Send + Sync + 'static {
    /// Called between deliveries: must return immediately, also when the alarm cannot be sent.
    fn raise(&self, given_up: GivenUp);
}
