//! Quiet hours: when they are, and when they end.

use jiff::{Timestamp, ToSpan};
use mindflow_guest::clock;

/// Full hours of the user's day; through midnight when the start is later than the end. The same hour twice is no quiet
/// time, since a quiet day would never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    pub start: u8,
    pub end: u8,
}

/// How long it is quiet from `now` on, in milliseconds; `None` when it is not quiet.
pub fn quiet_for_ms(hours: Option<QuietHours>, timezone: &str, now: Timestamp) -> Option<u32> {
    let hours = hours?;
    let local = now.to_zoned(clock::time_zone(timezone));
    let hour = u8::try_from(local.hour()).ok()?;
    let quiet = if hours.start <= hours.end {
        (hours.start..hours.end).contains(&hour)
    } else {
        hour >= hours.start || hour < hours.end
    };
    if !quiet {
        return None;
    }
    let end_hour = i8::try_from(hours.end).ok()?;
    let day = if hour < hours.end { local.date() } else { local.date().checked_add(1.day()).ok()? };
    // An hour that a change of the clocks leaves out ends when the next one begins.
    let end = day.at(end_hour, 0, 0, 0).to_zoned(local.time_zone().clone()).ok()?;
    u32::try_from(end.timestamp().as_millisecond().saturating_sub(now.as_millisecond())).ok().filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(start: u8, end: u8, timezone: &str, now: &str) -> Option<u32> {
        quiet_for_ms(Some(QuietHours { start, end }), timezone, now.parse().unwrap()).map(|ms| ms / 60_000)
    }

    #[test]
    fn quiet_hours_are_those_of_the_users_own_day() {
        // 22:30 in Berlin in winter.
        assert_eq!(minutes(22, 7, "Europe/Berlin", "2026-01-15T21:30:00Z"), Some(510));
        assert_eq!(minutes(22, 7, "UTC", "2026-01-15T21:30:00Z"), None);
        // 06:59 and 07:00.
        assert_eq!(minutes(22, 7, "Europe/Berlin", "2026-01-15T05:59:00Z"), Some(1));
        assert_eq!(minutes(22, 7, "Europe/Berlin", "2026-01-15T06:00:00Z"), None);
        assert_eq!(minutes(9, 17, "America/New_York", "2026-07-01T13:00:00Z"), Some(480));
        assert_eq!(minutes(9, 17, "America/New_York", "2026-07-01T21:00:00Z"), None);
    }

    #[test]
    fn the_same_hour_twice_and_none_at_all_are_never_quiet() {
        assert_eq!(minutes(8, 8, "UTC", "2026-01-15T08:30:00Z"), None);
        assert_eq!(quiet_for_ms(None, "UTC", Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn a_night_in_which_the_clocks_change_is_as_long_as_it_is() {
        // 2026-03-29 in Berlin: 02:00 becomes 03:00. From 01:30 CET to 07:00 CEST there are 4 h 30 min.
        assert_eq!(minutes(22, 7, "Europe/Berlin", "2026-03-29T00:30:00Z"), Some(270));
        // An end within the hour that is not there.
        assert_eq!(minutes(22, 2, "Europe/Berlin", "2026-03-29T00:30:00Z"), Some(30));
    }

    #[test]
    fn a_zone_that_is_none_is_utc() {
        assert_eq!(minutes(22, 7, "Mars/Olympus", "2026-01-15T22:30:00Z"), Some(510));
    }
}
