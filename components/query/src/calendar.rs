//! Days and months in UTC, as the contract counts quotas and trends.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A calendar month in UTC, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    pub start_us: i64,
    /// The start of the month after it.
    pub end_us: i64,
}

pub fn today(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now).date()
}

pub fn month(now: Timestamp) -> Month {
    let today = today(now);
    let next = today.last_of_month().tomorrow().unwrap_or(Date::MAX);
    Month { start_us: midnight_us(today.first_of_month()), end_us: midnight_us(next) }
}

/// When the day begins, in microseconds.
pub fn midnight_us(day: Date) -> i64 {
    day.to_zoned(TimeZone::UTC).map_or(i64::MAX, |time| time.timestamp().as_microsecond())
}

/// The day that many days earlier; the first day there is when that is too far.
pub fn days_before(day: Date, days: u32) -> Date {
    day.checked_sub(jiff::Span::new().days(days)).unwrap_or(Date::MIN)
}

/// Strictly `YYYY-MM-DD`, from year 1 on: what the contract's `Date` is, and what every database takes.
pub fn parse_day(text: &str) -> Option<Date> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let day: Date = shaped.then(|| text.parse().ok()).flatten()?;
    (day.year() >= 1).then_some(day)
}

/// 1124 for the 24th of November.
pub fn month_day(day: Date) -> i32 {
    i32::from(day.month()) * 100 + i32::from(day.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_runs_from_its_first_midnight_to_the_next_months() {
        let month = month(at("2024-12-31T23:59:59.999999Z"));
        assert_eq!(month.start_us, at("2024-12-01T00:00:00Z").as_microsecond());
        assert_eq!(month.end_us, at("2025-01-01T00:00:00Z").as_microsecond());
    }

    #[test]
    fn only_the_written_out_form_is_a_day() {
        assert_eq!(parse_day("2024-02-29"), Some(jiff::civil::date(2024, 2, 29)));
        for wrong in [
            "2023-02-29",
            "20240229",
            "2024-2-29",
            "2024-02-29T00:00:00",
            "0000-01-01",
            "2024-13-01",
            "",
            "２０24-01-1",
        ] {
            assert_eq!(parse_day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_are_counted_back_over_the_turn_of_the_year() {
        assert_eq!(days_before(jiff::civil::date(2025, 1, 1), 29), jiff::civil::date(2024, 12, 3));
    }
}
