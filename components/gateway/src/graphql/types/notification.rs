//! Notifications outside the client.

use super::scalars::DateTime;
use crate::services::notices;
use async_graphql::{Enum, ID, SimpleObject};

/// Whether a webhook is called.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum WebhookState {
    /// It is, and answered the last time.
    Active,
    /// Its receiver did not answer the last time: it is called after rests that double each time.
    Failing,
    /// It is not: its receiver is gone, or did not answer for long. `enableWebhook` switches it on again.
    Disabled,
}

/// What made a webhook be switched off.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::services::notices::DisabledCause")]
pub enum WebhookDisabledCause {
    /// Its receiver says that it is gone (410).
    Gone,
    /// Its receiver did not answer for long.
    Silent,
    /// The password was reset: who had the account before may have made it.
    PasswordReset,
}

/// An address that is called when something happens.
#[derive(SimpleObject)]
pub struct Webhook {
    /// A UUID.
    #[graphql(owned)]
    pub id: ID,
    /// What is called, by POST.
    url: String,
    /// Of which events; `createWebhook` says which there are.
    events: Vec<String>,
    /// False: it was switched off.
    active: bool,
    /// Whether it is called.
    state: WebhookState,
    /// How many times in a row its receiver did not answer.
    failures: u32,
    /// When it was switched off.
    disabled_at: Option<DateTime>,
    /// Why it was switched off.
    disabled_reason: Option<String>,
    /// The same for programs; null where it is not known.
    disabled_cause: Option<WebhookDisabledCause>,
    /// When it was made.
    created_at: DateTime,
    /// Signs every delivery. Only in the answer to `createWebhook`.
    secret: Option<String>,
}

impl From<notices::Webhook> for Webhook {
    fn from(webhook: notices::Webhook) -> Self {
        let state = match (webhook.active, webhook.failures) {
            (false, _) => WebhookState::Disabled,
            (true, 0) => WebhookState::Active,
            (true, _) => WebhookState::Failing,
        };
        Self {
            id: webhook.id.into(),
            url: webhook.url,
            events: webhook.events,
            active: webhook.active,
            state,
            failures: webhook.failures,
            disabled_at: webhook.disabled_at.map(DateTime),
            disabled_reason: webhook.disabled_reason,
            disabled_cause: webhook.disabled_cause.map(Into::into),
            created_at: DateTime(webhook.created_at),
            secret: None,
        }
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
