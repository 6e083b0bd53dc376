//! What becomes of an event after an attempt to analyse its entry.
//!
//! The one place that decides between: done, said to be impossible, not now (which counts as no failure),
//! and a failed attempt that follows the retry schedule.

use crate::analysis::Analysis;
use mindflow_guest::events::{Delivery, Failure};

/// Why there will be no analysis, in the words of `AIAnalysisFailed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The model declined to read this entry.
    Refused,
    /// The API does not take the request as it is.
    InvalidRequest,
    /// The API does not know the model (or the address).
    NotFound,
    /// The entry does not fit into a request.
    TooLarge,
    /// Every attempt failed. The only one that is not final: the event waits in the dead letters.
    Unavailable,
}

impl Reason {
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::InvalidRequest => "invalid_request",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Why an attempt brought no analysis. `why` is for the log and the dead letter, never for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setback {
    /// Trying again would bring the same.
    Final { reason: Reason, why: String },
    /// Not before so many milliseconds; nothing is wrong with this entry, so no attempt is counted.
    Deferred { why: String, after_ms: u32 },
    /// May go better next time.
    Attempt { why: String },
}

impl Setback {
    pub fn attempt(why: impl std::fmt::Display) -> Self {
        Self::Attempt { why: why.to_string() }
    }
}

/// What to remember and tell the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Ready(Analysis),
    Failed(Reason),
}

/// What to record, if anything, and how to answer the delivery once that is done.
#[derive(Debug, PartialEq)]
pub struct Conclusion {
    pub record: Option<Outcome>,
    pub answer: Result<(), Failure>,
}

/// The last attempt tells the reader that there is nothing to wait for, and still fails: the event lies in
/// the dead letters, where an operator can have it tried again; an analysis that comes then wins.
pub fn conclude(result: Result<Analysis, Setback>, delivery: &Delivery) -> Conclusion {
    match result {
        Ok(analysis) => Conclusion { record: Some(Outcome::Ready(analysis)), answer: Ok(()) },
        Err(Setback::Final { reason, .. }) => Conclusion { record: Some(Outcome::Failed(reason)), answer: Ok(()) },
        Err(Setback::Deferred { why, after_ms }) => {
            Conclusion { record: None, answer: Err(Failure::Retry((why, Some(after_ms)))) }
        }
        Err(Setback::Attempt { why }) => {
            let last = delivery.attempt >= delivery.attempts_max;
            Conclusion {
                record: last.then_some(Outcome::Failed(Reason::Unavailable)),
                answer: Err(Failure::Retry((why, None))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(attempt: u32) -> Delivery {
        Delivery { subscription: "ai".into(), attempt, attempts_max: 5 }
    }

    #[test]
    fn an_analysis_is_recorded_and_the_event_acknowledged() {
        let analysis = Analysis { sentiment: Some(0.0), themes: vec![], insights: vec![], model: "m".into() };
        let conclusion = conclude(Ok(analysis.clone()), &delivery(1));
        assert_eq!(conclusion, Conclusion { record: Some(Outcome::Ready(analysis)), answer: Ok(()) });
    }

    #[test]
    fn a_refusal_is_recorded_and_never_tried_again() {
        let conclusion = conclude(Err(Setback::Final { reason: Reason::Refused, why: "no".into() }), &delivery(1));
        assert_eq!(conclusion, Conclusion { record: Some(Outcome::Failed(Reason::Refused)), answer: Ok(()) });
    }

    #[test]
    fn a_deferral_says_when_and_records_nothing_even_on_the_last_attempt() {
        let conclusion = conclude(Err(Setback::Deferred { why: "busy".into(), after_ms: 7_000 }), &delivery(5));
        assert_eq!(conclusion, Conclusion { record: None, answer: Err(Failure::Retry(("busy".into(), Some(7_000)))) });
    }

    #[test]
    fn a_failed_attempt_follows_the_schedule_in_silence() {
        let conclusion = conclude(Err(Setback::attempt("HTTP 500")), &delivery(4));
        assert_eq!(conclusion, Conclusion { record: None, answer: Err(Failure::Retry(("HTTP 500".into(), None))) });
    }

    #[test]
    fn the_last_failed_attempt_tells_the_reader_and_still_goes_to_the_dead_letters() {
        let conclusion = conclude(Err(Setback::attempt("HTTP 500")), &delivery(5));
        assert_eq!(conclusion.record, Some(Outcome::Failed(Reason::Unavailable)));
        assert_eq!(conclusion.answer, Err(Failure::Retry(("HTTP 500".into(), None))));
    }
}
