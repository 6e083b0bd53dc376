//! Notifications.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A planned send: `MailRequested`, `PushRequested` or `WebhookRequested`, so that each channel is delivered by itself. Earlier
/// builds had `NotificationRequested` for all of them; some of these may still wait. It has no address and no text: events are
/// kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationRequested {
    pub send_id: Uuid,
    /// `email`, `push` or `webhook`.
    pub channel: String,
}
