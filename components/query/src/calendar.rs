//! Days and months in UTC, as the contract counts quotas and trends.

use jiff::{Timestamp, civil::Date};
use mindflow_guest::clock::midnight_us;

pub use mindflow_guest::clock::today;

/// A calendar month in UTC, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    pub start_us: i64,
    /// The start of the month after it.
    pub end_us: i64,
}

pub fn month(now: Timestamp) -> Month {
    let today = today(now);
    let next = today.last_of_month().tomorrow().unwrap_or(Date::MAX);
    Month { start_us: midnight_us(today.first_of_month()), end_us: midnight_us(next) }
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
}
