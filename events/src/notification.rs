//! Notifications.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `NotificationRequested`. It has no address and no text: events are kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationRequested {
    pub send_id: Uuid,
    /// `email`, `push` or `webhook`.
    pub channel: String,
}
