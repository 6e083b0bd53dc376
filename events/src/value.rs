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

    fn from_str(text: &str) -> Result<Self, Misspelled> {
        let time: jiff::Timestamp = text.parse().map_err(|_| Misspelled("not a time in RFC 3339"))?;
        Ok(Self(time.as_microsecond()))
    }
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
        assert_eq!(Time(i64::MAX).to_string(), "");
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
