//! If an analysis is wanted and missing, make it and store it. Those that are made here go into the database together; Claude is
//! asked about each entry by itself, and never about one without text or one that may not leave the platform.

use crate::{
    analysis::Analysis,
    claude,
    decision::{self, AnalysisFailure, Outcome},
    entry::{self, Entry},
    local, settings, sharing,
    store::{self, Analysed},
};
use mindflow_guest::{
    clock,
    events::{Delivery, Event, Failure},
};

/// How long an event waits for an operator to correct an invalid setting.
const SETTING_PAUSE_MS: u32 = 60_000;
/// Why an imported entry is not analysed yet.
const BEHIND_OTHERS: &str = "imported entries of a user are analysed one after the other";

pub async fn handle(event: &Event, delivery: &Delivery) -> Result<(), Failure> {
    let Some(entry) = entry::wanted(event)? else {
        return Ok(());
    };
    // Claude is not asked about an entry without text or a private one, with any settings.
    let stays = entry.private || !entry.has_text();
    let claude = if stays { Ok(None) } else { settings::read().await };
    let result = match claude {
        // What was stored before is found out by storing it.
        Ok(None) => Ok(made_here(&entry)),
        _ if store::settled(&entry).await? => return Ok(()),
        Ok(Some(_)) if !sharing::may_leave(&entry).await? => Ok(made_here(&entry)),
        Ok(Some(claude)) => match store::wait_ms(&entry, clock::now_us()).await? {
            0 => claude::analyse(&claude, &entry).await,
            // As planned, so the log has nothing of it.
            after_ms => return Err(Failure::Retry((BEHIND_OTHERS.into(), Some(after_ms)))),
        },
        Err(why) => Err(AnalysisFailure::Deferred { why, after_ms: SETTING_PAUSE_MS }),
    };
    if let Err(failure) = &result {
        eprintln!("{}", line(event, delivery, failure));
    }
    let decision = decision::decide(result, delivery);
    if let Some(outcome) = &decision.record {
        // An acknowledged event is applied; a dead letter may still be analysed.
        let applied = decision.answer.is_ok().then_some(delivery);
        let analysed = Analysed { cause: event, entry, outcome: outcome.clone() };
        store::record(&analysed, applied, clock::now_us()).await?;
    }
    decision.answer
}

pub async fn handle_batch(subscription: &str, events: &[Event]) -> Result<(), Failure> {
    if !matches!(settings::read().await, Ok(None)) {
        // The events come again, each by itself, and no attempt is counted.
        return Err(Failure::Retry(("Claude is asked for one entry at a time".into(), None)));
    }
    let mut analysed = Vec::with_capacity(events.len());
    for event in events {
        analysed.extend(entry::wanted(event)?.map(|entry| {
            let outcome = Outcome::Ready(made_here(&entry));
            Analysed { cause: event, entry, outcome }
        }));
    }
    if analysed.is_empty() {
        return Ok(());
    }
    Ok(store::record_batch(subscription, &analysed, clock::now_us()).await?)
}

/// Without a call outside.
fn made_here(entry: &Entry) -> Analysis {
    if entry.has_text() { local::analyse(entry) } else { Analysis::of_nothing() }
}

/// The log line: the event, its state, and the reason. It has nothing of the entry's text.
fn line(event: &Event, delivery: &Delivery, failure: &AnalysisFailure) -> String {
    let (what, why) = match failure {
        AnalysisFailure::Final { reason, why } => (format!("given up as {}", reason.word()), why),
        AnalysisFailure::Deferred { why, after_ms } => (format!("put off for {after_ms} ms"), why),
        AnalysisFailure::Attempt { why } => {
            (format!("attempt {} of {} failed", delivery.attempt, delivery.attempts_max), why)
        }
    };
    format!("analysis for event {} [{}] {what}: {why}", event.id, event.correlation_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_events::FailureReason;
    use mindflow_guest::{call, failure::DEFERRAL_MS};

    fn event() -> Event {
        Event {
            id: "e-1".into(),
            event_type: "JournalEntryCreated".into(),
            version: "1.0".into(),
            timestamp: 0,
            source: "command-service".into(),
            sequence: 1,
            partition_key: "entry:1".into(),
            correlation_id: "c-1".into(),
            traceparent: None,
            user_id: None,
            tenant_id: None,
            payload: "{}".into(),
        }
    }

    #[test]
    fn an_entry_without_text_has_nothing_to_be_said_about_it() {
        let made = made_here(&entry::tests::entry("A wonderful day", "\u{200b}"));
        assert_eq!(made, Analysis::of_nothing());
        assert_eq!((made.sentiment, made.insights.len(), made.model.as_str()), (None, 0, "none"));
        assert!(made_here(&entry::tests::entry("A day", "It rained.")).model.starts_with("local"));
    }

    #[test]
    fn a_database_that_is_away_defers_and_one_that_refuses_counts() {
        assert_eq!(
            Failure::from(call::Error::Unavailable("gone".into())),
            Failure::Retry(("gone".into(), Some(DEFERRAL_MS)))
        );
        assert_eq!(Failure::from(call::Error::Internal("broken".into())), Failure::Retry(("broken".into(), None)));
    }

    #[test]
    fn the_log_line_says_which_event_what_and_why() {
        let delivery = Delivery { subscription: "ai".into(), attempt: 2, attempts_max: 5 };
        let of = |failure| line(&event(), &delivery, &failure);
        assert_eq!(
            of(AnalysisFailure::attempt("HTTP 500")),
            "analysis for event e-1 [c-1] attempt 2 of 5 failed: HTTP 500"
        );
        assert_eq!(
            of(AnalysisFailure::Deferred { why: "busy".into(), after_ms: 7 }),
            "analysis for event e-1 [c-1] put off for 7 ms: busy"
        );
        assert_eq!(
            of(AnalysisFailure::Final { reason: FailureReason::Refused, why: "no".into() }),
            "analysis for event e-1 [c-1] given up as refused: no"
        );
    }
}
