//! Times and days: one spelling in events, answers and requests.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr};

/// Microseconds since 1970-01-01T00:00:00Z. Spelled in RFC 3339, in UTC with six digits; reads other offsets and
/// precisions too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// A calendar day. Spelled `YYYY-MM-DD`, from year 1 on, and read in no other form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub jiff::civil::Date);

/// The text is not spelled as the type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misspelled(&'static str);

// === impl Time ===

impl Time {
    /// As a client sends it: in RFC 3339 and nothing else, so of the years 0 to 9999, which databases have. The library's parser takes
    /// more forms of ISO 8601, further years, and names of time zones.
    ///
    /// # Errors
    /// It is none.
    pub fn of_client(text: &str) -> Result<Self, Misspelled> {
        if is_rfc_3339(text) { text.parse() } else { Err(Misspelled("not a time in RFC 3339")) }
    }
}

impl fmt::Display for Time {
    /// Empty outside of the years -9999 to 9999.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => write!(out, "{time:.6}"),
            Err(_) => Ok(()),
        }
    }
}

impl FromStr for Time {
    type Err = Misspelled;

    /// Whatever an event of an earlier release may have.
    fn from_str(text: &str) -> Result<Self, Misspelled> {
        let time: jiff::Timestamp = text.parse().map_err(|_| Misspelled("not a time in RFC 3339"))?;
        Ok(Self(time.as_microsecond()))
    }
}

/// By its form (RFC 3339, 5.6); whether there is such a time is left to the parser.
fn is_rfc_3339(text: &str) -> bool {
    let is = |part: &str, form: &str| {
        let shape = part.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte.to_ascii_uppercase() });
        shape.eq(form.bytes())
    };
    let Some((moment, rest)) = text.split_at_checked("0000-00-00T00:00:00".len()) else { return false };
    let offset = match rest.strip_prefix('.') {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => {
            digits.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        Some(_) => return false,
        None => rest,
    };
    ["0000-00-00T00:00:00", "0000-00-00 00:00:00"].into_iter().any(|form| is(moment, form))
        && ["Z", "+00:00", "-00:00"].into_iter().any(|form| is(offset, form))
}

// === impl Date ===

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for Date {
    type Err = Misspelled;

    /// The library's parser takes more forms of ISO 8601.
    fn from_str(text: &str) -> Result<Self, Misspelled> {
        let digits = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
        let day: Option<jiff::civil::Date> = digits.eq(*b"0000-00-00").then(|| text.parse().ok()).flatten();
        day.filter(|day| day.year() >= 1).map(Self).ok_or(Misspelled("not a day as YYYY-MM-DD"))
    }
}

macro_rules! as_text {
    ($($of:ty),*) => {
        $(impl Serialize for $of {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $of {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        })*
    };
}

as_text!(Time, Date);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_spelled_in_utc_with_microseconds_and_read_in_any_offset() {
        assert_eq!(Time(1_000_000).to_string(), "1970-01-01T00:00:01.000000Z");
        assert_eq!("1970-01-01T01:00:01+01:00".parse(), Ok(Time(1_000_000)));
        assert!("yesterday".parse::<Time>().is_err());
        assert_eq!(
            "-000500-01-01T00:00:00.000000Z".parse::<Time>().unwrap().to_string(),
            "-000500-01-01T00:00:00.000000Z"
        );
        assert_eq!(Time(i64::MAX).to_string(), "");
    }

    #[test]
    fn a_client_sends_times_in_rfc_3339_alone() {
        assert_eq!(Time::of_client("1970-01-01t00:00:01.5z"), Ok(Time(1_500_000)));
        assert_eq!(Time::of_client("1969-12-31 23:59:59.000001-00:30"), Ok(Time(1_799_000_001)));
        for wrong in [
            "",
            "yesterday",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00Z",
            "20260101T000000Z",
            "2026-01-01T00:00:00+01",
            "2026-01-01T00:00:00+01:00[Europe/Berlin]",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00,5Z",
            "-009998-01-01T00:00:00Z",
            "+012026-01-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            " 2026-01-01T00:00:00Z",
            "２026-01-01T00:00:00Z",
        ] {
            assert!(Time::of_client(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_written_out_form_is_a_day() {
        for day in ["2024-02-29", "0001-01-01", "1999-12-31"] {
            assert_eq!(day.parse::<Date>().unwrap().to_string(), day);
        }
        for wrong in [
            "2023-02-29",
            "20240229",
            "2024-2-29",
            "2024-02-29T00:00:00",
            "0000-01-01",
            "-0001-01-01",
            "2024-13-01",
            " 2026-11-23",
            "",
            "２０24-01-1",
            "٢٠٢٦-١١-٢٣",
        ] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }
}
