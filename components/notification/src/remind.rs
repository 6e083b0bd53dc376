//! Reminders that are due: planned as sends, each once for its day, unless something was written about that day.

use crate::{
    DATABASE,
    compose::REMINDER,
    due::{self, TimeOfDay},
    plan::{self, WAITING_MAX},
    reminders,
    send_request::requested_by_schedule,
    store,
};
use jiff::{Timestamp, civil::Date};
use mindflow_guest::{
    call::{CallContext, Credential, Error},
    clock, id, params,
    sql::{self, Abort, Identity, Json, Row, RowError, Time, Tx},
};
use uuid::Uuid;

/// The schedule that looks for them.
pub const SCHEDULE: &str = "remind";

/// Later than this, as after a pause of the platform or in another time zone, it is no reminder any more.
const LATE_MAX_US: i64 = 60 * 60 * 1_000_000;
/// Reminders per transaction, so that it stays short.
const REMINDERS_PER_TRANSACTION: u64 = 100;

const DUE: &str =
    "SELECT r.id, r.user_id, r.weekdays, r.time, r.channel, r.due_at, coalesce(u.timezone, 'UTC') AS timezone
    FROM notification.reminders r LEFT JOIN notification.users u ON u.user_id = r.user_id
    WHERE r.active AND r.due_at <= $1::timestamptz
    ORDER BY r.due_at LIMIT $2::bigint FOR UPDATE OF r SKIP LOCKED";
const NEXT: &str = "UPDATE notification.reminders SET due_at = $2::timestamptz WHERE id = $1::uuid";
const WRITTEN: &str = "SELECT EXISTS (
        SELECT FROM notification.written_days WHERE user_id = $1::uuid AND entry_date = $2::date
    ) AS written";

/// A reminder whose time has come.
struct Due {
    id: Uuid,
    user_id: Uuid,
    channel: String,
    due_at: Timestamp,
    /// In the user's zone.
    day: Date,
    next: Timestamp,
}

/// Plans what is due by now.
pub async fn run() -> Result<(), Error> {
    let now = clock::now();
    let correlation_id = id::random().to_string();
    let context =
        CallContext { credential: Credential::Anonymous, correlation_id, traceparent: None, deadline_ms: None };
    loop {
        let planned = sql::transaction(DATABASE, &Identity::Service, async |tx| some(tx, &context, now).await).await?;
        if planned < REMINDERS_PER_TRANSACTION {
            return Ok(());
        }
    }
}

/// One transaction; how many there were.
async fn some(tx: &Tx, context: &CallContext, now: Timestamp) -> Result<u64, Abort> {
    let now_us = now.as_microsecond();
    let rows = tx.query(DUE, params![Time(now_us), REMINDERS_PER_TRANSACTION]).await?;
    let due = rows.map(|row| read(&row, now))?;
    for reminder in &due {
        if is_in_time(reminder, now_us) && !has_written(tx, reminder).await? {
            plan(tx, context, reminder, now_us).await?;
        }
        tx.execute(NEXT, params![reminder.id, Time(reminder.next.as_microsecond())]).await?;
    }
    Ok(due.len() as u64)
}

fn read(row: &Row<'_>, now: Timestamp) -> Result<Due, RowError> {
    let zone = clock::time_zone(&row.get::<String>("timezone")?);
    let due_at = Timestamp::from_microsecond(row.get::<Time>("due_at")?.0).unwrap_or_default();
    let time = TimeOfDay::parse(&row.get::<String>("time")?);
    let weekdays = reminders::weekdays(&row.get::<Vec<String>>("weekdays")?);
    let next = time.and_then(|time| due::next(&weekdays, time, &zone, now));
    Ok(Due {
        id: row.get("id")?,
        user_id: row.get("user_id")?,
        channel: row.get("channel")?,
        day: zone.to_datetime(due_at).date(),
        due_at,
        // The schema keeps both so that there is one.
        next: next.unwrap_or(Timestamp::MAX),
    })
}

fn is_in_time(reminder: &Due, now_us: i64) -> bool {
    now_us.saturating_sub(reminder.due_at.as_microsecond()) <= LATE_MAX_US
}

async fn has_written(tx: &Tx, reminder: &Due) -> Result<bool, Abort> {
    let rows = tx.query(WRITTEN, params![reminder.user_id, sql::Date(reminder.day)]).await?;
    Ok(rows.first().map_or(Ok(false), |row| row.get("written"))?)
}

/// One send for each target of its channel, as the user's preferences allow.
async fn plan(tx: &Tx, context: &CallContext, reminder: &Due, now_us: i64) -> Result<(), Abort> {
    let (by_mail, by_push) = (reminder.channel == "email", reminder.channel == "push");
    let asked = params![reminder.user_id, by_mail, by_push, REMINDER, WAITING_MAX, false, false];
    let occasion = occasion(reminder.id, reminder.day);
    for target in tx.query(store::TARGETS, asked).await?.iter() {
        let (channel, target_id): (String, Uuid) = (target.get("channel")?, target.get("target_id")?);
        if target.get::<u32>("waiting")? >= WAITING_MAX {
            continue;
        }
        let send = plan::send_id(occasion, &channel, target_id);
        let body = Json("{}".to_owned());
        let row = params![send, occasion, reminder.user_id, &channel, target_id, REMINDER, body, Time(now_us)];
        if tx.query(store::PLAN, row).await?.first().is_some() {
            tx.publish(requested_by_schedule(context, send, &channel, reminder.user_id)?).await?;
        }
    }
    Ok(())
}

/// The same for the same reminder and day: what follows from it is planned once, however often the schedule runs.
fn occasion(reminder: Uuid, day: Date) -> Uuid {
    plan::id_of(&[reminder.as_bytes(), day.to_string().as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_reminder_is_one_occasion_a_day() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let day = date(2026, 11, 30);
        assert_eq!(occasion(one, day), occasion(one, day));
        assert_ne!(occasion(one, day), occasion(other, day));
        assert_ne!(occasion(one, day), occasion(one, day.tomorrow().unwrap()));
    }

    #[test]
    fn what_is_an_hour_late_is_no_reminder() {
        let due_at = Timestamp::from_second(1_000_000).unwrap();
        let (id, user_id) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let day = date(1970, 1, 12);
        let reminder = Due { id, user_id, channel: "push".into(), due_at, day, next: Timestamp::MAX };
        let late_us = due_at.as_microsecond() + LATE_MAX_US;
        assert!(is_in_time(&reminder, late_us) && !is_in_time(&reminder, late_us + 1));
    }
}
