//! Statements about sends: their targets, contents and outcomes.

use crate::{DATABASE, patience::Receiver, quiet::QuietHours, receivers, secrets::Secret, switch};
use mindflow_guest::{
    call,
    events::{Delivery, Event},
    params,
    sql::{self, Abort, Identity, Json, Row, RowError, Time},
};
use uuid::Uuid;

/// Whom an event concerns: (channel, target), and how many sends wait for it, counted up to $5. A user who never set anything
/// has everything on. Mail goes to addresses that are known to be confirmed; with $6 to users, too, who want none, and with $7 to other addresses, too.
pub const TARGETS: &str = "WITH preferred AS (
        SELECT coalesce(bool_and(email), true) AS email, coalesce(bool_and(push), true) AS push,
               coalesce(bool_and(webhooks), true) AS webhooks
        FROM notification.preferences WHERE user_id = $1::uuid
    )
    SELECT 'email'::text AS channel, $1::uuid AS target_id, 0::bigint AS waiting FROM preferred
    WHERE (email OR $6::boolean) AND $2::boolean
        AND ($7::boolean OR coalesce((SELECT u.email_confirmed FROM notification.users u WHERE u.user_id = $1::uuid), false))
    UNION ALL
    SELECT 'push', s.id, (SELECT count(*) FROM (SELECT 1 FROM notification.sends q
        WHERE q.target_id = s.id AND q.status = 'pending' LIMIT $5::bigint) AS held)
    FROM notification.push_subscriptions s, preferred
    WHERE s.user_id = $1::uuid AND preferred.push AND $3::boolean
    UNION ALL
    SELECT 'webhook', w.id, (SELECT count(*) FROM (SELECT 1 FROM notification.sends q
        WHERE q.target_id = w.id AND q.status = 'pending' LIMIT $5::bigint) AS held)
    FROM notification.webhooks w, preferred
    WHERE w.user_id = $1::uuid AND w.active AND preferred.webhooks AND $4::text = ANY (w.events)";

/// What is known of a user, and what was sent or waits; of an entry, what waits.
pub const ERASE: &str = "SELECT notification.erase($1::uuid, $2::uuid) AS counts";

/// One row, or no row when this was planned before.
pub const PLAN: &str = "INSERT INTO notification.sends
        (id, event_id, user_id, channel, target_id, event_type, body, planned_at)
    VALUES ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::uuid, $6::text, $7::jsonb, $8::timestamptz)
    ON CONFLICT (event_id, channel, target_id) DO NOTHING
    RETURNING id";

/// A row that says why nothing is sent.
pub const PLAN_NOTHING: &str = "INSERT INTO notification.sends
        (id, event_id, user_id, channel, target_id, event_type, body, status, reason, planned_at, settled_at)
    VALUES ($1::uuid, $2::uuid, $3::uuid, $4::text, $5::uuid, $6::text, '{}', 'skipped', $7::text, $8::timestamptz,
        $8::timestamptz)
    ON CONFLICT (event_id, channel, target_id) DO NOTHING";

/// An account as of its newest event.
pub const KNOW_USER: &str = "INSERT INTO notification.users AS known
        (user_id, email, display_name, timezone, sequence, email_confirmed)
    VALUES ($1::uuid, $2::text, $3::text, $4::text, $5::bigint, $6::boolean)
    ON CONFLICT (user_id) DO UPDATE SET
        email = EXCLUDED.email, display_name = EXCLUDED.display_name, timezone = EXCLUDED.timezone,
        sequence = EXCLUDED.sequence, email_confirmed = EXCLUDED.email_confirmed
    WHERE known.sequence < EXCLUDED.sequence";

const SEND: &str = "SELECT s.id, s.user_id, s.channel, s.target_id, s.event_type, s.body, s.status, s.planned_at,
        u.email, u.display_name, u.timezone,
        CASE s.channel WHEN 'email' THEN coalesce(p.email, true) WHEN 'push' THEN coalesce(p.push, true)
            ELSE coalesce(p.webhooks, true) END AS wanted,
        p.quiet_hours_start::int AS quiet_start, p.quiet_hours_end::int AS quiet_end,
        w.url, w.secret, w.sealed_secret, b.endpoint, b.p256dh, b.auth, k.key AS link_key,
        coalesce(w.failures, b.failures) AS failures, coalesce(w.rests_until, b.rests_until) AS rests_until,
        s.channel = 'webhook' AND s.body #> '{payload,journalId}' IS NOT NULL AND (SELECT e.private FROM consent.entries e
            WHERE e.id = (s.body #>> '{payload,journalId}')::uuid) IS NOT FALSE AS inside
    FROM notification.sends s
    CROSS JOIN notification.link_key k
    LEFT JOIN notification.users u ON u.user_id = s.user_id
    LEFT JOIN notification.preferences p ON p.user_id = s.user_id
    LEFT JOIN notification.webhooks w ON s.channel = 'webhook' AND w.id = s.target_id AND w.active
    LEFT JOIN notification.push_subscriptions b ON s.channel = 'push' AND b.id = s.target_id
    WHERE s.id = $1::uuid";

const SETTLE: &str = "UPDATE notification.sends
    SET status = $2::text, reason = left($3::text, 500), settled_at = $4::timestamptz, body = '{}'
    WHERE id = $1::uuid AND status = 'pending'";

/// Far longer than events are news, so that nothing that is forgotten can be planned again.
const KEPT_US: i64 = 90 * 24 * 3_600 * 1_000_000;
/// Rows per transaction, so that it stays short.
const FORGOTTEN_PER_TRANSACTION: u64 = 1_000;
const FORGET_OLD: &str = "DELETE FROM notification.sends WHERE id IN (
        SELECT id FROM notification.sends WHERE settled_at < $1::timestamptz ORDER BY settled_at LIMIT $2::bigint
    )";

const FORGET_PUSH: &str = "DELETE FROM notification.push_subscriptions WHERE id = $1::uuid";

/// Where a send goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `None` until the account's event has arrived.
    Email(Option<Addressee>),
    Webhook {
        url: String,
        secret: Secret,
    },
    Push {
        endpoint: String,
        p256dh: String,
        auth: String,
    },
    /// The webhook or the subscription is no longer there, or not active.
    Gone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    pub email: String,
    pub display_name: String,
}

/// A planned send with all that it takes.
#[derive(Debug, Clone)]
pub struct Send {
    pub id: Uuid,
    pub user_id: Uuid,
    pub target_id: Uuid,
    pub event_type: String,
    /// JSON.
    pub body: String,
    pub pending: bool,
    pub planned_at_us: i64,
    pub timezone: String,
    /// By the user's preferences.
    pub wanted: bool,
    /// Whether it is of an entry that is private by now, or no longer there.
    pub inside: bool,
    pub quiet_hours: Option<QuietHours>,
    pub target: Target,
    /// Of webhooks and web push.
    pub receiver: Receiver,
    pub link_key: Vec<u8>,
}

/// What becomes of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    Sent,
    Skipped(&'static str),
    /// Skipped, and its subscription removed.
    SubscriptionGone(&'static str),
    /// Skipped, and its webhook switched off for this reason.
    SwitchedOff(switch::Reason),
}

impl Target {
    /// Where its failures are counted.
    pub fn kind(&self) -> Option<receivers::Kind> {
        match self {
            Self::Webhook { .. } => Some(receivers::Kind::Webhook),
            Self::Push { .. } => Some(receivers::Kind::Push),
            Self::Email(_) | Self::Gone => None,
        }
    }
}

pub async fn send(id: Uuid) -> Result<Option<Send>, call::Error> {
    let rows = sql::query(DATABASE, Identity::Service, SEND, params![id]).await?;
    Ok(rows.first().map(|row| read(&row)).transpose()?)
}

fn read(row: &Row<'_>) -> Result<Send, RowError> {
    let channel: String = row.get("channel")?;
    let hour = |column| Ok(row.get::<Option<u32>>(column)?.and_then(|hour| u8::try_from(hour).ok()));
    let target = match channel.as_str() {
        "email" => Target::Email(match (row.get("email")?, row.get("display_name")?) {
            (Some(email), Some(display_name)) => Some(Addressee { email, display_name }),
            _ => None,
        }),
        "webhook" => match (row.get("url")?, Secret::of(row.get("secret")?, row.get("sealed_secret")?)) {
            (Some(url), Some(secret)) => Target::Webhook { url, secret },
            _ => Target::Gone,
        },
        _ => match (row.get("endpoint")?, row.get("p256dh")?, row.get("auth")?) {
            (Some(endpoint), Some(p256dh), Some(auth)) => Target::Push { endpoint, p256dh, auth },
            _ => Target::Gone,
        },
    };
    Ok(Send {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        target_id: row.get("target_id")?,
        event_type: row.get("event_type")?,
        body: row.get::<Json>("body")?.0,
        pending: row.get::<String>("status")? == "pending",
        planned_at_us: row.get::<Time>("planned_at")?.0,
        timezone: row.get::<Option<String>>("timezone")?.unwrap_or_default(),
        wanted: row.get("wanted")?,
        inside: row.get("inside")?,
        quiet_hours: match (hour("quiet_start")?, hour("quiet_end")?) {
            (Some(start), Some(end)) => Some(QuietHours { start, end }),
            _ => None,
        },
        target,
        receiver: Receiver {
            failures: row.get::<Option<u32>>("failures")?.unwrap_or_default(),
            rests_until_us: row.get::<Option<Time>>("rests_until")?.map(|time| time.0),
        },
        link_key: row.get("link_key")?,
    })
}

/// Records what became of a send, once, with the event that asked for it.
pub async fn settle(
    event: &Event,
    delivery: &Delivery,
    send: &Send,
    settlement: &Settlement,
    now_us: i64,
) -> Result<(), call::Error> {
    let (status, reason) = match settlement {
        Settlement::Sent => ("sent", None),
        Settlement::Skipped(reason) | Settlement::SubscriptionGone(reason) => ("skipped", Some(*reason)),
        Settlement::SwitchedOff(reason) => ("skipped", Some(reason.text.as_str())),
    };
    let write = async |tx: &sql::Tx| -> Result<(), Abort> {
        match settlement {
            Settlement::SubscriptionGone(_) => _ = tx.execute(FORGET_PUSH, params![send.target_id]).await?,
            Settlement::SwitchedOff(reason) => {
                let webhook = switch::Webhook { id: send.target_id, owner_id: send.user_id };
                switch::off(tx, event, &webhook, reason, now_us).await?;
            }
            Settlement::Sent if send.receiver.failures > 0 => {
                if let Some(kind) = send.target.kind() {
                    tx.execute(kind.answered(), params![send.target_id]).await?;
                }
            }
            Settlement::Sent | Settlement::Skipped(_) => {}
        }
        tx.execute(SETTLE, params![send.id, status, reason, Time(now_us)]).await?;
        Ok(())
    };
    sql::once(DATABASE, &Identity::Service, event, delivery, write).await.map(drop)
}

/// Deletes sends that were settled long ago.
pub async fn forget_old(now_us: i64) -> Result<(), call::Error> {
    let before = Time(now_us.saturating_sub(KEPT_US));
    loop {
        let forget =
            async |tx: &sql::Tx| Ok(tx.execute(FORGET_OLD, params![before, FORGOTTEN_PER_TRANSACTION]).await?);
        if sql::transaction(DATABASE, &Identity::Service, forget).await? < FORGOTTEN_PER_TRANSACTION {
            return Ok(());
        }
    }
}

/// The key of unsubscribe links.
pub async fn link_key() -> Result<Vec<u8>, call::Error> {
    let rows = sql::query(DATABASE, Identity::Service, "SELECT key FROM notification.link_key", Vec::new()).await?;
    let row = rows.first().ok_or_else(|| call::Error::Internal("there is no key for links".into()))?;
    Ok(row.get("key")?)
}
