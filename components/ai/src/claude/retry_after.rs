//! `Retry-After` (RFC 9110 §10.2.3): seconds, or a date.

use std::time::UNIX_EPOCH;

/// When the header is missing or invalid.
const DEFAULT_MS: u32 = 30_000;
/// With less, all waiting entries would call a busy API again at the same time.
const MIN_MS: u32 = 1_000;
/// A longer wait is not a rate limit; an occasional call finds out when it has ended.
pub const MAX_MS: u32 = 600_000;

/// How long to wait, in milliseconds, within bounds.
pub fn wait_ms(header: Option<&str>, now_us: i64) -> u32 {
    header
        .and_then(|value| asked_ms(value.trim(), now_us))
        .map_or(DEFAULT_MS, |ms| u32::try_from(ms.clamp(MIN_MS.into(), MAX_MS.into())).unwrap_or(MAX_MS))
}

fn asked_ms(value: &str, now_us: i64) -> Option<i64> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a very long time, not zero.
        return Some(value.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1_000));
    }
    if let Some(seconds) = value.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds >= 0.0) {
        // Not in the standard, but some proxies send it; the cast saturates.
        return Some((seconds * 1_000.0).ceil() as i64);
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let date_us = i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_micros()).ok()?;
    Some(date_us.saturating_sub(now_us) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-23T06:00:00Z
    const NOW_US: i64 = 1_795_413_600_000_000;

    fn wait(value: &str) -> u32 {
        wait_ms(Some(value), NOW_US)
    }

    #[test]
    fn seconds_are_waited_for() {
        assert_eq!(wait("7"), 7_000);
        assert_eq!(wait(" 120 "), 120_000);
        assert_eq!(wait("2.5"), 2_500);
    }

    #[test]
    fn a_date_is_waited_for() {
        assert_eq!(wait("Mon, 23 Nov 2026 06:00:45 GMT"), 45_000);
    }

    #[test]
    fn a_date_that_has_passed_means_soon() {
        assert_eq!(wait("Mon, 23 Nov 2026 05:00:00 GMT"), MIN_MS);
    }

    #[test]
    fn the_wait_keeps_its_bounds() {
        assert_eq!(wait("0"), MIN_MS);
        assert_eq!(wait("86400"), MAX_MS);
        assert_eq!(wait("99999999999999999999999999"), MAX_MS);
        assert_eq!(wait("Mon, 23 Nov 2037 06:00:00 GMT"), MAX_MS);
    }

    #[test]
    fn without_a_sensible_header_half_a_minute_is_waited() {
        assert_eq!(wait_ms(None, NOW_US), DEFAULT_MS);
        for value in ["", "soon", "-5", "NaN", "inf", "1 minute"] {
            assert_eq!(wait(value), DEFAULT_MS, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_leaves_the_bounds(value in any::<String>(), now in any::<i64>()) {
            prop_assert!((MIN_MS..=MAX_MS).contains(&wait_ms(Some(&value), now)));
        }
    }
}
