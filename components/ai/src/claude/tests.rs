//! Whole conversations with an API that is a list of replies.

use super::*;
use crate::entry::tests::entry;
use futures::executor::block_on;
use mindflow_events::FailureReason;
use serde_json::{Value, json};
use std::cell::Cell;

pub fn claude() -> Claude {
    Claude {
        key: "sk-test".into(),
        endpoint: Uri::from_static("http://127.0.0.1:1/v1/messages"),
        model: "claude-test".into(),
        max_tokens: 1_000,
        timeout_ms: 60_000,
    }
}

fn message(stop_reason: &str, text: &str) -> Reply {
    let body = json!({"model": "claude-test", "content": [{"type": "text", "text": text}], "stop_reason": stop_reason});
    Reply { status: 200, retry_after: None, body: body.to_string().into_bytes() }
}

fn good() -> Reply {
    message(
        "end_turn",
        &json!({"sentiment": 0.5, "themes": ["rain"], "insights": [{"kind": "pattern", "text": "It rains."}]})
            .to_string(),
    )
}

fn refused(status: u16) -> Reply {
    Reply { status, retry_after: None, body: Vec::new() }
}

/// What came of it, and `max_tokens` and timeout of each call. Each call takes `call_ms`.
fn talk(
    call_ms: u32,
    replies: Vec<Result<Reply, TransportError>>,
) -> (Result<Analysis, AnalysisFailure>, Vec<(u64, u32)>) {
    let now = Cell::new(0);
    let mut replies = replies.into_iter();
    let mut calls = Vec::new();
    let result = block_on(converse(
        &claude(),
        &entry("A day", "It rained."),
        "nonce",
        || now.get(),
        async |body, timeout_ms| {
            let body: Value = serde_json::from_slice(&body).unwrap();
            calls.push((body["max_tokens"].as_u64().unwrap(), timeout_ms));
            now.set(now.get() + i64::from(call_ms) * 1_000);
            replies.next().expect("one call too many")
        },
    ));
    (result, calls)
}

#[test]
fn a_good_answer_takes_one_call() {
    let (result, calls) = talk(3_000, vec![Ok(good())]);
    assert_eq!(result.unwrap().themes, ["rain"]);
    assert_eq!(calls, [(1_000, 60_000)]);
}

#[test]
fn an_answer_that_was_cut_is_asked_for_once_more_with_twice_the_room() {
    let (result, calls) = talk(3_000, vec![Ok(message("max_tokens", "{\"senti")), Ok(good())]);
    assert!(result.is_ok());
    assert_eq!(calls.iter().map(|call| call.0).collect::<Vec<_>>(), [1_000, 2_000]);
}

#[test]
fn an_answer_that_was_cut_twice_is_a_failed_attempt() {
    let (result, calls) = talk(3_000, vec![Ok(message("max_tokens", "{")), Ok(message("max_tokens", "{"))]);
    assert_eq!(result, Err(AnalysisFailure::attempt("the answer did not fit into 2000 tokens")));
    assert_eq!(calls.len(), 2);
}

#[test]
fn the_second_call_gets_only_the_time_that_is_left() {
    let (_, calls) = talk(59_000, vec![Ok(message("max_tokens", "{")), Ok(good())]);
    assert_eq!(calls, [(1_000, 60_000), (2_000, 51_000)]);
    let (result, calls) = talk(110_000, vec![Ok(message("max_tokens", "{"))]);
    assert!(matches!(result, Err(AnalysisFailure::Attempt { .. })));
    assert_eq!(calls.len(), 1);
}

#[test]
fn a_refusal_is_final_and_not_asked_for_again() {
    let (result, calls) = talk(1, vec![Ok(message("refusal", ""))]);
    assert!(matches!(result, Err(AnalysisFailure::Final { reason: FailureReason::Refused, .. })));
    assert_eq!(calls.len(), 1);
}

#[test]
fn malformed_answers_are_failed_attempts() {
    for text in
        ["", "no json", "{\"sentiment\": 7, \"themes\": [\"a\"], \"insights\": [{\"kind\": \"a\", \"text\": \"b\"}]}"]
    {
        let (result, calls) = talk(1, vec![Ok(message("end_turn", text))]);
        assert!(matches!(result, Err(AnalysisFailure::Attempt { .. })), "{text:?}: {result:?}");
        assert_eq!(calls.len(), 1);
    }
}

#[test]
fn the_status_decides_before_the_body_is_read() {
    assert!(matches!(talk(1, vec![Ok(refused(529))]).0, Err(AnalysisFailure::Deferred { .. })));
    assert!(matches!(talk(1, vec![Ok(refused(500))]).0, Err(AnalysisFailure::Attempt { .. })));
    assert!(matches!(talk(1, vec![Ok(refused(400))]).0, Err(AnalysisFailure::Final { .. })));
}

#[test]
fn a_network_that_fails_counts_and_a_setting_that_is_wrong_waits() {
    for error in [TransportError::Timeout(5), TransportError::AnswerTooLarge, TransportError::Network("reset".into())] {
        assert_eq!(talk(1, vec![Err(error.clone())]).0, Err(AnalysisFailure::attempt(error)));
    }
    // Nothing is sent of an entry that became private meanwhile, and that is no failure.
    let withheld = talk(3_000, vec![Ok(message("max_tokens", "{")), Err(TransportError::Withheld)]).0;
    assert!(matches!(withheld, Err(AnalysisFailure::Deferred { after_ms: 0, .. })), "{withheld:?}");
    for error in [TransportError::Denied, TransportError::Key] {
        assert!(matches!(talk(1, vec![Err(error)]).0, Err(AnalysisFailure::Deferred { after_ms: 60_000, .. })));
    }
}
