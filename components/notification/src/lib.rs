//! The notification service: e-mail, web push and webhooks about what happened.
//!
//! This file only wires the component's exports. `plan` decides who is notified by which channel, and records one row
//! and publishes one event per send; `deliver` handles each of those events, so that a failing receiver is retried
//! without blocking others. `account_mail` sends mails with links, which are not planned. `receivers` and `switch` keep those that do not answer from taking places. `inside` keeps events of private entries from webhooks. `account` has the
//! settings of users. `reminders` has those that users set, `remind` plans what is due of them. `leaving` says for the user's ledger what a send takes along. `quiet`, `due`, `patience`, `compose`, `signature` and `link` are pure.

mod account;
mod account_mail;
mod compose;
mod deliver;
mod due;
mod inside;
mod leaving;
mod link;
mod mailer;
mod patience;
mod plan;
mod quiet;
mod quota;
mod receivers;
mod remind;
mod reminders;
mod request;
mod secrets;
mod send_request;
mod signature;
mod store;
mod switch;
mod transport;

mindflow_guest::bindings! {
    world: "mindflow:components/notification" in "components/notification.wit",
    uses: ["services/auth.wit", "services/notification.wit"],
}

/// The service that this one calls.
mod services {
    pub use crate::bindings::mindflow::auth::account_mails;
}

use bindings::exports::mindflow::{
    notification::{notices as service, reminders as reminder_service},
    platform::{batch_subscriber, health, schedule_handler, subscriber as subscription},
};
use mindflow_events::Kind;
use mindflow_guest::{
    call::{CallContext, Error},
    clock, erasing,
    events::{Delivery, Event, Failure},
    sql,
};
use reminder_service::{NewReminder, Reminder};
use service::{NewWebhook, Preferences, PreferencesChange, PushSubscription, Webhook};

/// The write database, as the manifest names it.
const DATABASE: &str = "write";
/// As the manifest names the component.
const SERVICE: &str = "notification";
/// The schedule that seals what earlier builds have left in the clear; of the others, one looks for due reminders, and one forgets old sends.
const SEAL_SECRETS: &str = "seal-secrets";

struct Notification;

impl service::Guest for Notification {
    async fn webhooks(context: CallContext) -> Result<Vec<Webhook>, Error> {
        account::webhooks(&context).await
    }

    async fn webhook_usage(context: CallContext) -> Result<service::Usage, Error> {
        account::webhook_usage(&context).await
    }

    async fn create_webhook(context: CallContext, url: String, events: Vec<String>) -> Result<NewWebhook, Error> {
        account::create_webhook(&context, &url, &events).await
    }

    async fn enable_webhook(context: CallContext, id: String) -> Result<Webhook, Error> {
        account::enable_webhook(&context, &id).await
    }

    async fn delete_webhook(context: CallContext, id: String) -> Result<bool, Error> {
        account::delete_webhook(&context, &id).await
    }

    async fn notification_preferences(context: CallContext) -> Result<Preferences, Error> {
        account::preferences(&context).await
    }

    async fn update_preferences(context: CallContext, change: PreferencesChange) -> Result<Preferences, Error> {
        account::update_preferences(&context, &change).await
    }

    async fn register_push(context: CallContext, subscription: PushSubscription) -> Result<bool, Error> {
        account::register_push(&context, subscription).await
    }

    async fn unregister_push(context: CallContext, endpoint: String) -> Result<bool, Error> {
        account::unregister_push(&context, &endpoint).await
    }

    async fn push_key(context: CallContext) -> Result<String, Error> {
        account::push_key(&context).await
    }

    async fn unsubscribe(_: CallContext, token: String) -> Result<(), Error> {
        account::unsubscribe(&token).await
    }
}

impl reminder_service::Guest for Notification {
    async fn all(context: CallContext) -> Result<Vec<Reminder>, Error> {
        reminders::all(&context).await
    }

    async fn create(context: CallContext, reminder: NewReminder) -> Result<Reminder, Error> {
        reminders::create(&context, reminder).await
    }

    async fn update(context: CallContext, id: String, reminder: NewReminder) -> Result<Reminder, Error> {
        reminders::update(&context, &id, reminder).await
    }

    async fn delete(context: CallContext, id: String) -> Result<(), Error> {
        reminders::delete(&context, &id).await
    }
}

impl subscription::Guest for Notification {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        if let Some(erasure) = erasing::of(&event)? {
            return Ok(erasing::rows(SERVICE, (&event, &delivery), erasure, store::ERASE).await?);
        }
        match Kind::of(&event.event_type) {
            Some(account_mail::REQUEST) => account_mail::handle(&event).await,
            Some(kind) if deliver::REQUESTS.contains(&kind) => deliver::handle(&event, &delivery).await,
            _ => plan::handle(&delivery.subscription, std::slice::from_ref(&event)).await,
        }
    }
}

impl batch_subscriber::Guest for Notification {
    /// Only what is to be planned comes in batches.
    async fn handle_batch(subscription: String, events: Vec<Event>) -> Result<(), Failure> {
        plan::handle(&subscription, &events).await
    }
}

impl schedule_handler::Guest for Notification {
    async fn run(occurrence: schedule_handler::Occurrence) -> Result<(), String> {
        let done = match occurrence.schedule.as_str() {
            SEAL_SECRETS => secrets::seal_all().await,
            remind::SCHEDULE => remind::run().await,
            _ => store::forget_old(clock::now_us()).await,
        };
        done.map_err(|error| format!("{}: {error:?}", occurrence.schedule))
    }
}

impl health::Guest for Notification {
    /// Healthy when the templates can be read and the write database has the tables. The mail server is not called: a
    /// swap must not depend on an external service.
    async fn check() -> Result<(), String> {
        compose::check().map_err(|error| error.to_string())?;
        quota::webhooks_max().await?;
        sql::query(DATABASE, sql::Identity::Service, "SELECT id, status FROM notification.sends LIMIT 0", Vec::new())
            .await
            .map(drop)
            .map_err(|error| format!("write database: {error:?}"))
    }
}

bindings::export!(Notification with_types_in bindings);
