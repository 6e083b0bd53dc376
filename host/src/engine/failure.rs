//! Why a call was not answered, and whose doing that was. Only a component's own failures reach its circuit breaker.

use super::ending::Cost;
use metrics::{Counter, counter};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// The text for a client whose call costs too much.
pub const TOO_COSTLY: &str = "The request costs more than one request may; ask for less of it.";
/// The text for a client that is refused for that.
pub const REFUSED: &str = "Your requests cost too much repeatedly; try again later.";

/// Why a call was not answered by the component itself.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallFailure {
    #[error("`{component}` failed: {reason}")]
    Trapped { component: Arc<str>, reason: String },
    #[error("`{component}` did not answer within {deadline:?}")]
    Deadline { component: Arc<str>, deadline: Duration },
    #[error("`{component}` is overloaded: all its {calls_max} calls are taken")]
    Overloaded { component: Arc<str>, calls_max: usize },
    #[error("`{component}` failed repeatedly and is left alone for another {wait:?}")]
    CircuitOpen { component: Arc<str>, wait: Duration },
    #[error("`{component}` has no function {function}")]
    NoFunction { component: Arc<str>, function: String },
    /// The content of this call, and of no other, exceeded a limit of its instance.
    #[error("`{component}`: the call costs more {} than it may: {reason}", cost.label())]
    TooCostly { component: Arc<str>, cost: Cost, reason: String },
    /// Calls of this client exceeded limits repeatedly.
    #[error("`{component}`: calls of this client cost too much repeatedly; it is refused for another {wait:?}")]
    ClientRefused { component: Arc<str>, wait: Duration },
    /// The call's time was over while its client was still sending the request.
    #[error("`{component}`: the client did not send its request's body in time")]
    SlowClient { component: Arc<str> },
}

/// Whose doing a call's end was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Of the component itself: counts for its breaker.
    Component,
    /// Its instance was ended by another call, which is counted.
    Neighbour,
    /// What the call, or another one in the instance, was to do costs too much.
    Cost,
    /// The client sent its body slowly.
    Client,
    /// The time was spent waiting for a place.
    Queue,
    /// The caller had less time than the call may take.
    Caller,
    /// No attempt was made.
    Refusal,
}

/// A call's failure with its cause.
#[derive(Debug)]
pub(super) struct Failed {
    pub failure: CallFailure,
    pub cause: Cause,
}

// === impl Failed ===

impl Failed {
    /// As metrics and the log name it.
    pub fn label(&self) -> &'static str {
        match (&self.failure, self.cause) {
            (_, Cause::Cost) => "too-costly",
            (_, Cause::Neighbour) => "instance-ended",
            (_, Cause::Client) => "slow-client",
            (_, Cause::Caller) => "caller-deadline",
            (CallFailure::Trapped { .. }, _) => "trapped",
            (CallFailure::Deadline { .. }, _) => "deadline",
            (CallFailure::CircuitOpen { .. }, _) => "circuit-open",
            (CallFailure::NoFunction { .. }, _) => "no-function",
            (CallFailure::ClientRefused { .. }, _) => "client-refused",
            (_, Cause::Queue) | (CallFailure::Overloaded { .. }, _) => "overloaded",
            (CallFailure::TooCostly { .. }, _) => "too-costly",
            (CallFailure::SlowClient { .. }, _) => "slow-client",
        }
    }
}

/// How often calls ended in which way. The usual end's counter is looked up once.
#[derive(Default)]
pub(super) struct Outcomes(OnceLock<Counter>);

impl Outcomes {
    pub fn count(&self, component: &str, outcome: &'static str) {
        let counter =
            || counter!("mindflow_component_calls_total", "component" => component.to_owned(), "outcome" => outcome);
        if outcome == "ok" { self.0.get_or_init(counter).increment(1) } else { counter().increment(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_label_of_its_own() {
        let component: Arc<str> = "c".into();
        let trapped = || CallFailure::Trapped { component: "c".into(), reason: "r".into() };
        let deadline = || CallFailure::Deadline { component: "c".into(), deadline: Duration::ZERO };
        let overloaded = CallFailure::Overloaded { component: "c".into(), calls_max: 1 };
        let labels = [
            (trapped(), Cause::Component, "trapped"),
            (trapped(), Cause::Neighbour, "instance-ended"),
            (trapped(), Cause::Cost, "too-costly"),
            (deadline(), Cause::Component, "deadline"),
            (deadline(), Cause::Caller, "caller-deadline"),
            (CallFailure::SlowClient { component }, Cause::Client, "slow-client"),
            (overloaded, Cause::Queue, "overloaded"),
        ];
        for (failure, cause, label) in labels {
            assert_eq!(Failed { failure, cause }.label(), label);
        }
    }
}
