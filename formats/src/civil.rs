//! Days and times of a place: what other products write as a moment and a time zone.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone, TimeZoneDatabase},
};
use mindflow_events::{Date, Time};
use std::sync::LazyLock;

/// The day and the time of day that clocks in the zone showed.
pub fn shown(at: Timestamp, zone: &TimeZone) -> (Date, String) {
    let shown = zone.to_datetime(at);
    (Date(shown.date()), clock(shown))
}

/// `HH:MM`.
pub fn clock(shown: DateTime) -> String {
    format!("{:02}:{:02}", shown.hour(), shown.minute())
}

/// UTC for a name that the database of time zones does not have.
pub fn zone(name: Option<&str>) -> TimeZone {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    name.and_then(|name| ZONES.get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// A zone that is so many milliseconds ahead of UTC.
pub fn ahead_by(milliseconds: i64) -> TimeZone {
    let seconds = i32::try_from(milliseconds / 1_000).ok();
    seconds.and_then(|seconds| Offset::from_seconds(seconds).ok()).map_or(TimeZone::UTC, TimeZone::fixed)
}

pub fn time(at: Timestamp) -> Time {
    Time(at.as_microsecond())
}

/// `HH:MM` of what people and products write: `7:05`, `07:05:30`, `7:05 PM`, `7:05pm`.
pub fn time_of_day(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase().replace(['\u{202f}', '\u{a0}'], " ");
    let (digits, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (text.as_str(), None),
    };
    let mut parts = digits.trim().split(':').map(str::parse::<u8>);
    let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
    if parts.any(|second| second.is_err()) {
        return None;
    }
    let hour = match half {
        None => hour,
        Some(_) if hour == 0 || hour > 12 => return None,
        Some(half) => hour % 12 + half,
    };
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_on_clocks_of_twelve_and_of_twenty_four_hours() {
        for (text, shown) in [
            ("7:05", "07:05"),
            ("23:59:59", "23:59"),
            ("12:00 AM", "00:00"),
            ("12:15 pm", "12:15"),
            ("9:05\u{202f}PM", "21:05"),
        ] {
            assert_eq!(time_of_day(text).as_deref(), Some(shown), "{text}");
        }
        for wrong in ["", "24:00", "7", "13:00 pm", "0:10 am", "10:60", "ten past"] {
            assert_eq!(time_of_day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_day_is_that_of_the_place() {
        let at: Timestamp = "2024-05-01T23:30:00Z".parse().unwrap();
        assert_eq!(shown(at, &zone(Some("Europe/Berlin"))), ("2024-05-02".parse().unwrap(), "01:30".to_owned()));
        assert_eq!(shown(at, &zone(Some("Mars/Olympus"))), ("2024-05-01".parse().unwrap(), "23:30".to_owned()));
        assert_eq!(shown(at, &ahead_by(3_600_000)).1, "00:30");
    }
}
