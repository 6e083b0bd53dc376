//! Webhooks that are switched off: their receiver is gone or did not answer for long, or who made them may not have been the
//! owner. The owner gets a mail, sees why, and can switch them on again.

use crate::{compose::DISABLED, send_request::requested};
use mindflow_guest::{
    events::Event,
    failure::internal,
    id, params,
    sql::{Abort, Json, Time, Tx},
};
use serde_json::json;
use uuid::Uuid;

const OFF: &str = "UPDATE notification.webhooks
    SET active = false, disabled_at = $2::timestamptz, disabled_reason = left($3::text, 500), disabled_cause = $4::text, rests_until = NULL
    WHERE id = $1::uuid AND active
    RETURNING url";
/// Why, when its receiver says so.
pub const GONE: &str = "the receiver answered 410 Gone";
/// Why, after a reset.
const RESET: &str = "the password of the account was reset";
const OFF_FROM_BEFORE: &str = "UPDATE notification.webhooks
    SET active = false, disabled_at = $3::timestamptz, disabled_reason = $4::text, disabled_cause = $5::text, rests_until = NULL
    WHERE user_id = $1::uuid AND active AND created_at <= $2::timestamptz";
const FORGET_PUSH_FROM_BEFORE: &str =
    "DELETE FROM notification.push_subscriptions WHERE user_id = $1::uuid AND created_at <= $2::timestamptz";
const MAIL_WANTED: &str = "SELECT coalesce((SELECT email FROM notification.preferences WHERE user_id = $1::uuid), true)
    AND coalesce((SELECT email_confirmed FROM notification.users WHERE user_id = $1::uuid), false) AS wanted";
const MAIL: &str = "INSERT INTO notification.sends
        (id, event_id, user_id, channel, target_id, event_type, body, planned_at)
    VALUES ($1::uuid, $2::uuid, $3::uuid, 'email', $3::uuid, $4::text, $5::jsonb, $6::timestamptz)";

/// What is switched off.
pub struct Webhook {
    pub id: Uuid,
    pub owner_id: Uuid,
}

/// Why, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its receiver says that it is gone.
    Gone,
    /// Its receiver did not answer for long.
    Silent,
    PasswordReset,
}

/// Why, and the same as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub cause: Cause,
    pub text: String,
}

impl Cause {
    const ALL: [Self; 3] = [Self::Gone, Self::Silent, Self::PasswordReset];

    /// As the database has it.
    fn name(self) -> &'static str {
        match self {
            Self::Gone => "GONE",
            Self::Silent => "SILENT",
            Self::PasswordReset => "PASSWORD_RESET",
        }
    }

    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }
}

/// Switches a webhook off, and plans a mail to its owner, once.
pub async fn off(tx: &Tx, event: &Event, webhook: &Webhook, reason: &Reason, now_us: i64) -> Result<(), Abort> {
    let Reason { cause, text } = reason;
    let switched = tx.query(OFF, params![webhook.id, Time(now_us), text.as_str(), cause.name()]).await?;
    let Some(row) = switched.first() else { return Ok(()) };
    let url: String = row.get("url")?;
    let wanted = tx.query(MAIL_WANTED, params![webhook.owner_id]).await?;
    if !wanted.first().map(|row| row.get("wanted")).transpose()?.unwrap_or(false) {
        return Ok(());
    }
    let mail = id::random();
    let body = json!({ "url": url, "reason": text }).to_string();
    let event_id: Uuid = id::parse(&event.id).ok_or_else(|| internal("the event's id is no UUID"))?;
    let row = params![mail, event_id, webhook.owner_id, DISABLED, Json(body), Time(now_us)];
    tx.execute(MAIL, row).await?;
    tx.publish(requested(event, mail, "email", webhook.owner_id)?).await?;
    Ok(())
}

/// What a user's webhooks and browsers got goes nowhere after a reset of the password: they may be of who had the account before,
/// as of a stranger who registered the address. The mail about the reset says so.
pub async fn off_after_reset(tx: &Tx, user_id: Uuid, reset_at_us: i64, now_us: i64) -> Result<(), Abort> {
    let cause = Cause::PasswordReset.name();
    tx.execute(OFF_FROM_BEFORE, params![user_id, Time(reset_at_us), Time(now_us), RESET, cause]).await?;
    tx.execute(FORGET_PUSH_FROM_BEFORE, params![user_id, Time(reset_at_us)]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_read_as_it_was_written() {
        assert!(Cause::ALL.into_iter().all(|cause| Cause::of(cause.name()) == Some(cause)));
        assert_eq!(Cause::of("of a later release"), None);
    }
}
