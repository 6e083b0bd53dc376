//! Reminders as their users set them, under the caller's own row-level security.

use crate::{
    DATABASE,
    bindings::exports::mindflow::notification::reminders::{Channel, NewReminder, Reminder, Weekday},
    due::{self, TimeOfDay},
    quota,
};
use jiff::{Timestamp, civil};
use mindflow_guest::{
    call::{CallContext, Error, FieldError},
    caller::Caller,
    clock,
    failure::{conflict, field, internal},
    id, params,
    rules::{Format, Rule},
    sql::{self, Row, RowError, Time, Tx},
};
use uuid::Uuid;

/// As the database spells them.
const WEEKDAYS: [(Weekday, &str, civil::Weekday); 7] = [
    (Weekday::Monday, "MONDAY", civil::Weekday::Monday),
    (Weekday::Tuesday, "TUESDAY", civil::Weekday::Tuesday),
    (Weekday::Wednesday, "WEDNESDAY", civil::Weekday::Wednesday),
    (Weekday::Thursday, "THURSDAY", civil::Weekday::Thursday),
    (Weekday::Friday, "FRIDAY", civil::Weekday::Friday),
    (Weekday::Saturday, "SATURDAY", civil::Weekday::Saturday),
    (Weekday::Sunday, "SUNDAY", civil::Weekday::Sunday),
];

const EMAIL: &str = "email";

const ALL: &str = "SELECT id, weekdays, time, channel, active, created_at FROM notification.reminders
    WHERE user_id = $1::uuid ORDER BY created_at, id";
const ZONE: &str = "SELECT timezone FROM notification.users WHERE user_id = $1::uuid";
const CONFIRMED: &str = "SELECT confirmed FROM notification.own_address WHERE user_id = $1::uuid";
/// Where a user's changes wait for each other, so that the number is exact.
const HOLD_PREFERENCES: &str = "INSERT INTO notification.preferences AS held (user_id) VALUES ($1::uuid)
    ON CONFLICT (user_id) DO UPDATE SET user_id = held.user_id";
const COUNT: &str = "SELECT count(*) AS held FROM notification.reminders WHERE user_id = $1::uuid";
const ADD: &str =
    "INSERT INTO notification.reminders (id, user_id, weekdays, time, channel, active, due_at, created_at)
    VALUES ($1::uuid, $2::uuid, $3::text[], $4::text, $5::text, $6::boolean, $7::timestamptz, $8::timestamptz)
    RETURNING id, weekdays, time, channel, active, created_at";
const CHANGE: &str = "UPDATE notification.reminders
    SET weekdays = $3::text[], time = $4::text, channel = $5::text, active = $6::boolean, due_at = $7::timestamptz
    WHERE id = $1::uuid AND user_id = $2::uuid
    RETURNING id, weekdays, time, channel, active, created_at";
const REMOVE: &str = "DELETE FROM notification.reminders WHERE id = $1::uuid AND user_id = $2::uuid";

/// A reminder that keeps the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    /// Names, from Monday on.
    weekdays: Vec<String>,
    time_of_day: String,
    channel: &'static str,
    active: bool,
    days: Vec<civil::Weekday>,
    time: TimeOfDay,
}

pub async fn all(context: &CallContext) -> Result<Vec<Reminder>, Error> {
    let caller = Caller::prove(context).await?;
    let rows = sql::query(DATABASE, caller.identity(), ALL, params![caller.user_id]).await?;
    Ok(rows.map(|row| reminder(&row))?)
}

pub async fn create(context: &CallContext, input: NewReminder) -> Result<Reminder, Error> {
    let caller = Caller::prove(context).await?;
    let wanted = wanted(input).map_err(Error::Invalid)?;
    let (id, now) = (id::new(clock::now_us()), clock::now());
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        tx.execute(HOLD_PREFERENCES, params![caller.user_id]).await?;
        let held = tx.query(COUNT, params![caller.user_id]).await?;
        let held: u64 = held.first().map_or(Ok(0), |row| row.get("held"))?;
        quota::room(&quota::REMINDERS, held, quota::REMINDERS_MAX)?;
        can_come(tx, &caller, &wanted).await?;
        let due_at = due_at(tx, &caller, &wanted, now).await?;
        let mut params = params![id, caller.user_id];
        params.extend(wanted.params(due_at));
        params.extend(params![Time(now.as_microsecond())]);
        let rows = tx.query(ADD, params).await?;
        let row = rows.first().ok_or_else(|| internal("adding a reminder answered no row"))?;
        Ok(reminder(&row)?)
    })
    .await
}

pub async fn update(context: &CallContext, id: &str, input: NewReminder) -> Result<Reminder, Error> {
    let caller = Caller::prove(context).await?;
    let wanted = wanted(input).map_err(Error::Invalid)?;
    let id = id::parse(id).ok_or_else(not_found)?;
    let now = clock::now();
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        can_come(tx, &caller, &wanted).await?;
        let due_at = due_at(tx, &caller, &wanted, now).await?;
        let mut params = params![id, caller.user_id];
        params.extend(wanted.params(due_at));
        let rows = tx.query(CHANGE, params).await?;
        Ok(reminder(&rows.first().ok_or_else(not_found)?)?)
    })
    .await
}

pub async fn delete(context: &CallContext, id: &str) -> Result<(), Error> {
    let caller = Caller::prove(context).await?;
    let id = id::parse(id).ok_or_else(not_found)?;
    sql::transaction(DATABASE, &caller.identity(), async |tx| {
        if tx.execute(REMOVE, params![id, caller.user_id]).await? == 0 {
            return Err(not_found().into());
        }
        Ok(())
    })
    .await
}

fn not_found() -> Error {
    Error::NotFound("There is no such reminder.".into())
}

/// Mail goes to confirmed addresses alone, so an active reminder by e-mail takes one.
async fn can_come(tx: &Tx, caller: &Caller, wanted: &Wanted) -> Result<(), sql::Abort> {
    if !wanted.takes_an_address() {
        return Ok(());
    }
    let rows = tx.query(CONFIRMED, params![caller.user_id]).await?;
    if rows.first().map_or(Ok(false), |row| row.get("confirmed"))? {
        return Ok(());
    }
    let text = "Confirm your e-mail address first: follow the link that was mailed to it. Or choose web push.";
    Err(conflict("channel", Rule::Unconfirmed, text).into())
}

/// In the user's zone as this service knows it, by which the schedule goes on; until it knows any, as the token says.
async fn due_at(tx: &Tx, caller: &Caller, wanted: &Wanted, now: Timestamp) -> Result<Time, sql::Abort> {
    let rows = tx.query(ZONE, params![caller.user_id]).await?;
    let zone = match rows.first() {
        Some(row) => clock::time_zone(&row.get::<String>("timezone")?),
        None => caller.time_zone(),
    };
    let at = due::next(&wanted.days, wanted.time, &zone, now);
    let at = at.ok_or_else(|| internal("no day of the calendar is left for a reminder"))?;
    Ok(Time(at.as_microsecond()))
}

impl Wanted {
    fn takes_an_address(&self) -> bool {
        self.active && self.channel == EMAIL
    }

    fn params(&self, due_at: Time) -> Vec<sql::Value> {
        params![self.weekdays.clone(), &self.time_of_day, self.channel, self.active, due_at]
    }
}

fn wanted(input: NewReminder) -> Result<Wanted, Vec<FieldError>> {
    let mut errors = Vec::new();
    // Each once, whatever the order.
    let chosen = WEEKDAYS.iter().filter(|(day, ..)| input.weekdays.contains(day));
    let (weekdays, days): (Vec<_>, Vec<_>) = chosen.map(|(_, name, day)| ((*name).to_owned(), *day)).unzip();
    if weekdays.is_empty() {
        errors.push(field("weekdays", Rule::Required, "Name one weekday at least."));
    }
    let time = TimeOfDay::parse(&input.time_of_day);
    if time.is_none() {
        errors.push(field("time", Format::TimeOfDay, "Give a time of the day as HH:MM, such as 18:05."));
    }
    let channel = match input.channel {
        Channel::Email => EMAIL,
        Channel::Push => "push",
    };
    match time {
        Some(time) if errors.is_empty() => {
            Ok(Wanted { weekdays, time_of_day: input.time_of_day, channel, active: input.active, days, time })
        }
        _ => Err(errors),
    }
}

/// The weekdays of their names.
pub fn weekdays(names: &[String]) -> Vec<civil::Weekday> {
    WEEKDAYS.iter().filter(|(_, name, _)| names.iter().any(|held| held == name)).map(|(.., day)| *day).collect()
}

fn reminder(row: &Row<'_>) -> Result<Reminder, RowError> {
    let names: Vec<String> = row.get("weekdays")?;
    let chosen = WEEKDAYS.iter().filter(|(_, name, _)| names.iter().any(|held| held == name));
    Ok(Reminder {
        id: row.get::<Uuid>("id")?.to_string(),
        weekdays: chosen.map(|(day, ..)| *day).collect(),
        time_of_day: row.get("time")?,
        channel: if row.get::<String>("channel")? == "push" { Channel::Push } else { Channel::Email },
        active: row.get("active")?,
        created_at: row.get::<Time>("created_at")?.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reminder_has_a_weekday_and_a_time() {
        let input = |weekdays: &[Weekday], time: &str| NewReminder {
            weekdays: weekdays.to_vec(),
            time_of_day: time.into(),
            channel: Channel::Push,
            active: true,
        };
        let kept = wanted(input(&[Weekday::Sunday, Weekday::Monday, Weekday::Sunday], "07:30")).unwrap();
        assert_eq!(kept.weekdays, ["MONDAY", "SUNDAY"]);
        assert_eq!(weekdays(&kept.weekdays), kept.days);
        assert!(!kept.takes_an_address());
        for active in [true, false] {
            let by_mail = NewReminder { channel: Channel::Email, active, ..input(&[Weekday::Sunday], "07:30") };
            assert_eq!(wanted(by_mail).unwrap().takes_an_address(), active);
        }
        let errors = wanted(input(&[], "7:30")).unwrap_err();
        let broken: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.rule.as_str())).collect();
        assert_eq!(broken, [("weekdays", "required"), ("time", "format")]);
    }
}
