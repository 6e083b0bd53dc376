//! Notifications.

use crate::Kind;
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

/// The events that a webhook can subscribe to: those about what its user did in the journal. The schema's descriptions name them.
pub const WEBHOOK_EVENTS: [Kind; 9] = [
    Kind::AIAnalysisFailed,
    Kind::AIInsightsGenerated,
    Kind::JournalEntryCreated,
    Kind::JournalEntryDeleted,
    Kind::JournalEntryUpdated,
    Kind::MoodRecorded,
    Kind::TagCreated,
    Kind::TagRenamed,
    Kind::UserUpdated,
];
