//! The one place where components read the clock, so that tests can set the time everywhere else.

#[cfg(feature = "time-zones")]
use jiff::tz::TimeZoneDatabase;
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

/// The zone of that IANA name, by the database that is built in and by no other, so that all components compute alike. A
/// name that this version does not know is UTC.
#[cfg(feature = "time-zones")]
pub fn time_zone(name: &str) -> TimeZone {
    use std::sync::LazyLock;
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    ZONES.get(name).unwrap_or(TimeZone::UTC)
}

/// The day in UTC, in which quotas and the platform's figures are counted. A user's day is that of the user's time zone.
pub fn today(now: Timestamp) -> Date {
    today_in(&TimeZone::UTC, now)
}

pub fn today_in(zone: &TimeZone, now: Timestamp) -> Date {
    zone.to_datetime(now).date()
}

/// The day of a time in microseconds.
pub fn day_of(zone: &TimeZone, us: i64) -> Date {
    today_in(zone, Timestamp::from_microsecond(us).unwrap_or_default())
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
    #[cfg(feature = "time-zones")]
    fn a_day_is_that_of_the_zone_and_a_zone_that_is_not_known_is_utc() {
        let now: Timestamp = "2026-11-29T10:30:00Z".parse().unwrap();
        let day = |name: &str| today_in(&time_zone(name), now).to_string();
        assert_eq!((day("Pacific/Kiritimati"), day("Pacific/Pago_Pago")), ("2026-11-30".into(), "2026-11-28".into()));
        assert_eq!((day("UTC"), day("Mars/Olympus")), ("2026-11-29".into(), "2026-11-29".into()));
        assert_eq!(day_of(&time_zone("Asia/Calcutta"), now.as_microsecond()).to_string(), "2026-11-29");
    }

    #[test]
    #[cfg(feature = "time-zones")]
    fn the_zones_are_those_of_the_database_inside() {
        let offset = |name: &str, at: &str| time_zone(name).to_offset(at.parse().unwrap()).seconds();
        // Systems of 2025 do not know yet that British Columbia keeps its summer time from 2026 on.
        assert_eq!(offset("America/Vancouver", "2026-12-15T12:00:00Z"), -7 * 3600);
        assert_eq!(offset("Asia/Kathmandu", "2026-12-15T12:00:00Z"), 5 * 3600 + 45 * 60);
    }

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
