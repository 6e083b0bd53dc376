//! The names and lifetimes of cached values. `mindflow_guest::cache` explains why a hit is never out of date: a user's
//! figures have one generation, the platform's another, and each event renews both.

use jiff::{Timestamp, civil::Date};
use mindflow_guest::cache::{Key, Owner};
use std::time::Duration;
use uuid::Uuid;

/// The bucket, as the manifest names it.
const BUCKET: &str = "cache";

/// Contract §5: mood trends. The other figures follow from the same events.
const LIFETIME: Duration = Duration::from_secs(15 * 60);
/// Every time zone's midnight falls on a quarter of an hour in UTC.
const QUARTER_S: i64 = 15 * 60;

/// What `platformStats` shows when no days are named, under the contract's own key.
const PLATFORM_DAYS: u32 = 30;

/// The figures of one user.
pub fn of(user: Uuid) -> Owner {
    Owner { bucket: BUCKET, generation: format!("generation:analytics:user:{user}") }
}

/// The figures of all.
pub fn of_all() -> Owner {
    Owner { bucket: BUCKET, generation: "generation:analytics:global".into() }
}

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

/// The moment for which figures on a user's own clock hold: wherever the user is, no day begins within it.
pub fn quarter(now: Timestamp) -> String {
    now.as_second().div_euclid(QUARTER_S).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn keys_and_lifetimes_are_those_of_the_contract() {
        let user = Uuid::from_u128(7);
        assert_eq!(mood_trend(user, 30), Key::new(format!("mood:user:{user}:trend:30d"), Duration::from_secs(900)));
        let today = date(2025, 10, 25);
        assert_eq!(platform(today, 30).name, "analytics:global:daily:2025-10-25");
        assert_eq!(platform(today, 7).name, "analytics:global:daily:2025-10-25:7d");
    }

    #[test]
    fn no_midnight_of_any_time_zone_falls_within_a_quarter() {
        let before: Timestamp = "2025-05-01T18:14:59.999999Z".parse().unwrap();
        // Midnight in Kathmandu.
        let midnight: Timestamp = "2025-05-01T18:15:00Z".parse().unwrap();
        assert_ne!(quarter(before), quarter(midnight));
    }
}
