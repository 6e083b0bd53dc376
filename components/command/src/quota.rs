//! Quotas of users: entries a month without premium, and tags. The limits, and the errors at their ends. The database makes them
//! exact under concurrent requests.

use jiff::{Timestamp, civil::Date, tz::Offset};
use mindflow_guest::{call::Error, config, failure::quota_exceeded};

/// New entries a calendar month, unless the variable `free_entries_per_month` says otherwise.
pub const FREE_ENTRIES_PER_MONTH: u32 = 5;
/// A user's tags, unless the variable `tags_max` says otherwise: more than anybody finds again in a list.
pub const TAGS_MAX: u64 = 1_000;

/// A user's journals besides the default one: more than anybody keeps, and few enough for one list.
pub const BOOKS_MAX: u64 = 100;
/// A user's templates: as many as fit one list.
pub const TEMPLATES_MAX: u64 = 100;
/// How long it is known what was deleted, for devices that were away, unless the variable `changes_days` says otherwise.
pub const CHANGES_DAYS: u32 = 90;
/// Earlier versions of an entry, unless the variable `versions_max` says otherwise.
pub const VERSIONS_MAX: u64 = 50;
/// How long an entry stays in the trash, unless the variable `trash_days` says otherwise.
pub const TRASH_DAYS: u32 = 30;

/// The setting. At least one.
pub async fn versions_max() -> Result<u64, String> {
    Ok(config::number("versions_max", VERSIONS_MAX).await?.max(1))
}

/// The setting, in microseconds.
pub async fn trash_us() -> Result<i64, String> {
    Ok(days_us(config::number("trash_days", TRASH_DAYS).await?))
}

/// The setting, in microseconds. At least a day.
pub async fn changes_us() -> Result<i64, String> {
    Ok(days_us(config::number("changes_days", CHANGES_DAYS).await?.max(1)))
}

fn days_us(days: u32) -> i64 {
    i64::from(days).saturating_mul(24 * 3_600 * 1_000_000)
}

/// The error for a user who has that many journals.
pub fn no_room_for_books() -> Error {
    let message = format!("You have {BOOKS_MAX} journals besides the first one, and no room for another: delete one.");
    quota_exceeded("journals", BOOKS_MAX, BOOKS_MAX, message)
}

/// The error for a user who has that many templates.
pub fn no_room_for_templates() -> Error {
    let message = format!("You have {TEMPLATES_MAX} templates, and no room for another: change or delete one.");
    quota_exceeded("templates", TEMPLATES_MAX, TEMPLATES_MAX, message)
}

/// The setting.
pub async fn free_entries_per_month() -> Result<u32, String> {
    config::number("free_entries_per_month", FREE_ENTRIES_PER_MONTH).await
}

/// The setting.
pub async fn tags_max() -> Result<u64, String> {
    config::number("tags_max", TAGS_MAX).await
}

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

/// The error for a user who has used the month's quota up.
pub fn exceeded(used: u64, limit: Option<u32>, month: Month) -> Error {
    let limit = limit.unwrap_or_default();
    let entries = if limit == 1 { "entry" } else { "entries" };
    let message = format!(
        "You can create {limit} new {entries} a month without premium, and have used them all for {}; the count starts again on {} at 00:00 UTC.",
        month.first.strftime("%B %Y"),
        month.resets_on(),
    );
    quota_exceeded("entriesPerMonth", used, u64::from(limit), message)
}

/// The error for a user with `used` tags who wants so many more.
pub fn no_room_for_tags(used: u64, more: u64, limit: u64) -> Error {
    let new = if more == 1 { "a new one".to_owned() } else { format!("{more} new ones") };
    let message =
        format!("You have {used} of {limit} tags, and no room for {new}: use those that you have, or rename one.");
    quota_exceeded("tags", used, limit, message)
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
            exceeded(7, Some(5), month("2026-11-23T05:30:00Z")),
            quota_exceeded(
                "entriesPerMonth",
                7,
                5,
                "You can create 5 new entries a month without premium, and have used them all for November 2026; the count starts again on 2026-12-01 at 00:00 UTC."
            )
        );
    }

    #[test]
    fn a_refused_tag_is_reported_with_what_is_used_and_what_helps() {
        let said = |used, more| match no_room_for_tags(used, more, 3) {
            Error::QuotaExceeded(full) => (full.used, full.limit, full.message),
            other => panic!("{other:?}"),
        };
        let one = "You have 3 of 3 tags, and no room for a new one: use those that you have, or rename one.";
        assert_eq!(said(3, 1), (3, 3, one.to_owned()));
        assert!(said(2, 5).2.contains("for 5 new ones"));
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
