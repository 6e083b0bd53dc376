//! From what a handler answered to what becomes of the delivery. Pure.

use std::time::Duration;

use uuid::Uuid;

use super::policy::{Next, RetryPolicy};
use super::queue::Outcome;
use super::subscription::Failure;

/// A deferral is not counted, so one of zero time would loop forever.
pub const DEFERRAL_MIN: Duration = Duration::from_millis(10);
/// Longer than any `Retry-After` in earnest; a key is not to be parked for good by a mistake.
pub const DEFERRAL_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Characters of an error that are kept: a message and its causes, not a dump.
pub const ERROR_CHARS_MAX: usize = 4_000;

/// Applies the policy to the answer to attempt number `attempt`.
#[must_use]
pub fn outcome_of(answer: Result<(), Failure>, policy: &RetryPolicy, attempt: u32, event: Uuid) -> Outcome {
    match answer {
        Ok(()) => Outcome::Ack,
        Err(Failure::Reject(reason)) => Outcome::Dead { error: printable(&reason) },
        Err(Failure::Retry { reason, after: Some(after) }) => {
            Outcome::Retry { error: printable(&reason), delay: after.clamp(DEFERRAL_MIN, DEFERRAL_MAX), counted: false }
        }
        Err(Failure::Retry { reason, after: None }) => match policy.after_failure(attempt, event) {
            Next::RetryAfter(delay) => Outcome::Retry { error: printable(&reason), delay, counted: true },
            Next::Dead => Outcome::Dead { error: printable(&reason) },
        },
    }
}

/// No answer in time: a failed attempt.
#[must_use]
pub fn timed_out(timeout: Duration) -> Failure {
    Failure::Retry { reason: format!("no answer within {timeout:?}"), after: None }
}

/// For an event whose host ended each time that it was handled.
#[must_use]
pub fn host_ended(times: u32) -> Outcome {
    Outcome::Dead {
        error: format!("its lease ran out {times} times: each time, the host ended before its handler answered"),
    }
}

/// For what still ran when the host had to stop.
#[must_use]
pub fn handed_back() -> Outcome {
    Outcome::Retry { error: "the host shut down".to_owned(), delay: Duration::ZERO, counted: false }
}

/// For a suspect that was leased while another subscription began with one.
#[must_use]
pub fn not_yet() -> Outcome {
    let error = "its host ended while it was handled, and another event of which this is true is being handled";
    Outcome::Retry { error: error.to_owned(), delay: Duration::ZERO, counted: false }
}

/// For an event of a user of whom as many are under way, and in line, as a user may have.
#[must_use]
pub fn in_line(pause: Duration) -> Outcome {
    Outcome::Retry { error: "other events of its user are before it".to_owned(), delay: pause, counted: false }
}

/// Bounded, and without the NUL that Postgres cannot store.
fn printable(reason: &str) -> String {
    reason.chars().take(ERROR_CHARS_MAX).map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(failure: Failure, attempt: u32) -> Outcome {
        outcome_of(Err(failure), &RetryPolicy::default(), attempt, Uuid::nil())
    }

    fn retry(after: Option<Duration>) -> Failure {
        Failure::Retry { reason: "busy".to_owned(), after }
    }

    #[test]
    fn a_failure_is_counted_until_the_policy_gives_up() {
        assert!(matches!(outcome(retry(None), 4), Outcome::Retry { counted: true, .. }));
        assert!(matches!(outcome(retry(None), 5), Outcome::Dead { error } if error == "busy"));
    }

    #[test]
    fn a_deferral_is_never_counted_and_stays_within_its_bounds() {
        for (asked, given) in
            [(0, DEFERRAL_MIN), (60_000, Duration::from_secs(60)), (u64::from(u32::MAX), DEFERRAL_MAX)]
        {
            let outcome = outcome(retry(Some(Duration::from_millis(asked))), 5);
            assert!(matches!(outcome, Outcome::Retry { counted: false, delay, .. } if delay == given));
        }
    }

    #[test]
    fn a_rejection_is_dead_at_the_first_attempt() {
        assert!(matches!(outcome(Failure::Reject("never".to_owned()), 1), Outcome::Dead { error } if error == "never"));
    }

    #[test]
    fn an_error_that_postgres_could_not_store_is_made_storable() {
        let Outcome::Dead { error } = outcome(Failure::Reject(format!("a\0{}", "é".repeat(5_000))), 1) else {
            panic!("a rejection is dead");
        };
        assert_eq!(error.chars().count(), ERROR_CHARS_MAX);
        assert!(error.starts_with("a\u{fffd}é"));
    }
}
