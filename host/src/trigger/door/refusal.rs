//! Each refusal of the host and each failure of a call as the one problem that its client is answered with: what the
//! client's own doing was, and what was not.

use super::{budget::Exhausted, request_body::BodyFailure};
use crate::{
    engine::{CallFailure, REFUSED, TOO_COSTLY},
    observe::problem::Problem,
};
use http::StatusCode;

/// When a client that has its part may try again, in seconds: an unread answer is ended by then.
const PART_RETRY_S: u64 = 30;

pub(in crate::trigger) fn too_large(body_max: u64) -> Problem {
    let detail = format!("The request body is larger than {body_max} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", detail)
}

pub(in crate::trigger) fn late() -> Problem {
    let detail = "The request body did not arrive in time; send it without pauses.";
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request-timeout", detail)
}

/// `what`: such as "streams".
pub(in crate::trigger) fn exhausted(exhausted: Exhausted, what: &str) -> Problem {
    match exhausted {
        Exhausted::Part => too_many(
            format!("Your address has all the {what} that one address may have; end one, or try again later."),
            PART_RETRY_S,
        ),
        Exhausted::Total => {
            Problem::unavailable(format!("All {what} of this server are taken; try again shortly."), PART_RETRY_S)
        }
    }
}

pub(in crate::trigger) fn too_many(detail: impl Into<String>, retry_after_s: u64) -> Problem {
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail);
    Problem { retry_after_s: Some(retry_after_s), ..problem }
}

pub(in crate::trigger) fn of_body(failure: &BodyFailure, body_max: u64) -> Problem {
    match failure {
        BodyFailure::Late => late(),
        BodyFailure::TooLarge => too_large(body_max),
        BodyFailure::Exhausted(which) => exhausted(*which, "places for unfinished request bodies"),
        BodyFailure::Broken => {
            Problem::new(StatusCode::BAD_REQUEST, "bad-request", "The request body broke off, or is malformed.")
        }
    }
}

pub(in crate::trigger) fn of_call(failure: &CallFailure) -> Problem {
    match failure {
        CallFailure::SlowClient { .. } => late(),
        CallFailure::TooCostly { .. } => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-costly", TOO_COSTLY),
        CallFailure::ClientRefused { wait, .. } => too_many(REFUSED, wait.as_secs().max(1)),
        CallFailure::CircuitOpen { wait, .. } => unavailable(wait.as_secs().max(1)),
        CallFailure::Trapped { .. }
        | CallFailure::Deadline { .. }
        | CallFailure::Overloaded { .. }
        | CallFailure::NoFunction { .. } => unavailable(1),
    }
}

pub(in crate::trigger) fn unavailable(retry_after_s: u64) -> Problem {
    Problem::unavailable("The service cannot answer now; try again shortly.", retry_after_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Cost;
    use std::time::Duration;

    #[test]
    fn each_cause_has_an_answer_of_its_own() {
        let component = || std::sync::Arc::from("c");
        let (cost, reason, wait) = (Cost::Memory, String::new(), Duration::from_secs(12));
        let answers = [
            (CallFailure::SlowClient { component: component() }, 408, None),
            (CallFailure::TooCostly { component: component(), cost, reason: reason.clone() }, 413, None),
            (CallFailure::ClientRefused { component: component(), wait }, 429, Some(12)),
            (CallFailure::CircuitOpen { component: component(), wait }, 503, Some(12)),
            (CallFailure::Overloaded { component: component(), calls_max: 1 }, 503, Some(1)),
            (CallFailure::Trapped { component: component(), reason }, 503, Some(1)),
        ];
        for (failure, status, retry_after_s) in answers {
            let problem = of_call(&failure);
            assert_eq!((problem.status.as_u16(), problem.retry_after_s), (status, retry_after_s), "{failure}");
        }
        assert_eq!(exhausted(Exhausted::Part, "streams").status, 429);
        assert_eq!(exhausted(Exhausted::Total, "streams").status, 503);
    }
}
