//! One POST to an address that a user entered, with bounds on its time and on the answer. The host refuses addresses
//! that are not public, and writes what it sends into the user's ledger before. Redirects are not followed: their target would be
//! unchecked.

use http::{HeaderMap, HeaderValue, Uri, header};
use mindflow_guest::{
    clock,
    disclosed::{self, Error, Post},
    disclosure::Subject,
};
use std::time::Duration;

/// What a receiver says is not read further; only its status counts.
const ANSWER_BYTES_MAX: u32 = 16 * 1024;
/// The longest time for which one answer can defer a delivery.
const RETRY_AFTER_MAX_S: u64 = 3_600;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// 404 or 410, as the channel reads them.
    Gone(u16),
    /// 429 or 503 with a time, in milliseconds.
    Later(u32, String),
    /// It answered, and did not take it.
    Failed(String),
    /// No answer: not in time, or the receiver cannot be reached.
    Silent(String),
    /// Not sent: as many requests to the same host are under way as may be.
    Busy,
    /// Not sent: the ledger cannot be written now.
    Unrecorded(String),
    /// Never: not a public address, or nothing that can be sent.
    Prohibited(String),
}

/// The whole exchange takes at most `timeout_ms`.
pub async fn post(subject: Subject, uri: &Uri, mut headers: HeaderMap, body: Vec<u8>, timeout_ms: u64) -> Outcome {
    headers.insert(header::USER_AGENT, HeaderValue::from_static("MindFlow"));
    let within_ms = u32::try_from(timeout_ms).unwrap_or(u32::MAX);
    let post = Post { uri, headers, body, model: None, timeout_ms: within_ms, answer_bytes_max: ANSWER_BYTES_MAX };
    match disclosed::post(subject, post).await {
        Ok(reply) => judge(reply.status, reply.retry_after.as_deref(), clock::now().as_second()),
        Err(error) => failed(error, timeout_ms),
    }
}

fn failed(error: Error, timeout_ms: u64) -> Outcome {
    match error {
        Error::Prohibited(_) => Outcome::Prohibited("the address is not a public https address".into()),
        Error::Invalid(reason) => Outcome::Prohibited(reason),
        Error::Unrecorded(reason) => Outcome::Unrecorded(reason),
        Error::Busy => Outcome::Busy,
        Error::Timeout => Outcome::Silent(format!("the receiver did not answer within {timeout_ms} ms")),
        Error::Unreachable(reason) => Outcome::Silent(format!("the receiver cannot be reached: {reason}")),
        Error::TooLarge => Outcome::Failed("the receiver's answer is too long".into()),
    }
}

fn judge(status: u16, retry_after: Option<&str>, now_s: i64) -> Outcome {
    let said = format!("the receiver answered {status}");
    match status {
        200..=299 => Outcome::Delivered,
        300..=399 => Outcome::Failed(format!("{said}; redirects are not followed")),
        404 | 410 => Outcome::Gone(status),
        429 | 503 => match retry_after.and_then(|text| retry_after_ms(text, now_s)) {
            Some(ms) => Outcome::Later(ms, said),
            None => Outcome::Failed(said),
        },
        _ => Outcome::Failed(said),
    }
}

/// Seconds, or a date (RFC 9110 §10.2.3); at least one second, at most an hour.
fn retry_after_ms(text: &str, now_s: i64) -> Option<u32> {
    let text = text.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let at = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            at.saturating_sub(Duration::from_secs(u64::try_from(now_s).ok()?)).as_secs()
        }
    };
    u32::try_from(seconds.clamp(1, RETRY_AFTER_MAX_S) * 1_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_is_not_reached_is_silent_and_one_whose_host_is_busy_was_not_asked() {
        let within = |error| failed(error, 10_000);
        assert_eq!(within(Error::Timeout), Outcome::Silent("the receiver did not answer within 10000 ms".into()));
        assert!(matches!(within(Error::Unreachable("refused".into())), Outcome::Silent(_)));
        assert_eq!(within(Error::Busy), Outcome::Busy);
        assert!(matches!(within(Error::Prohibited("private".into())), Outcome::Prohibited(_)));
        assert!(matches!(within(Error::Unrecorded("away".into())), Outcome::Unrecorded(_)));
    }

    #[test]
    fn only_a_2xx_is_delivered_and_a_redirect_is_a_failure() {
        assert_eq!(judge(204, None, 0), Outcome::Delivered);
        for status in [301, 302, 307, 308] {
            assert!(matches!(judge(status, None, 0), Outcome::Failed(reason) if reason.contains("not followed")));
        }
        assert_eq!(judge(410, None, 0), Outcome::Gone(410));
        for status in [400, 401, 500, 502] {
            assert!(matches!(judge(status, None, 0), Outcome::Failed(_)), "{status}");
        }
    }

    #[test]
    fn a_receiver_may_put_a_delivery_off_within_bounds() {
        let ms = |text| match judge(429, Some(text), 1_445_412_470) {
            Outcome::Later(ms, _) => Some(ms),
            _ => None,
        };
        assert_eq!(ms("7"), Some(7_000));
        assert_eq!(ms("0"), Some(1_000));
        assert_eq!(ms("999999999"), Some(3_600_000));
        assert_eq!(ms("Wed, 21 Oct 2015 07:28:00 GMT"), Some(10_000));
        assert_eq!(ms("soon"), None);
        assert!(matches!(judge(503, None, 0), Outcome::Failed(_)));
    }
}
