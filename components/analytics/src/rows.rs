//! Answers from rows.

use crate::{
    bindings::exports::mindflow::analytics::figures::{
        DayCount, MoodPoint, PlatformStats, SentimentPoint, WritingStats,
    },
    streak::streaks,
};
use jiff::civil::Date;
use mindflow_events::Mood;
use mindflow_guest::{
    call::Error,
    clock::days_before,
    failure::internal,
    sql::{self, Rows},
};
use std::collections::HashMap;

const HOURS: usize = 24;
const WEEKDAYS: usize = 7;

/// Oldest first; the moods of a day in the contract's order.
pub fn mood_points(rows: &Rows) -> Result<Vec<MoodPoint>, Error> {
    let mut points: Vec<MoodPoint> = rows
        .iter()
        .map(|row| {
            let sql::Date(day) = row.get("day")?;
            Ok(MoodPoint {
                date: day.to_string(),
                mood: row.get::<Mood>("mood")?.into(),
                count: row.get("count")?,
                average_sentiment: row.get("average")?,
            })
        })
        .collect::<Result<_, Error>>()?;
    points.sort_by(|one, other| (&one.date, one.mood).cmp(&(&other.date, other.mood)));
    Ok(points)
}

pub fn sentiment_points(rows: &Rows) -> Result<Vec<SentimentPoint>, Error> {
    let points = rows.map(|row| {
        let sql::Date(period) = row.get("period")?;
        Ok(SentimentPoint { period: period.to_string(), average: row.get("average")?, entries: row.get("entries")? })
    });
    Ok(points?)
}

/// Of all days on which the user wrote; the last `days` of them count, and all of them make streaks.
pub fn writing_stats(rows: &Rows, days: u32) -> Result<WritingStats, Error> {
    let (mut by_hour, mut by_weekday) = ([0_u32; HOURS], [0_u32; WEEKDAYS]);
    let (mut entries, mut words) = (0_u32, 0_u64);
    let (mut written, mut today) = (Vec::with_capacity(rows.len()), Date::ZERO);
    for row in rows.iter() {
        let (sql::Date(day), sql::Date(now)) = (row.get("day")?, row.get("today")?);
        let counts: Vec<i64> = row.get("by_hour")?;
        today = now;
        written.push(day);
        if day < days_before(today, days.saturating_sub(1)) {
            continue;
        }
        words = words.saturating_add(row.get::<i64>("words")?.unsigned_abs());
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default();
        for (hour, count) in counts.into_iter().enumerate() {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            entries = entries.saturating_add(count);
            for slot in [by_hour.get_mut(hour), by_weekday.get_mut(weekday)].into_iter().flatten() {
                *slot = slot.saturating_add(count);
            }
        }
    }
    let found = streaks(&written, today);
    Ok(WritingStats {
        entries,
        words,
        current_streak_days: found.current,
        longest_streak_days: found.longest,
        by_hour: by_hour.into(),
        by_weekday: by_weekday.into(),
    })
}

/// Every day from `from` to `today` is included, even without entries.
pub fn platform_stats(totals: &Rows, per_day: &Rows, from: Date, today: Date) -> Result<PlatformStats, Error> {
    let row = totals.first().ok_or_else(|| internal("the platform's figures are no row"))?;
    let counts: HashMap<Date, u32> = per_day
        .map(|row| {
            let sql::Date(day) = row.get("day")?;
            Ok((day, row.get("entries")?))
        })?
        .into_iter()
        .collect();
    let entries_per_day = from
        .series(jiff::Span::new().days(1))
        .take_while(|day| *day <= today)
        .map(|day| DayCount { date: day.to_string(), count: counts.get(&day).copied().unwrap_or(0) })
        .collect();
    Ok(PlatformStats {
        users: row.get("users")?,
        active_users: row.get("active_users")?,
        entries: row.get("entries")?,
        analyses: row.get("analyses")?,
        entries_per_day,
    })
}
