//! Reminders to write.

use super::scalars::DateTime;
use crate::services::reminders;
use async_graphql::{Enum, ID, InputObject, SimpleObject};

/// A day of the week.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::reminders::Weekday")]
pub enum Weekday {
    /// The first one.
    Monday,
    /// The second one.
    Tuesday,
    /// The third one.
    Wednesday,
    /// The fourth one.
    Thursday,
    /// The fifth one.
    Friday,
    /// The sixth one.
    Saturday,
    /// The seventh one.
    Sunday,
}

/// How a reminder comes.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::reminders::Channel")]
pub enum ReminderChannel {
    /// By e-mail, if the user wants e-mail. Takes a confirmed address: until then it is a `CONFLICT` with the rule `unconfirmed`.
    Email,
    /// By web push, to each browser that the user has registered, if the user wants it.
    Push,
}

/// Asks the user to write, unless there is an entry about that day. Quiet hours do not hold it up.
#[derive(SimpleObject)]
pub struct Reminder {
    /// A UUID.
    id: ID,
    /// On which days it comes, from Monday on.
    weekdays: Vec<Weekday>,
    /// When, `HH:MM` in the user's time zone.
    time: String,
    /// How it comes.
    channel: ReminderChannel,
    /// Whether it comes.
    active: bool,
    /// When it was made.
    created_at: DateTime,
}

/// A reminder as it is to be.
#[derive(InputObject)]
pub struct ReminderInput {
    /// On which days it comes, one at least.
    weekdays: Vec<Weekday>,
    /// When, `HH:MM` in the user's time zone.
    time: String,
    /// How it comes.
    channel: ReminderChannel,
    /// Whether it comes. Yes when left out.
    active: Option<bool>,
}

impl From<reminders::Reminder> for Reminder {
    fn from(reminder: reminders::Reminder) -> Self {
        Self {
            id: reminder.id.into(),
            weekdays: reminder.weekdays.into_iter().map(Into::into).collect(),
            time: reminder.time_of_day,
            channel: reminder.channel.into(),
            active: reminder.active,
            created_at: DateTime(reminder.created_at),
        }
    }
}

impl From<ReminderInput> for reminders::NewReminder {
    fn from(input: ReminderInput) -> Self {
        Self {
            weekdays: input.weekdays.into_iter().map(Into::into).collect(),
            time_of_day: input.time,
            channel: input.channel.into(),
            active: input.active.unwrap_or(true),
        }
    }
}
