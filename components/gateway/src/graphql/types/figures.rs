//! Figures over time.

use super::scalars::Date;
use crate::services::figures;
use async_graphql::{Enum, SimpleObject};

/// How long a period of a trend is.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::figures::Granularity")]
pub enum Granularity {
    /// A day.
    Day,
    /// A week from Monday.
    Week,
    /// A month.
    Month,
}

/// How what was written in a period sounds.
#[derive(SimpleObject)]
pub struct SentimentPoint {
    /// The period's first day.
    period: Date,
    /// The mean sentiment of its entries, from -1 (negative) to 1 (positive).
    average: f64,
    /// How many entries that is the mean of.
    entries: u32,
}

/// How much the user writes, and when.
#[derive(SimpleObject)]
pub struct WritingStats {
    /// How many entries.
    entries: u32,
    /// How many words they have.
    words: u64,
    /// Days in a row that entries are about, up to today, or to yesterday while there is none about today.
    current_streak_days: u32,
    /// The most days in a row that there ever were.
    longest_streak_days: u32,
    /// Entries by the hour in which they were begun, from midnight: 24.
    by_hour: Vec<u32>,
    /// Entries by the day of the week, from Monday: 7.
    by_weekday: Vec<u32>,
}

/// How many there were on a day.
#[derive(SimpleObject)]
pub struct DayCount {
    /// The day, in UTC.
    date: Date,
    /// How many.
    count: u32,
}

/// How much goes on on the platform.
#[derive(SimpleObject)]
pub struct PlatformStats {
    /// All accounts.
    users: u32,
    /// Who logged in, wrote or recorded a mood in these days.
    active_users: u32,
    /// Entries begun in these days and not deleted.
    entries: u32,
    /// Entries analysed in these days.
    analyses: u32,
    /// Entries begun on each of these days and not deleted, oldest first.
    entries_per_day: Vec<DayCount>,
    /// Who logged in, wrote or recorded a mood on each of these days, oldest first.
    active_users_per_day: Vec<DayCount>,
    /// Entries analysed on each of these days, oldest first.
    analyses_per_day: Vec<DayCount>,
    /// Accounts registered on each of these days and not erased, oldest first.
    registrations_per_day: Vec<DayCount>,
}

impl From<figures::SentimentPoint> for SentimentPoint {
    fn from(point: figures::SentimentPoint) -> Self {
        let figures::SentimentPoint { period, average, entries } = point;
        Self { period: Date(period), average, entries }
    }
}

impl From<figures::WritingStats> for WritingStats {
    fn from(stats: figures::WritingStats) -> Self {
        Self {
            entries: stats.entries,
            words: stats.words,
            current_streak_days: stats.current_streak_days,
            longest_streak_days: stats.longest_streak_days,
            by_hour: stats.by_hour,
            by_weekday: stats.by_weekday,
        }
    }
}

impl From<figures::DayCount> for DayCount {
    fn from(day: figures::DayCount) -> Self {
        Self { date: Date(day.date), count: day.count }
    }
}

impl From<figures::PlatformStats> for PlatformStats {
    fn from(stats: figures::PlatformStats) -> Self {
        let series = |days: Vec<figures::DayCount>| days.into_iter().map(DayCount::from).collect();
        Self {
            users: stats.users,
            active_users: stats.active_users,
            entries: stats.entries,
            analyses: stats.analyses,
            entries_per_day: series(stats.entries_per_day),
            active_users_per_day: series(stats.active_users_per_day),
            analyses_per_day: series(stats.analyses_per_day),
            registrations_per_day: series(stats.registrations_per_day),
        }
    }
}
