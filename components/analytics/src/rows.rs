//! Answers from rows.

use crate::bindings::exports::mindflow::analytics::figures::{
    DayCount, MoodPoint, PlatformStats, SentimentPoint, WritingStats,
};
use jiff::civil::Date;
use mindflow_events::Mood;
use mindflow_guest::{
    call::Error,
    failure::internal,
    sql::{self, Rows},
};
use std::collections::HashMap;

const HOURS: usize = 24;
const WEEKDAYS: usize = 7;

/// Oldest first; the moods of a day in the vocabulary's order.
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

pub fn writing_stats(rows: &Rows) -> Result<WritingStats, Error> {
    let (mut by_hour, mut by_weekday) = ([0_u32; HOURS], [0_u32; WEEKDAYS]);
    let mut stats = WritingStats {
        entries: 0,
        words: 0,
        current_streak_days: 0,
        longest_streak_days: 0,
        by_hour: Vec::new(),
        by_weekday: Vec::new(),
    };
    for row in rows.iter() {
        stats.longest_streak_days = row.get("longest")?;
        stats.current_streak_days = row.get("current")?;
        let Some(hour) = row.get::<Option<u32>>("hour")? else { continue };
        let weekday = row.get::<u32>("weekday")?.saturating_sub(1);
        let entries: u32 = row.get("entries")?;
        stats.entries = stats.entries.saturating_add(entries);
        stats.words = stats.words.saturating_add(row.get("words")?);
        let slots = [by_hour.get_mut(hour as usize), by_weekday.get_mut(weekday as usize)];
        for slot in slots.into_iter().flatten() {
            *slot = slot.saturating_add(entries);
        }
    }
    Ok(WritingStats { by_hour: by_hour.into(), by_weekday: by_weekday.into(), ..stats })
}

/// Every day from `from` to `today` is in each series, even where nothing was counted.
pub fn platform_stats(totals: &Rows, per_day: &Rows, from: Date, today: Date) -> Result<PlatformStats, Error> {
    let row = totals.first().ok_or_else(|| internal("the platform's figures are no row"))?;
    let mut counted = HashMap::<String, HashMap<Date, u32>>::new();
    for row in per_day.iter() {
        let sql::Date(day) = row.get("day")?;
        counted.entry(row.get("series")?).or_default().insert(day, row.get("count")?);
    }
    let series = |name: &str| -> Vec<DayCount> {
        let counts = counted.get(name);
        let count = |day: Date| counts.and_then(|counts| counts.get(&day)).copied().unwrap_or(0);
        let days = from.series(jiff::Span::new().days(1)).take_while(|day| *day <= today);
        days.map(|day| DayCount { date: day.to_string(), count: count(day) }).collect()
    };
    let (entries_per_day, analyses_per_day) = (series("entries"), series("analyses"));
    Ok(PlatformStats {
        users: row.get("users")?,
        active_users: row.get("active_users")?,
        entries: sum(&entries_per_day),
        analyses: sum(&analyses_per_day),
        entries_per_day,
        active_users_per_day: series("active_users"),
        analyses_per_day,
        registrations_per_day: series("registrations"),
    })
}

fn sum(days: &[DayCount]) -> u32 {
    days.iter().fold(0_u32, |sum, day| sum.saturating_add(day.count))
}
