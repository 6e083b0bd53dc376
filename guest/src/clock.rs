//! The one place where a component takes the time, so that everything else can be given it.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

/// Microseconds since 1970-01-01T00:00:00Z.
pub fn now_us() -> i64 {
    now().as_microsecond()
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The day in UTC, as the contract counts quotas and trends.
pub fn today(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

/// When the day begins in UTC, in microseconds.
pub fn midnight_us(day: Date) -> i64 {
    day.to_zoned(TimeZone::UTC).map_or(i64::MAX, |time| time.timestamp().as_microsecond())
}

/// The day that many days earlier; the first day there is when that is too far.
pub fn days_before(day: Date, days: u32) -> Date {
    day.checked_sub(Span::new().days(days)).unwrap_or(Date::MIN)
}

/// RFC 3339 in UTC with microseconds, as events carry times.
pub fn rfc3339(us: i64) -> String {
    Timestamp::from_microsecond(us).map(|time| format!("{time:.6}")).unwrap_or_default()
}

/// The reverse of [`rfc3339`]; also takes other offsets and precisions.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_back_over_the_turn_of_the_year() {
        assert_eq!(days_before(jiff::civil::date(2025, 1, 1), 29), jiff::civil::date(2024, 12, 3));
    }
}
