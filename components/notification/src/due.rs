//! When a reminder is due: on its weekdays, at its time, by the clock on its user's wall.

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};

/// A time of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

impl TimeOfDay {
    /// `HH:MM`.
    pub fn parse(text: &str) -> Option<Self> {
        let two = |digits: &str, below: i8| {
            let is_two = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|number| is_two && *number < below)
        };
        let (hour, minute) = text.split_once(':')?;
        Some(Self { hour: two(hour, 24)?, minute: two(minute, 60)? })
    }
}

/// The first time after `now`. One that a change of the clocks leaves out is as much later; of one that comes twice, the first.
pub fn next(weekdays: &[civil::Weekday], time: TimeOfDay, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let today = zone.to_datetime(now).date();
    // A week later the same weekday comes, where today's time is over.
    (0..=7).find_map(|days| {
        let day = today.checked_add(days.days()).ok()?;
        let at = day.at(time.hour, time.minute, 0, 0).to_zoned(zone.clone()).ok()?.timestamp();
        (weekdays.contains(&day.weekday()) && at > now).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use civil::Weekday::{Friday, Monday, Sunday};
    use mindflow_guest::clock;

    fn at(weekdays: &[civil::Weekday], time: &str, zone: &str, now: &str) -> String {
        let time = TimeOfDay::parse(time).unwrap();
        next(weekdays, time, &clock::time_zone(zone), now.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_next_time_is_after_now_on_one_of_the_weekdays() {
        // 2026-11-30 is a Monday.
        let days = [Monday, Friday];
        assert_eq!(at(&days, "21:00", "UTC", "2026-11-30T20:59:59Z"), "2026-11-30T21:00:00Z");
        assert_eq!(at(&days, "21:00", "UTC", "2026-11-30T21:00:00Z"), "2026-12-04T21:00:00Z");
        assert_eq!(at(&[Monday], "21:00", "UTC", "2026-11-30T21:00:00Z"), "2026-12-07T21:00:00Z");
    }

    #[test]
    fn the_day_and_the_clock_are_those_of_the_zone() {
        // Monday in Kiritimati (UTC+14) begins on Sunday at 10:00 in UTC.
        assert_eq!(at(&[Monday], "08:00", "Pacific/Kiritimati", "2026-11-29T12:00:00Z"), "2026-11-29T18:00:00Z");
        assert_eq!(at(&[Friday], "07:30", "Europe/Berlin", "2026-11-30T00:00:00Z"), "2026-12-04T06:30:00Z");
    }

    #[test]
    fn a_time_that_the_clocks_leave_out_is_later_and_one_that_comes_twice_is_once() {
        // 2026-03-29 in Berlin: 02:00 becomes 03:00. 2026-10-25: 03:00 becomes 02:00.
        assert_eq!(at(&[Sunday], "02:30", "Europe/Berlin", "2026-03-28T12:00:00Z"), "2026-03-29T01:30:00Z");
        assert_eq!(at(&[Sunday], "02:30", "Europe/Berlin", "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(at(&[Sunday], "02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"), "2026-11-01T01:30:00Z");
    }

    #[test]
    fn only_a_time_of_the_day_is_one() {
        assert_eq!(TimeOfDay::parse("07:05"), Some(TimeOfDay { hour: 7, minute: 5 }));
        for text in ["24:00", "07:60", "7:05", "07:5", "+7:05", "0705", "", "07:05:00"] {
            assert_eq!(TimeOfDay::parse(text), None, "{text}");
        }
    }
}
