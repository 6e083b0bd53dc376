//! Tells somebody outside that an event was given up. Delivery only hands over what happened; how it gets to
//! people is the affair of whoever implements [`Alarm`].

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

/// Is told of each dead letter once, by the replica that wrote it.
pub trait Alarm: Debug + Send + Sync + 'static {
    /// Called between deliveries: must return at once, whatever becomes of the alarm.
    fn raise(&self, given_up: GivenUp);
}
