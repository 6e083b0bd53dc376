//! What a status other than 200 means for the event: the decision table of
//! <https://platform.claude.com/docs/en/api/errors>.

use super::{OPERATOR_PAUSE_MS, retry_after};
use crate::{
    analysis::{clean, clip},
    decision::AnalysisFailure,
};
use mindflow_events::FailureReason;
use serde::Deserialize;

/// The longest part of the API's message in a log line.
const MESSAGE_CHARS_MAX: usize = 300;

#[derive(Deserialize)]
struct ErrorBody {
    error: ApiError,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    error_code: String,
}

/// `None` for a success, whose body is an answer.
pub fn failure(status: u16, retry_after: Option<&str>, body: &[u8], now_us: i64) -> Option<AnalysisFailure> {
    let error = serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error);
    let why = describe(status, error.as_ref());
    let deferred = |why: String, after_ms: u32| Some(AnalysisFailure::Deferred { why, after_ms });
    let given_up = |reason: FailureReason| Some(AnalysisFailure::Final { reason, why: why.clone() });
    match status {
        200..=299 => None,
        401 | 403 => deferred(format!("ANTHROPIC_API_KEY is not accepted: {why}"), OPERATOR_PAUSE_MS),
        402 => deferred(format!("the account of ANTHROPIC_API_KEY has a billing problem: {why}"), OPERATOR_PAUSE_MS),
        429 if is_spend_limit(error.as_ref(), retry_after) => deferred(why, retry_after::MAX_MS),
        429 | 529 => deferred(why, retry_after::wait_ms(retry_after, now_us)),
        503 if retry_after.is_some() => deferred(why, retry_after::wait_ms(retry_after, now_us)),
        404 => given_up(FailureReason::NotFound),
        413 => given_up(FailureReason::TooLarge),
        408 | 409 | 425 => Some(AnalysisFailure::attempt(why)),
        400..=499 => given_up(FailureReason::InvalidRequest),
        _ => Some(AnalysisFailure::attempt(why)),
    }
}

/// The tier's monthly limit: a 429 without a time, which lasts longer than seconds.
fn is_spend_limit(error: Option<&ApiError>, retry_after: Option<&str>) -> bool {
    let code = error.and_then(|error| error.details.as_ref()).map(|details| details.error_code.as_str());
    retry_after.is_none() && code == Some("enforced_spend_limit_reached")
}

fn describe(status: u16, error: Option<&ApiError>) -> String {
    match error {
        None => format!("the Messages API answered HTTP {status}"),
        Some(error) => {
            let words = clip(&clean(&format!("{}: {}", error.kind, error.message)), MESSAGE_CHARS_MAX);
            format!("the Messages API answered HTTP {status} ({words})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(status: u16, retry_after: Option<&str>) -> Option<AnalysisFailure> {
        let body =
            json!({"type": "error", "error": {"type": "some_error", "message": "Words."}, "request_id": "req_1"})
                .to_string();
        failure(status, retry_after, body.as_bytes(), 0)
    }

    fn deferral(status: u16, retry_after: Option<&str>) -> u32 {
        match of(status, retry_after) {
            Some(AnalysisFailure::Deferred { after_ms, .. }) => after_ms,
            other => panic!("{status}: {other:?}"),
        }
    }

    #[test]
    fn a_success_is_read_on() {
        assert_eq!(of(200, None), None);
    }

    #[test]
    fn a_wrong_key_is_named_and_waits_for_the_operator() {
        for status in [401, 402, 403] {
            let Some(AnalysisFailure::Deferred { why, after_ms }) = of(status, None) else {
                panic!("{status} is no deferral")
            };
            assert!(why.contains("ANTHROPIC_API_KEY") && why.contains("some_error: Words."), "{why}");
            assert_eq!(after_ms, 60_000);
        }
    }

    #[test]
    fn a_busy_api_is_given_the_time_it_asks_for() {
        assert_eq!(deferral(429, Some("7")), 7_000);
        assert_eq!(deferral(529, Some("2")), 2_000);
        assert_eq!(deferral(503, Some("5")), 5_000);
        assert_eq!(deferral(429, None), 30_000);
        assert_eq!(deferral(529, None), 30_000);
    }

    #[test]
    fn a_spent_budget_is_not_asked_for_twice_a_minute() {
        let body = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "m", "details": {"error_code": "enforced_spend_limit_reached"}}});
        let Some(AnalysisFailure::Deferred { after_ms, .. }) = failure(429, None, body.to_string().as_bytes(), 0)
        else {
            panic!("no deferral")
        };
        assert_eq!(after_ms, 600_000);
    }

    #[test]
    fn requests_that_no_retry_mends_are_given_up_with_a_reason() {
        let cases = [
            (400, FailureReason::InvalidRequest),
            (404, FailureReason::NotFound),
            (405, FailureReason::InvalidRequest),
            (413, FailureReason::TooLarge),
            (422, FailureReason::InvalidRequest),
        ];
        for (status, wanted) in cases {
            assert!(
                matches!(of(status, None), Some(AnalysisFailure::Final { reason, .. }) if reason == wanted),
                "{status}"
            );
        }
    }

    #[test]
    fn faults_of_the_api_and_of_what_is_between_count_as_attempts() {
        for status in [302, 408, 409, 500, 502, 503, 504, 520] {
            assert!(matches!(of(status, None), Some(AnalysisFailure::Attempt { .. })), "{status}");
        }
    }

    #[test]
    fn a_body_that_is_no_error_of_the_api_is_left_out_of_the_line() {
        let failure = failure(500, None, b"<html>\x1b[31m", 0);
        assert_eq!(failure, Some(AnalysisFailure::attempt("the Messages API answered HTTP 500")));
    }

    #[test]
    fn the_apis_own_words_are_cleaned_and_bounded() {
        let body = json!({"error": {"type": "t", "message": format!("a\nb{}", "x".repeat(10_000))}}).to_string();
        let Some(AnalysisFailure::Attempt { why }) = failure(500, None, body.as_bytes(), 0) else {
            panic!("no attempt")
        };
        assert!(!why.contains('\n') && why.chars().count() < 400, "{why}");
    }
}
