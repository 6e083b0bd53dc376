//! Notifications outside the client.

use super::scalars::DateTime;
use crate::services::notices;
use async_graphql::{ID, SimpleObject};

/// An address that is called when something happens.
#[derive(SimpleObject)]
pub struct Webhook {
    /// A UUID.
    id: ID,
    /// What is called, by POST.
    url: String,
    /// Of which events.
    events: Vec<String>,
    /// False: its receiver answered 410 Gone.
    active: bool,
    /// When it was made.
    created_at: DateTime,
    /// Signs every delivery. Only in the answer to `createWebhook`.
    secret: Option<String>,
}

impl From<notices::Webhook> for Webhook {
    fn from(webhook: notices::Webhook) -> Self {
        let notices::Webhook { id, url, events, active, created_at } = webhook;
        Self { id: id.into(), url, events, active, created_at: DateTime(created_at), secret: None }
    }
}

impl From<notices::NewWebhook> for Webhook {
    fn from(made: notices::NewWebhook) -> Self {
        Self { secret: Some(made.secret), ..made.webhook.into() }
    }
}

/// By which channels the user is notified, and when not.
#[derive(SimpleObject)]
pub struct NotificationPreferences {
    /// Whether by e-mail.
    email: bool,
    /// Whether by web push.
    push: bool,
    /// Whether webhooks are called.
    webhooks: bool,
    /// The hour, in the user's time zone, from which e-mail and push wait; null: they never do.
    quiet_hours_start: Option<u32>,
    /// The hour at which they go on.
    quiet_hours_end: Option<u32>,
}

impl From<notices::Preferences> for NotificationPreferences {
    fn from(preferences: notices::Preferences) -> Self {
        let notices::Preferences { email, push, webhooks, quiet_hours_start, quiet_hours_end } = preferences;
        Self { email, push, webhooks, quiet_hours_start, quiet_hours_end }
    }
}
