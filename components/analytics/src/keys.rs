//! The names and lifetimes of cached values. `mindflow_guest::cache` explains why a hit is never out of date: a user's
//! figures have one generation, the platform's another, and each event renews both. An answer that a former version of
//! the component kept, with fewer figures, does not decode, so it is a miss.

use jiff::civil::Date;
use mindflow_guest::cache::Key;
use std::time::Duration;
use uuid::Uuid;

/// Of mood trends. The other figures follow from the same events.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// What `platformStats` shows when no days are named.
const PLATFORM_DAYS: u32 = 30;

pub fn mood_trend(user: Uuid, days: u32) -> Key {
    Key::new(format!("mood:user:{user}:trend:{days}d"), LIFETIME)
}

pub fn sentiment_trend(user: Uuid, days: u32, unit: &str) -> Key {
    Key::new(format!("sentiment:user:{user}:trend:{days}d:{unit}"), LIFETIME)
}

pub fn writing(user: Uuid, days: u32) -> Key {
    Key::new(format!("writing:user:{user}:{days}d"), LIFETIME)
}

pub fn platform(today: Date, days: u32) -> Key {
    let daily = format!("analytics:global:daily:{today}");
    Key::new(if days == PLATFORM_DAYS { daily } else { format!("{daily}:{days}d") }, LIFETIME)
}

/// How the names of a user's values begin.
pub fn beginnings(user: Uuid) -> Vec<String> {
    ["mood", "sentiment", "writing"].iter().map(|kind| format!("{kind}:user:{user}:")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::mindflow::analytics::figures::PlatformStats;
    use jiff::civil::date;
    use serde_json::json;

    #[test]
    fn keys_and_lifetimes_are_those_that_are_promised() {
        let user = Uuid::from_u128(7);
        assert_eq!(mood_trend(user, 30), Key::new(format!("mood:user:{user}:trend:30d"), Duration::from_secs(900)));
        let beginnings = beginnings(user);
        for key in [mood_trend(user, 30), sentiment_trend(user, 90, "week"), writing(user, 365)] {
            assert!(beginnings.iter().any(|beginning| key.name.starts_with(beginning)), "{}", key.name);
        }
        let today = date(2025, 10, 25);
        assert_eq!(platform(today, 30).name, "analytics:global:daily:2025-10-25");
        assert_eq!(platform(today, 7).name, "analytics:global:daily:2025-10-25:7d");
    }

    #[test]
    fn what_was_kept_before_there_was_a_series_is_read_from_the_database() {
        let kept = |series: &[&str]| {
            let totals = ["users", "active_users", "entries", "analyses"].map(|total| (total.to_owned(), json!(1)));
            let series = series.iter().map(|name| ((*name).to_owned(), json!([{ "date": "2025-10-25", "count": 1 }])));
            serde_json::from_value::<PlatformStats>(totals.into_iter().chain(series).collect())
        };
        let all = ["entries_per_day", "active_users_per_day", "analyses_per_day", "registrations_per_day"];
        assert!(kept(&all).is_ok());
        for count in 0..all.len() {
            assert!(kept(&all[..count]).is_err(), "{count}");
        }
    }
}
