//! The one place where components read the clock, so that tests can set the time everywhere else.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use mindflow_events::Time;

/// Every time zone's midnight falls on a quarter of an hour in UTC.
const QUARTER_S: i64 = 15 * 60;

/// Microseconds since 1970-01-01T00:00:00Z.
pub fn now_us() -> i64 {
    now().as_microsecond()
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The day in UTC: the contract counts quotas and trends in UTC.
pub fn today(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// The start of the day in UTC, in microseconds.
pub fn midnight_us(day: Date) -> i64 {
    day.to_zoned(TimeZone::UTC).map_or(i64::MAX, |time| time.timestamp().as_microsecond())
}

/// The day that many days earlier; the first possible day when that is too far.
pub fn days_before(day: Date, days: u32) -> Date {
    day.checked_sub(Span::new().days(days)).unwrap_or(Date::MIN)
}

/// The quarter of an hour: a moment for what is shown on a user's own clock. Wherever the user is, no day begins within it.
pub fn quarter(now: Timestamp) -> i64 {
    now.as_second().div_euclid(QUARTER_S)
}

/// RFC 3339 in UTC with microseconds, as events carry times.
pub fn rfc3339(us: i64) -> String {
    Time(us).to_string()
}

/// Waits.
#[cfg(feature = "timer")]
pub async fn pause(time: std::time::Duration) {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    wasip3::clocks::monotonic_clock::wait_for(nanoseconds).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_back_over_the_turn_of_the_year() {
        assert_eq!(days_before(jiff::civil::date(2025, 1, 1), 29), jiff::civil::date(2024, 12, 3));
    }

    #[test]
    fn no_midnight_of_any_time_zone_falls_within_a_quarter() {
        let before: Timestamp = "2025-05-01T18:14:59.999999Z".parse().unwrap();
        // Midnight in Kathmandu.
        let midnight: Timestamp = "2025-05-01T18:15:00Z".parse().unwrap();
        assert_ne!(quarter(before), quarter(midnight));
    }
}
