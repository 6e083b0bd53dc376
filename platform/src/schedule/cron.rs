//! Cron expressions, in UTC: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday),
//! with a field for the second before them where that is wanted; `@daily` and its like. As in Vixie's
//! cron, a day fits that fits either of its two fields, when both are restricted.

use std::fmt;
use std::str::FromStr;

use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Longer than any expression in earnest; parsing is not to be a burden.
const LENGTH_MAX: usize = 200;

/// A checked expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    cron: croner::Cron,
}

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    #[error("cron expression `{text}`: {reason}")]
    Syntax { text: String, reason: String },
    #[error("cron expression `{0}` never comes")]
    Never(String),
}

// === impl Cron ===

impl Cron {
    /// The first occurrence after a moment; none: the calendar ends before.
    #[must_use]
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        moment(self.cron.find_next_occurrence(&civil(at), false).ok()?)
    }

    /// The last occurrence at a moment or before; none: there was none.
    #[must_use]
    pub fn last_until(&self, at: Timestamp) -> Option<Timestamp> {
        moment(self.cron.find_previous_occurrence(&civil(at), true).ok()?)
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |reason: String| CronError::Syntax { text: text.chars().take(LENGTH_MAX).collect(), reason };
        if text.len() > LENGTH_MAX {
            return Err(refused(format!("longer than {LENGTH_MAX} bytes")));
        }
        // A year would make it end one day.
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron = parser.parse(text.trim()).map_err(|error| refused(error.to_string()))?;
        let cron = Self { text: text.trim().to_owned(), cron };
        match cron.next_after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(cron),
            None => Err(CronError::Never(cron.text)),
        }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn civil(at: Timestamp) -> DateTime {
    at.to_zoned(TimeZone::UTC).datetime()
}

fn moment(at: DateTime) -> Option<Timestamp> {
    at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(cron: &str, at: &str) -> String {
        cron.parse::<Cron>().unwrap().next_after(at.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn an_expression_means_what_it_means_to_cron() {
        assert_eq!(after("0 3 * * *", "2026-11-30T03:00:00Z"), "2026-12-01T03:00:00Z");
        assert_eq!(after("*/15 * * * *", "2026-12-31T23:50:00.5Z"), "2027-01-01T00:00:00Z");
        assert_eq!(after("30 4 * * 0", "2026-11-23T00:00:00Z"), "2026-11-29T04:30:00Z");
        assert_eq!(after("30 4 * * 7", "2026-11-23T00:00:00Z"), "2026-11-29T04:30:00Z");
        assert_eq!(after("0 0 29 2 *", "2026-11-23T00:00:00Z"), "2028-02-29T00:00:00Z");
        assert_eq!(after("@monthly", "2026-11-23T00:00:00Z"), "2026-12-01T00:00:00Z");
        assert_eq!(after("*/10 * * * * *", "2026-11-23T00:00:01Z"), "2026-11-23T00:00:10Z");
    }

    #[test]
    fn the_last_occurrence_includes_the_moment_itself() {
        let cron: Cron = "0 3 * * *".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(cron.last_until(at("2026-11-23T03:00:00Z")), Some(at("2026-11-23T03:00:00Z")));
        assert_eq!(cron.last_until(at("2026-11-23T02:59:59Z")), Some(at("2026-11-22T03:00:00Z")));
    }

    #[test]
    fn an_expression_that_is_wrong_or_never_comes_is_refused() {
        for text in ["", "* * *", "61 * * * *", "0 3 * * * * 2027", "whenever"] {
            assert!(matches!(text.parse::<Cron>(), Err(CronError::Syntax { .. })), "{text}");
        }
        assert_eq!("0 0 30 2 *".parse::<Cron>().unwrap_err().to_string(), "cron expression `0 0 30 2 *` never comes");
        assert!("*".repeat(201).parse::<Cron>().is_err());
    }
}
