//! The correlation id of a request: the client's own when it sent a valid one, the trace id of its
//! `traceparent`, or a new one.

use http::{HeaderMap, HeaderName, HeaderValue};

pub const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Enough for a UUID with a prefix; it is in every log line.
const ID_CHARS_MAX: usize = 128;

/// The id of this request, as a header value.
pub fn of(headers: &HeaderMap) -> HeaderValue {
    headers.get(&HEADER).filter(|value| is_valid(value)).cloned().or_else(|| trace_id(headers)).unwrap_or_else(new)
}

fn is_valid(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    (1..=ID_CHARS_MAX).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(byte))
}

/// The trace id of a W3C `traceparent` (version 00): 32 lower-case hexadecimal digits, not all zero.
fn trace_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let hexadecimal =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let valid = hexadecimal(version, 2)
        && version != "ff"
        && hexadecimal(trace, 32)
        && hexadecimal(span, 16)
        && trace.bytes().any(|byte| byte != b'0');
    if valid { HeaderValue::from_str(trace).ok() } else { None }
}

fn new() -> HeaderValue {
    HeaderValue::from_str(&mindflow_backends::ids::random().to_string()).unwrap_or(HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &'static str, value: &str) -> String {
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())]);
        of(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_valid_id_of_the_client_is_kept() {
        assert_eq!(id("x-correlation-id", "checkout:42"), "checkout:42");
    }

    #[test]
    fn an_invalid_id_is_replaced() {
        for wrong in ["", "two words", "a\"b", &"x".repeat(129)] {
            assert_eq!(id("x-correlation-id", wrong).len(), 36, "{wrong}");
        }
    }

    #[test]
    fn a_traceparent_gives_its_trace_id() {
        assert_eq!(
            id("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!(id("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01").len(), 36);
    }
}
