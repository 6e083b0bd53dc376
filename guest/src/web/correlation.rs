//! The id that follows a request into every event, log line, error and answer.

use super::header;
use http::HeaderMap;

pub const HEADER: &str = "x-correlation-id";
const CHARS_MAX: usize = 128;

/// The client's own when it is valid, else the trace id of a valid `traceparent`, else what `new` makes.
pub fn of(headers: &HeaderMap, new: impl FnOnce() -> String) -> String {
    if let Some(own) = header(headers, HEADER)
        && is_valid(own)
    {
        return own.to_owned();
    }
    traceparent(headers).and_then(trace_id).map_or_else(new, str::to_owned)
}

/// The W3C trace context, when the client sent a valid one.
pub fn traceparent(headers: &HeaderMap) -> Option<&str> {
    header(headers, "traceparent").filter(|value| trace_id(value).is_some())
}

fn is_valid(id: &str) -> bool {
    (1..=CHARS_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, lower case, ids not all zero (W3C Trace Context §3.2).
fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let not_zero = |text: &str| text.bytes().any(|byte| byte != b'0');
    // Version 00 has exactly four parts; a later one may have more; ff is forbidden.
    let whole = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    (whole && hex(trace, 32) && not_zero(trace) && hex(parent, 16) && not_zero(parent) && hex(flags, 2))
        .then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn with(pairs: &[(&'static str, &str)]) -> String {
        let headers =
            pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
        of(&headers, || "new".into())
    }

    #[test]
    fn a_valid_id_of_the_client_is_kept() {
        assert_eq!(with(&[(HEADER, "order-17:a.b_C")]), "order-17:a.b_C");
        assert_eq!(with(&[(HEADER, "mine"), ("traceparent", TRACEPARENT)]), "mine");
    }

    #[test]
    fn an_id_with_other_characters_or_too_long_is_replaced() {
        assert_eq!(with(&[(HEADER, "a b")]), "new");
        assert_eq!(with(&[(HEADER, "<script>")]), "new");
        assert_eq!(with(&[(HEADER, &"x".repeat(129))]), "new");
        assert_eq!(with(&[]), "new");
    }

    #[test]
    fn a_trace_id_serves_when_there_is_no_own_one() {
        assert_eq!(with(&[("traceparent", TRACEPARENT)]), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(with(&[("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01")]), "new");
        assert_eq!(with(&[("traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")]), "new");
        assert_eq!(with(&[("traceparent", &format!("{TRACEPARENT}-extra"))]), "new");
    }
}
