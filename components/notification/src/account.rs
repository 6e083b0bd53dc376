//! Settings of users: preferences, webhooks and push subscriptions, all under the caller's own row-level security.

use crate::{
    DATABASE,
    bindings::exports::mindflow::notification::notices::{
        DisabledCause, NewWebhook, Preferences, PreferencesChange, PushSubscription, Usage, Webhook,
    },
    link,
    quota::{self, PUSH_SUBSCRIPTIONS_MAX},
    request, secrets, store,
    switch::{Cause, GONE},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mindflow_guest::{
    call::{CallContext, Error},
    caller::Caller,
    clock,
    failure::{internal, invalid},
    id, outbound, params,
    rules::Format,
    sql::{self, Identity, Row, RowError, Rows, Time},
    web_push,
};

/// Of a webhook's secret: as many as its MAC has.
const SECRET_BYTES: usize = 32;

const WEBHOOKS: &str =
    "SELECT id, url, events, active, created_at, failures, disabled_at, disabled_reason, disabled_cause
    FROM notification.webhooks WHERE user_id = $1::uuid ORDER BY created_at, id";
const COUNT_WEBHOOKS: &str = "SELECT count(*) AS held FROM notification.webhooks WHERE user_id = $1::uuid";
const ADD_WEBHOOK: &str = "INSERT INTO notification.webhooks (id, user_id, url, events, sealed_secret, created_at)
    VALUES ($1::uuid, $2::uuid, $3::text, $4::text[], $5::bytea, $6::timestamptz)";
const ENABLE_WEBHOOK: &str = "UPDATE notification.webhooks
    SET active = true, failures = 0, rests_until = NULL, disabled_at = NULL, disabled_reason = NULL, disabled_cause = NULL
    WHERE id = $1::uuid AND user_id = $2::uuid
    RETURNING id, url, events, active, created_at, failures, disabled_at, disabled_reason, disabled_cause";
const DELETE_WEBHOOK: &str = "DELETE FROM notification.webhooks WHERE id = $1::uuid AND user_id = $2::uuid";
const PREFERENCES: &str = "SELECT email, push, webhooks, quiet_hours_start::int AS quiet_start,
        quiet_hours_end::int AS quiet_end
    FROM notification.preferences WHERE user_id = $1::uuid";
/// Also what a user's changes queue up at: the row is locked until the transaction ends.
const HOLD_PREFERENCES: &str = "INSERT INTO notification.preferences AS held (user_id) VALUES ($1::uuid)
    ON CONFLICT (user_id) DO UPDATE SET user_id = held.user_id
    RETURNING email, push, webhooks, quiet_hours_start::int AS quiet_start, quiet_hours_end::int AS quiet_end";
const SET_PREFERENCES: &str = "UPDATE notification.preferences
    SET email = $2::boolean, push = $3::boolean, webhooks = $4::boolean,
        quiet_hours_start = $5::bigint, quiet_hours_end = $6::bigint
    WHERE user_id = $1::uuid";
const COUNT_PUSH: &str = "SELECT count(*) AS held FROM notification.push_subscriptions
    WHERE user_id = $1::uuid AND endpoint <> $2::text";
const KEEP_PUSH: &str = "INSERT INTO notification.push_subscriptions (id, user_id, endpoint, p256dh, auth, created_at)
    VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::timestamptz)
    ON CONFLICT (user_id, endpoint) DO UPDATE
    SET p256dh = EXCLUDED.p256dh, auth = EXCLUDED.auth, failures = 0, rests_until = NULL";
const FORGET_PUSH: &str =
    "DELETE FROM notification.push_subscriptions WHERE user_id = $1::uuid AND endpoint = ANY ($2::text[])";
const NO_MORE_MAIL: &str = "INSERT INTO notification.preferences (user_id, email) VALUES ($1::uuid, false)
    ON CONFLICT (user_id) DO UPDATE SET email = false";

// === webhooks ===

pub async fn webhooks(context: &CallContext) -> Result<Vec<Webhook>, Error> {
    let caller = Caller::prove(context).await?;
    let rows = sql::query(DATABASE, caller.identity(), WEBHOOKS, params![caller.user_id]).await?;
    Ok(rows.map(|row| webhook(&row))?)
}

fn webhook(row: &Row<'_>) -> Result<Webhook, RowError> {
    let active: bool = row.get("active")?;
    let reason: Option<String> = row.get("disabled_reason")?;
    let cause: Option<String> = row.get("disabled_cause")?;
    Ok(Webhook {
        id: row.get("id")?,
        url: row.get("url")?,
        events: row.get("events")?,
        active,
        created_at: row.get::<Time>("created_at")?.0,
        failures: row.get("failures")?,
        disabled_at: row.get::<Option<Time>>("disabled_at")?.map(|time| time.0),
        // Earlier builds switched off for this reason alone, and did not keep it.
        disabled_reason: reason.or_else(|| (!active).then(|| GONE.to_owned())),
        disabled_cause: cause.filter(|_| !active).as_deref().and_then(Cause::of).map(shown),
    })
}

fn shown(cause: Cause) -> DisabledCause {
    match cause {
        Cause::Gone => DisabledCause::Gone,
        Cause::Silent => DisabledCause::Silent,
        Cause::PasswordReset => DisabledCause::PasswordReset,
    }
}

pub async fn webhook_usage(context: &CallContext) -> Result<Usage, Error> {
    let caller = Caller::prove(context).await?;
    let limit = quota::webhooks_max().await.map_err(internal)?;
    let rows = sql::query(DATABASE, caller.identity(), COUNT_WEBHOOKS, params![caller.user_id]).await?;
    Ok(Usage { used: held_of(&rows)?, limit })
}

pub async fn create_webhook(context: &CallContext, url: &str, events: &[String]) -> Result<NewWebhook, Error> {
    let caller = Caller::prove(context).await?;
    let (url, events) = match (request::url("url", url), request::events(events)) {
        (Ok(url), Ok(events)) => (url, events),
        (url, events) => return Err(Error::Invalid(url.err().into_iter().chain(events.err()).collect())),
    };
    reachable("url", &url).await?;
    let id = id::random();
    let mut random = [0; SECRET_BYTES];
    getrandom::fill(&mut random).map_err(internal)?;
    let secret = format!("whsec_{}", URL_SAFE_NO_PAD.encode(random));
    let sealed = secrets::seal(id, &secret).await?;
    let webhooks_max = quota::webhooks_max().await.map_err(internal)?;
    let now_us = clock::now_us();
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        tx.query(HOLD_PREFERENCES, params![caller.user_id]).await?;
        let held = tx.query(COUNT_WEBHOOKS, params![caller.user_id]).await?;
        quota::room(&quota::WEBHOOKS, held_of(&held)?, webhooks_max)?;
        let row = params![id, caller.user_id, &url, events.clone(), sealed.clone(), Time(now_us)];
        tx.execute(ADD_WEBHOOK, row).await?;
        Ok(())
    })
    .await?;
    let webhook = Webhook {
        id: id.to_string(),
        url,
        events,
        active: true,
        created_at: now_us,
        failures: 0,
        disabled_at: None,
        disabled_reason: None,
        disabled_cause: None,
    };
    Ok(NewWebhook { webhook, secret })
}

/// Switches a webhook on again, with everything forgotten that its receiver did not do.
pub async fn enable_webhook(context: &CallContext, id: &str) -> Result<Webhook, Error> {
    let caller = Caller::prove(context).await?;
    let none = || Error::NotFound("There is no such webhook.".into());
    let id = id::parse(id).ok_or_else(none)?;
    let enabled = sql::transaction(DATABASE, &caller.identity(), async |tx| {
        Ok(tx.query(ENABLE_WEBHOOK, params![id, caller.user_id]).await?)
    })
    .await?;
    Ok(webhook(&enabled.first().ok_or_else(none)?)?)
}

pub async fn delete_webhook(context: &CallContext, id: &str) -> Result<bool, Error> {
    let caller = Caller::prove(context).await?;
    let Some(id) = id::parse(id) else { return Ok(false) };
    let deleted = sql::transaction(DATABASE, &caller.identity(), async |tx| {
        Ok(tx.execute(DELETE_WEBHOOK, params![id, caller.user_id]).await?)
    })
    .await?;
    Ok(deleted > 0)
}

// === preferences ===

pub async fn preferences(context: &CallContext) -> Result<Preferences, Error> {
    let caller = Caller::prove(context).await?;
    let rows = sql::query(DATABASE, caller.identity(), PREFERENCES, params![caller.user_id]).await?;
    let everything =
        Preferences { email: true, push: true, webhooks: true, quiet_hours_start: None, quiet_hours_end: None };
    Ok(rows.first().map(|row| read(&row)).transpose()?.unwrap_or(everything))
}

pub async fn update_preferences(context: &CallContext, change: &PreferencesChange) -> Result<Preferences, Error> {
    let caller = Caller::prove(context).await?;
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        let rows = tx.query(HOLD_PREFERENCES, params![caller.user_id]).await?;
        let row = rows.first().ok_or_else(|| internal("the statement answers no row"))?;
        let next = request::changed(&read(&row)?, change)?;
        let values =
            params![caller.user_id, next.email, next.push, next.webhooks, next.quiet_hours_start, next.quiet_hours_end];
        tx.execute(SET_PREFERENCES, values).await?;
        Ok(next)
    })
    .await
}

fn read(row: &Row<'_>) -> Result<Preferences, RowError> {
    Ok(Preferences {
        email: row.get("email")?,
        push: row.get("push")?,
        webhooks: row.get("webhooks")?,
        quiet_hours_start: row.get("quiet_start")?,
        quiet_hours_end: row.get("quiet_end")?,
    })
}

/// The token proves that its holder received the mail.
pub async fn unsubscribe(token: &str) -> Result<(), Error> {
    let key = store::link_key().await?;
    let user_id =
        link::user_of(&key, token).ok_or_else(|| Error::NotFound("This unsubscribe link is not valid.".into()))?;
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute(NO_MORE_MAIL, params![user_id]).await?;
        Ok(())
    })
    .await
}

// === web push ===

pub async fn register_push(context: &CallContext, subscription: PushSubscription) -> Result<bool, Error> {
    let caller = Caller::prove(context).await?;
    let PushSubscription { endpoint, p256dh, auth } = subscription;
    let endpoint = request::url("endpoint", &endpoint).map_err(|error| Error::Invalid(vec![error]))?;
    let keys = web_push::Subscription { endpoint: endpoint.clone(), p256dh: p256dh.clone(), auth: auth.clone() };
    web_push::check(keys).await.map_err(refused)?;
    reachable("endpoint", &endpoint).await?;
    let (id, now_us) = (id::random(), clock::now_us());
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        tx.query(HOLD_PREFERENCES, params![caller.user_id]).await?;
        let held = tx.query(COUNT_PUSH, params![caller.user_id, &endpoint]).await?;
        quota::room(&quota::PUSH_SUBSCRIPTIONS, held_of(&held)?, PUSH_SUBSCRIPTIONS_MAX)?;
        let row = params![id, caller.user_id, &endpoint, &p256dh, &auth, Time(now_us)];
        tx.execute(KEEP_PUSH, row).await?;
        Ok(true)
    })
    .await
}

/// False when there is no such subscription of the caller.
pub async fn unregister_push(context: &CallContext, endpoint: &str) -> Result<bool, Error> {
    let caller = Caller::prove(context).await?;
    // As it was given as well: earlier builds kept that.
    let Ok(normal) = request::url("endpoint", endpoint) else { return Ok(false) };
    let forgotten = sql::transaction(DATABASE, &caller.identity(), async |tx| {
        Ok(tx.execute(FORGET_PUSH, params![caller.user_id, vec![normal.clone(), endpoint.to_owned()]]).await?)
    })
    .await?;
    Ok(forgotten > 0)
}

pub async fn push_key(context: &CallContext) -> Result<String, Error> {
    Caller::prove(context).await?;
    web_push::public_key().await.map_err(refused)
}

fn refused(error: web_push::Error) -> Error {
    match error {
        web_push::Error::Invalid(text) => match text.split_once(": ") {
            Some((field, rule)) => {
                let mut rule = rule.to_owned();
                if let Some(first) = rule.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
                invalid(field, Format::Key, format!("{rule}."))
            }
            None => Error::Internal(text),
        },
        web_push::Error::AccessDenied(reason) => Error::Internal(reason),
    }
}

// === rules of both ===

/// A name that cannot be resolved now is accepted: every delivery checks it again.
async fn reachable(name: &str, url: &str) -> Result<(), Error> {
    match outbound::check(url.to_owned()).await {
        Ok(()) | Err(outbound::Refusal::Unresolved(_)) => Ok(()),
        Err(outbound::Refusal::Prohibited(_)) => Err(Error::Invalid(vec![request::prohibited(name, url)])),
    }
}

fn held_of(rows: &Rows) -> Result<u64, Error> {
    let row = rows.first().ok_or_else(|| internal("the statement answers no row"))?;
    Ok(row.get("held")?)
}
