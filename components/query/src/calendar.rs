//! Days and months in UTC, in which quotas are counted.

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
}
