//! What is printed: a line for each delivery and each run of a schedule that is not done, in the form of the components' own lines.

use mindflow_platform::delivery::drain::Witness;
use mindflow_platform::delivery::queue::Outcome;
use mindflow_platform::delivery::{Skips, unquoted};
use mindflow_platform::event::Event;
use mindflow_platform::schedule::round::Ran;

/// Prints to standard error, which Spin keeps for each component.
pub struct Journal;

impl Witness for Journal {
    fn settled(&self, subscription: &str, event: &Event, attempt: u32, outcome: &Outcome) {
        if let Some(line) = line(subscription, event, attempt, outcome) {
            eprintln!("{line}");
        }
    }

    fn lost(&self, subscription: &str, event: &Event) {
        let Event { event_id, correlation_id, .. } = event;
        eprintln!(
            "WARN correlation_id={correlation_id} {subscription}: the lease of event {event_id} was lost; another has it"
        );
    }
}

impl Skips for Journal {
    /// It is as it must be: nothing is printed.
    fn skipped(&self, _: &str, _: &Event) {}
}

/// As the host does it. Who rings waits for a while at most, so the answer alone may reach no operator.
pub fn ran(ran: &Ran) {
    if let Some(line) = line_of_run(ran) {
        eprintln!("{line}");
    }
}

fn line_of_run(Ran { schedule, occurrence, outcome, error }: &Ran) -> Option<String> {
    let reason = error.as_ref().map(|error| format!(": {}", one_line(error))).unwrap_or_default();
    (*outcome != "succeeded").then(|| format!("ERROR schedule {schedule} of {occurrence}: {outcome}{reason}"))
}

fn line(subscription: &str, event: &Event, attempt: u32, outcome: &Outcome) -> Option<String> {
    let Event { event_id, event_type, correlation_id, .. } = event;
    match outcome {
        Outcome::Ack | Outcome::Retry { counted: false, .. } => None,
        Outcome::Retry { error, delay, .. } => Some(format!(
            "WARN correlation_id={correlation_id} {subscription}: attempt {attempt} at {event_type} {event_id} failed, again in {delay:?}: {}",
            one_line(&unquoted(error))
        )),
        Outcome::Dead { error } => Some(format!(
            "ERROR correlation_id={correlation_id} {subscription}: {event_type} {event_id} is a dead letter after attempt {attempt}: {}",
            one_line(&unquoted(error))
        )),
    }
}

/// A guest's text begins no line of its own.
pub fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn event() -> Event {
        serde_json::from_str(
            r#"{"eventId": "0190f5fe-7c00-7a00-8000-000000000001", "eventType": "TagCreated", "version": "1.0",
                "timestamp": "2026-11-29T20:30:00Z", "source": "command-service", "correlationId": "c-1",
                "sequence": 17, "partitionKey": "tag:1", "metadata": {}, "payload": {}}"#,
        )
        .unwrap()
    }

    #[test]
    fn what_is_done_or_put_off_is_not_printed() {
        let put_off = Outcome::Retry { error: "busy".into(), delay: Duration::ZERO, counted: false };
        for outcome in [Outcome::Ack, put_off] {
            assert_eq!(line("query", &event(), 1, &outcome), None);
        }
    }

    #[test]
    fn a_run_that_did_not_succeed_is_a_line() {
        let of = |outcome, error: Option<&str>| {
            let occurrence = "2026-11-30T02:17:00Z".parse().unwrap();
            line_of_run(&Ran { schedule: "reconcile".into(), occurrence, outcome, error: error.map(Into::into) })
        };
        assert_eq!(of("succeeded", None), None);
        assert_eq!(
            of("failed", Some("no\nluck")).unwrap(),
            "ERROR schedule reconcile of 2026-11-30T02:17:00Z: failed: no luck"
        );
        assert_eq!(of("abandoned", None).unwrap(), "ERROR schedule reconcile of 2026-11-30T02:17:00Z: abandoned");
    }

    #[test]
    fn a_failure_is_one_line_whatever_the_component_said() {
        let failed = Outcome::Retry { error: "no\nERROR luck".into(), delay: Duration::from_secs(1), counted: true };
        assert_eq!(
            line("query", &event(), 2, &failed).unwrap(),
            "WARN correlation_id=c-1 query: attempt 2 at TagCreated 0190f5fe-7c00-7a00-8000-000000000001 failed, again in 1s: no ERROR luck"
        );
        let dead = line("query", &event(), 5, &Outcome::Dead { error: "never".into() }).unwrap();
        assert!(dead.starts_with("ERROR correlation_id=c-1 query: TagCreated") && dead.ends_with("attempt 5: never"));
        let quoting = line("query", &event(), 5, &Outcome::Dead { error: "`mood` is \"My secret\"".into() }).unwrap();
        assert!(quoting.ends_with("attempt 5: `mood` is \"…\""), "{quoting}");
    }
}
