//! The monthly quota of users without premium: the month, the limit, and the error at its end. The database makes it
//! exact under concurrent requests.

use jiff::{Timestamp, civil::Date, tz::Offset};
use mindflow_guest::call::Error;

/// New entries a calendar month, unless the variable `free_entries_per_month` says otherwise (contract, section 3).
pub const FREE_ENTRIES_PER_MONTH: u32 = 5;

/// A calendar month in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    first: Date,
}

impl Month {
    /// The month of a time in microseconds.
    pub fn of(now_us: i64) -> Self {
        let time = Timestamp::from_microsecond(now_us).unwrap_or_default();
        Self { first: Offset::UTC.to_datetime(time).date().first_of_month() }
    }

    /// The day that stands for the month in the database.
    pub fn first(self) -> Date {
        self.first
    }

    /// The day at whose start (UTC) the quota is whole again.
    fn resets_on(self) -> Date {
        self.first.last_of_month().tomorrow().unwrap_or(Date::MAX)
    }
}

/// How many entries the user may create a month; `None` for no limit.
pub fn limit(premium: bool, free_entries_per_month: u32) -> Option<u32> {
    (!premium).then_some(free_entries_per_month)
}

/// The error for a user who has used the quota up.
pub fn exceeded(limit: Option<u32>, month: Month) -> Error {
    let limit = limit.unwrap_or_default();
    let entries = if limit == 1 { "entry" } else { "entries" };
    Error::QuotaExceeded(format!(
        "You can create {limit} new {entries} a month without premium, and have used them all for {}; the count starts again on {} at 00:00 UTC.",
        month.first.strftime("%B %Y"),
        month.resets_on(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn month(time: &str) -> Month {
        Month::of(time.parse::<Timestamp>().unwrap().as_microsecond())
    }

    #[test]
    fn a_month_begins_and_ends_at_midnight_utc() {
        assert_eq!(month("2026-10-31T23:59:59.999999Z").first().to_string(), "2026-10-01");
        assert_eq!(month("2026-11-01T00:00:00Z").first().to_string(), "2026-11-01");
        assert_eq!(month("2026-11-01T00:30:00+01:00").first().to_string(), "2026-10-01");
    }

    #[test]
    fn the_quota_of_december_resets_in_the_next_year() {
        assert_eq!(month("2026-12-31T12:00:00Z").resets_on().to_string(), "2027-01-01");
        assert_eq!(month("2028-02-29T12:00:00Z").resets_on().to_string(), "2028-03-01");
    }

    #[test]
    fn only_premium_has_no_limit() {
        assert_eq!(limit(true, 5), None);
        assert_eq!(limit(false, 5), Some(5));
    }

    #[test]
    fn the_refusal_names_the_limit_and_the_day_of_the_reset() {
        assert_eq!(
            exceeded(Some(5), month("2026-11-23T05:30:00Z")),
            Error::QuotaExceeded(
                "You can create 5 new entries a month without premium, and have used them all for November 2026; the count starts again on 2026-12-01 at 00:00 UTC.".into()
            )
        );
    }

    proptest! {
        #[test]
        fn every_time_lies_between_the_first_of_its_month_and_the_reset(now_us in 0..4_102_444_800_000_000_i64) {
            let month = Month::of(now_us);
            let today = Offset::UTC.to_datetime(Timestamp::from_microsecond(now_us).unwrap()).date();
            prop_assert_eq!(month.first().day(), 1);
            prop_assert!(month.first() <= today && today < month.resets_on());
            prop_assert_eq!(month.resets_on().day(), 1);
        }
    }
}
