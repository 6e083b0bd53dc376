//! Months, as the archive is divided into them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Positions of one month; see the module `archive`.
const POSITIONS: i64 = 10_000_000_000;

/// A calendar month in UTC, written `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Month {
    /// 1970 to 9000.
    year: i16,
    /// 1 to 12.
    month: i8,
}

/// From one month to another, both included; without a bound, as far as there is anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Months {
    pub from: Option<Month>,
    pub to: Option<Month>,
}

/// A text that is no month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a month is written YYYY-MM, such as 2026-11, not `{0}`")]
pub struct MonthError(String);

// === impl Month ===

impl Month {
    /// The month, if the calendar has it.
    #[must_use]
    pub fn new(year: i16, month: i8) -> Option<Self> {
        ((1970..=9000).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The month of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Option<Self> {
        let date = at.to_zoned(TimeZone::UTC).date();
        Self::new(date.year(), date.month())
    }

    /// The month in which the event at a position was archived.
    #[must_use]
    pub fn of_position(position: i64) -> Option<Self> {
        let number = position / POSITIONS;
        Self::new(i16::try_from(number / 100).ok()?, i8::try_from(number % 100).ok()?)
    }

    /// The first position of the month; each is greater than every one of the month before.
    #[must_use]
    pub fn first_position(self) -> i64 {
        (i64::from(self.year) * 100 + i64::from(self.month)) * POSITIONS
    }

    #[must_use]
    pub fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1 },
            month => Self { year: self.year, month: month + 1 },
        }
    }

    /// Its first day, as Postgres takes a date in text.
    pub(super) fn first_day(self) -> String {
        format!("{self}-01")
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        let parsed = text.split_once('-').filter(|(year, month)| digits(year, 4) && digits(month, 2));
        let parsed = parsed.and_then(|(year, month)| Self::new(year.parse().ok()?, month.parse().ok()?));
        parsed.ok_or_else(|| MonthError(text.to_owned()))
    }
}

impl TryFrom<String> for Month {
    type Error = MonthError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

// === impl Months ===

impl Months {
    #[must_use]
    pub fn contains(&self, month: Month) -> bool {
        self.from.is_none_or(|from| from <= month) && self.to.is_none_or(|to| month <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_the_upper_part_of_its_positions() {
        let november: Month = "2026-11".parse().unwrap();
        assert_eq!(november.first_position(), 2_026_110_000_000_000);
        assert_eq!(Month::of_position(2_026_110_000_000_042), Some(november));
        assert_eq!(november.next().next().to_string(), "2027-01");
        assert!(november.next().next().first_position() > november.next().first_position());
        assert_eq!(Month::of("2026-11-30T23:59:59.999999Z".parse().unwrap()), Some(november));
    }

    #[test]
    fn a_text_that_is_no_month_is_refused_with_the_shape_that_is_expected() {
        for text in ["2026-13", "2026-00", "26-11", "2026-1", "2026", "november", "2026-+1"] {
            let error = text.parse::<Month>().unwrap_err();
            assert_eq!(error.to_string(), format!("a month is written YYYY-MM, such as 2026-11, not `{text}`"));
        }
        assert_eq!(Month::of_position(42), None);
    }

    #[test]
    fn a_range_of_months_includes_both_its_ends() {
        let [a, b, c] = ["2026-10", "2026-11", "2026-12"].map(|text| text.parse().unwrap());
        let months = Months { from: Some(a), to: Some(b) };
        assert_eq!([a, b, c].map(|month| months.contains(month)), [true, true, false]);
        assert!(Months::default().contains(c));
    }
}
