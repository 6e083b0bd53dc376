//! Notifications outside the client: preferences, webhooks, web push.

use crate::graphql::scope::ask;
use crate::graphql::types::inputs::Changes;
use crate::graphql::types::notification::{NotificationPreferences, Webhook};
use crate::services::notices;
use async_graphql::{Context, ID, MaybeUndefined, Object, Result};
use mindflow_guest::call::Error;
use mindflow_guest::failure::invalid;
use mindflow_guest::rules::Rule;

/// What is set.
#[derive(Default)]
pub struct NotificationReads;

#[Object]
impl NotificationReads {
    /// The user's webhooks, oldest first.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn webhooks(&self, ctx: &Context<'_>) -> Result<Option<Vec<Webhook>>> {
        Ok(Some(ask(ctx, notices::webhooks).await?.into_iter().map(Into::into).collect()))
    }

    /// By which channels the user is notified, and when not.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn notification_preferences(&self, ctx: &Context<'_>) -> Result<Option<NotificationPreferences>> {
        Ok(Some(ask(ctx, notices::notification_preferences).await?.into()))
    }

    /// The platform's public key that a browser subscribes to web push with (`applicationServerKey`), in base64url.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn push_public_key(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        ask(ctx, notices::push_key).await.map(Some)
    }
}

/// Its changes.
#[derive(Default)]
pub struct NotificationWrites;

#[Object]
impl NotificationWrites {
    /// Changes by which channels the user is notified. What is left out stays as it is; the channels cannot be null.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn update_notification_preferences(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether by e-mail.")] email: MaybeUndefined<bool>,
        #[graphql(desc = "Whether by web push.")] push: MaybeUndefined<bool>,
        #[graphql(desc = "Whether webhooks are called.")] webhooks: MaybeUndefined<bool>,
        #[graphql(desc = "The hour, 0 to 23 in the user's time zone, from which e-mail and push wait; null: none.")]
        quiet_hours_start: MaybeUndefined<i32>,
        #[graphql(desc = "The hour, 0 to 23, at which they go on; null: none.")] quiet_hours_end: MaybeUndefined<i32>,
    ) -> Result<Option<NotificationPreferences>> {
        let changed = ask(ctx, |context| async move {
            let mut changes = Changes::default();
            let change = notices::PreferencesChange {
                email: changes.of("email", email),
                push: changes.of("push", push),
                webhooks: changes.of("webhooks", webhooks),
                quiet_hours_start: hour("quietHoursStart", quiet_hours_start)?,
                quiet_hours_end: hour("quietHoursEnd", quiet_hours_end)?,
            };
            changes.finish()?;
            notices::update_preferences(context, change).await
        });
        Ok(Some(changed.await?.into()))
    }

    /// Registers an address to call when something happens. Only this answer contains the secret.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn create_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An https address of the public internet.")] url: String,
        #[graphql(
            desc = "Of which events, each one of `AIAnalysisFailed`, `AIInsightsGenerated`, `JournalEntryCreated`, `JournalEntryDeleted`, `JournalEntryUpdated`, `MoodRecorded`, `TagCreated`, `TagRenamed` and `UserUpdated`."
        )]
        events: Vec<String>,
    ) -> Result<Option<Webhook>> {
        Ok(Some(ask(ctx, |context| notices::create_webhook(context, url, events)).await?.into()))
    }

    /// Switches a webhook on again that was switched off because its receiver is gone or did not answer. What happened meanwhile is
    /// not sent.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn enable_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook's id.")] id: ID,
    ) -> Result<Option<Webhook>> {
        Ok(Some(ask(ctx, |context| notices::enable_webhook(context, id.into())).await?.into()))
    }

    /// Removes a webhook. False when there is no such webhook.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn delete_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook's id.")] id: ID,
    ) -> Result<Option<bool>> {
        ask(ctx, |context| notices::delete_webhook(context, id.into())).await.map(Some)
    }

    /// Registers a browser for web push. The arguments are those of its `PushSubscription`.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn register_push_subscription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The push service's address for the browser.")] endpoint: String,
        #[graphql(name = "p256dh", desc = "The browser's public key, in base64url.")] p256dh: String,
        #[graphql(desc = "The browser's secret, in base64url.")] auth: String,
    ) -> Result<Option<bool>> {
        let subscription = notices::PushSubscription { endpoint, p256dh, auth };
        ask(ctx, |context| notices::register_push(context, subscription)).await.map(Some)
    }

    /// Ends the web push of a browser, as when its user signs out there. False when there is no such subscription.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn unregister_push_subscription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The push service's address for the browser, as it was registered.")] endpoint: String,
    ) -> Result<Option<bool>> {
        ask(ctx, |context| notices::unregister_push(context, endpoint)).await.map(Some)
    }
}

/// Left out: as it is. Null: none.
fn hour(name: &str, hour: MaybeUndefined<i32>) -> Result<Option<Option<u32>>, Error> {
    match hour {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Ok(Some(None)),
        MaybeUndefined::Value(hour) => u32::try_from(hour)
            .map(|hour| Some(Some(hour)))
            .map_err(|_| invalid(name, Rule::range(0, 23), "Must be from 0 to 23.")),
    }
}
