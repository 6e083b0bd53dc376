//! The decision after an attempt to analyse an entry: done, impossible for good, deferred (which counts as no attempt),
//! or failed, which follows the retry schedule.

use crate::analysis::Analysis;
use mindflow_events::FailureReason;
use mindflow_guest::events::{Delivery, Failure};

/// Why an attempt brought no analysis. `why` is for the log and the dead letter, never for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnalysisFailure {
    /// Another attempt would fail in the same way.
    Final { reason: FailureReason, why: String },
    /// Retry after so many milliseconds. The entry is not at fault, so no attempt is counted.
    Deferred { why: String, after_ms: u32 },
    /// The next attempt may succeed.
    Attempt { why: String },
}

impl AnalysisFailure {
    pub fn attempt(why: impl std::fmt::Display) -> Self {
        Self::Attempt { why: why.to_string() }
    }
}

/// What to store and publish.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Ready(Analysis),
    Failed(FailureReason),
}

/// What to record, if anything, and how to answer the delivery once that is done.
#[derive(Debug, PartialEq)]
pub struct Decision {
    pub record: Option<Outcome>,
    pub answer: Result<(), Failure>,
}

/// The last attempt publishes the failure, so that readers stop waiting, and still fails: the event goes to the dead
/// letters, where an operator can retry it. A later analysis replaces the failure.
pub fn decide(result: Result<Analysis, AnalysisFailure>, delivery: &Delivery) -> Decision {
    match result {
        Ok(analysis) => Decision { record: Some(Outcome::Ready(analysis)), answer: Ok(()) },
        Err(AnalysisFailure::Final { reason, .. }) => {
            Decision { record: Some(Outcome::Failed(reason)), answer: Ok(()) }
        }
        Err(AnalysisFailure::Deferred { why, after_ms }) => {
            Decision { record: None, answer: Err(Failure::Retry((why, Some(after_ms)))) }
        }
        Err(AnalysisFailure::Attempt { why }) => {
            let last = delivery.attempt >= delivery.attempts_max;
            Decision {
                record: last.then_some(Outcome::Failed(FailureReason::Unavailable)),
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
        let decision = decide(Ok(analysis.clone()), &delivery(1));
        assert_eq!(decision, Decision { record: Some(Outcome::Ready(analysis)), answer: Ok(()) });
    }

    #[test]
    fn a_refusal_is_recorded_and_never_tried_again() {
        let decision =
            decide(Err(AnalysisFailure::Final { reason: FailureReason::Refused, why: "no".into() }), &delivery(1));
        assert_eq!(decision, Decision { record: Some(Outcome::Failed(FailureReason::Refused)), answer: Ok(()) });
    }

    #[test]
    fn a_deferral_says_when_and_records_nothing_even_on_the_last_attempt() {
        let decision = decide(Err(AnalysisFailure::Deferred { why: "busy".into(), after_ms: 7_000 }), &delivery(5));
        assert_eq!(decision, Decision { record: None, answer: Err(Failure::Retry(("busy".into(), Some(7_000)))) });
    }

    #[test]
    fn a_failed_attempt_follows_the_schedule_in_silence() {
        let decision = decide(Err(AnalysisFailure::attempt("HTTP 500")), &delivery(4));
        assert_eq!(decision, Decision { record: None, answer: Err(Failure::Retry(("HTTP 500".into(), None))) });
    }

    #[test]
    fn the_last_failed_attempt_tells_the_reader_and_still_goes_to_the_dead_letters() {
        let decision = decide(Err(AnalysisFailure::attempt("HTTP 500")), &delivery(5));
        assert_eq!(decision.record, Some(Outcome::Failed(FailureReason::Unavailable)));
        assert_eq!(decision.answer, Err(Failure::Retry(("HTTP 500".into(), None))));
    }
}
