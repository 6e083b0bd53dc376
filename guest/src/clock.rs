//! The one place where a component takes the time, so that everything else can be given it.

use jiff::Timestamp;

/// Microseconds since 1970-01-01T00:00:00Z.
pub fn now_us() -> i64 {
    now().as_microsecond()
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// RFC 3339 in UTC with microseconds, as events carry times.
pub fn rfc3339(us: i64) -> String {
    Timestamp::from_microsecond(us).map(|time| format!("{time:.6}")).unwrap_or_default()
}

/// The reverse of [`rfc3339`]; also takes other offsets and precisions.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}
