//! Notifications outside the client: preferences, webhooks, web push.

use crate::graphql::scope::ask;
use crate::graphql::types::notification::{NotificationPreferences, Webhook};
use crate::services::notices;
use async_graphql::{Context, ID, MaybeUndefined, Object, Result};
use mindflow_guest::call::Error;
use mindflow_guest::failure::invalid;

/// What is set.
#[derive(Default)]
pub struct NotificationReads;

#[Object]
impl NotificationReads {
    /// The user's webhooks, oldest first.
    async fn webhooks(&self, ctx: &Context<'_>) -> Result<Vec<Webhook>> {
        Ok(ask(ctx, notices::webhooks).await?.into_iter().map(Into::into).collect())
    }

    /// By which channels the user is notified, and when not.
    async fn notification_preferences(&self, ctx: &Context<'_>) -> Result<NotificationPreferences> {
        Ok(ask(ctx, notices::notification_preferences).await?.into())
    }

    /// The platform's public key that a browser subscribes to web push with (`applicationServerKey`), in base64url.
    async fn push_public_key(&self, ctx: &Context<'_>) -> Result<String> {
        ask(ctx, notices::push_key).await
    }
}

/// Its changes.
#[derive(Default)]
pub struct NotificationWrites;

#[Object]
impl NotificationWrites {
    /// Changes by which channels the user is notified. What is left out stays as it is.
    async fn update_notification_preferences(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether by e-mail.")] email: Option<bool>,
        #[graphql(desc = "Whether by web push.")] push: Option<bool>,
        #[graphql(desc = "Whether webhooks are called.")] webhooks: Option<bool>,
        #[graphql(desc = "The hour, 0 to 23 in the user's time zone, from which e-mail and push wait; null: none.")]
        quiet_hours_start: MaybeUndefined<i32>,
        #[graphql(desc = "The hour, 0 to 23, at which they go on; null: none.")] quiet_hours_end: MaybeUndefined<i32>,
    ) -> Result<NotificationPreferences> {
        let changed = ask(ctx, |context| async move {
            let change = notices::PreferencesChange {
                email,
                push,
                webhooks,
                quiet_hours_start: hour("quietHoursStart", quiet_hours_start)?,
                quiet_hours_end: hour("quietHoursEnd", quiet_hours_end)?,
            };
            notices::update_preferences(context, change).await
        });
        Ok(changed.await?.into())
    }

    /// Registers an address to call when something happens. Only this answer contains the secret.
    async fn create_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "An https address of the public internet.")] url: String,
        #[graphql(desc = "Of which events, such as `JournalEntryCreated` or `AIInsightsGenerated`.")] events: Vec<
            String,
        >,
    ) -> Result<Webhook> {
        Ok(ask(ctx, |context| notices::create_webhook(context, url, events)).await?.into())
    }

    /// Switches a webhook on again that was switched off because its receiver is gone or did not answer. What happened meanwhile is
    /// not sent.
    async fn enable_webhook(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The webhook's id.")] id: ID,
    ) -> Result<Webhook> {
        Ok(ask(ctx, |context| notices::enable_webhook(context, id.into())).await?.into())
    }

    /// Removes a webhook. False when there is no such webhook.
    async fn delete_webhook(&self, ctx: &Context<'_>, #[graphql(desc = "The webhook's id.")] id: ID) -> Result<bool> {
        ask(ctx, |context| notices::delete_webhook(context, id.into())).await
    }

    /// Registers a browser for web push. The arguments are those of its `PushSubscription`.
    async fn register_push_subscription(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The push service's address for the browser.")] endpoint: String,
        #[graphql(name = "p256dh", desc = "The browser's public key, in base64url.")] p256dh: String,
        #[graphql(desc = "The browser's secret, in base64url.")] auth: String,
    ) -> Result<bool> {
        let subscription = notices::PushSubscription { endpoint, p256dh, auth };
        ask(ctx, |context| notices::register_push(context, subscription)).await
    }
}

/// Left out: as it is. Null: none.
fn hour(name: &str, hour: MaybeUndefined<i32>) -> Result<Option<Option<u32>>, Error> {
    match hour {
        MaybeUndefined::Undefined => Ok(None),
        MaybeUndefined::Null => Ok(Some(None)),
        MaybeUndefined::Value(hour) => {
            u32::try_from(hour).map(|hour| Some(Some(hour))).map_err(|_| invalid(name, "Must be from 0 to 23."))
        }
    }
}
