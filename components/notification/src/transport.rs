//! One POST to an address that a user entered, with bounds on its time and on what comes back. The host refuses
//! what is not public; redirects are not followed: they would lead where nobody looked.

use bytes::Bytes;
use futures::future::{Either, select};
use http::{HeaderMap, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use mindflow_guest::clock;
use std::{pin::pin, time::Duration};
use wasip3::{
    clocks::monotonic_clock,
    http::{
        client,
        types::{ErrorCode, RequestOptions},
    },
    http_compat::{RequestOptionsExtension, http_from_wasi_response, http_into_wasi_request},
};

/// A receiver takes a delivery and works later. Ten seconds are what others grant as well.
pub const TIMEOUT_NS: u64 = 10_000_000_000;
/// What a receiver says is not read further; only its status counts.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The longest that a receiver can put a delivery off at once.
const RETRY_AFTER_MAX_S: u64 = 3_600;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// 404 or 410, as the channel reads them.
    Gone(u16),
    /// 429 or 503 with a time, in milliseconds.
    Later(u32, String),
    Failed(String),
    /// Never: not a public address, or nothing that can be sent.
    Prohibited(String),
}

pub async fn post(uri: &Uri, headers: HeaderMap, body: Vec<u8>) -> Outcome {
    let exchange = pin!(exchange(uri, headers, body));
    let alarm = pin!(monotonic_clock::wait_for(TIMEOUT_NS));
    match select(exchange, alarm).await {
        Either::Left((Ok((status, retry_after)), _)) => judge(status, retry_after.as_deref(), clock::now().as_second()),
        Either::Left((Err(outcome), _)) => outcome,
        Either::Right(_) => Outcome::Failed("the receiver did not answer within 10 s".into()),
    }
}

async fn exchange(uri: &Uri, headers: HeaderMap, body: Vec<u8>) -> Result<(u16, Option<String>), Outcome> {
    // The host ends what takes too long as well, should this side not be woken.
    let options = RequestOptions::new();
    let _ = options.set_first_byte_timeout(Some(TIMEOUT_NS));
    let mut request = Request::post(uri)
        .header(header::CONTENT_LENGTH, body.len())
        .header(header::USER_AGENT, "MindFlow")
        .extension(RequestOptionsExtension(options))
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Outcome::Prohibited(error.to_string()))?;
    request.headers_mut().extend(headers);
    let response = client::send(http_into_wasi_request(request).map_err(failed)?).await.map_err(failed)?;
    let response = http_from_wasi_response(response).map_err(failed)?;
    let status = response.status().as_u16();
    let retry_after =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // Read to its end, so that the connection can be used again.
    let _ = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    Ok((status, retry_after))
}

fn failed(code: ErrorCode) -> Outcome {
    match code {
        ErrorCode::DestinationIpProhibited | ErrorCode::HttpRequestDenied => {
            Outcome::Prohibited("the address is not a public https address".into())
        }
        other => Outcome::Failed(format!("the receiver cannot be reached: {other:?}")),
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
