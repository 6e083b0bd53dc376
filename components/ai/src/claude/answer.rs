//! An answer of the API with status 200. It is untrusted.

use crate::analysis::{Analysis, Draft, DraftError};
use serde::Deserialize;

/// Why the model stopped.
#[derive(Debug, PartialEq)]
pub enum Answer {
    Analysis(Analysis),
    /// It (or a safety classifier before it) declined.
    Refusal,
    /// It ran out of `max_tokens`; the JSON is incomplete.
    Cut,
    /// The entry filled the whole context.
    TooLong,
}

/// The answer is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    #[error("the API's answer is no message ({})", place(.0))]
    Message(serde_json::Error),
    #[error("the model stopped for an unexpected reason: {0:?}")]
    Stop(String),
    #[error("the model answered no text")]
    Empty,
    #[error("the model's answer is not the JSON it was asked for ({})", place(.0))]
    Shape(serde_json::Error),
    #[error("the model's answer breaks a rule: {0}")]
    Rule(DraftError),
}

/// The position of a JSON error, without the parser's quotation: an answer may repeat the entry, and a log must not.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "another shape",
        serde_json::error::Category::Eof => "cut off",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "no JSON",
    };
    format!("{what} at line {}, column {}", error.line(), error.column())
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Vec<Block>,
    stop_reason: Option<String>,
    #[serde(default)]
    model: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
    },
    /// Thinking, and block types of the future.
    #[serde(other)]
    Other,
}

/// `asked`: the model that was asked for, should the answer name none. `content`: of the entry, which the model may quote.
pub fn read(body: &[u8], asked: &str, content: &str) -> Result<Answer, AnswerError> {
    let message: Message = serde_json::from_slice(body).map_err(AnswerError::Message)?;
    match message.stop_reason.as_deref() {
        Some("end_turn" | "stop_sequence") => {}
        Some("refusal") => return Ok(Answer::Refusal),
        Some("max_tokens") => return Ok(Answer::Cut),
        Some("model_context_window_exceeded") => return Ok(Answer::TooLong),
        other => return Err(AnswerError::Stop(crate::analysis::clip(other.unwrap_or("none"), 40))),
    }
    let text: String = message
        .content
        .iter()
        .filter_map(|block| match block {
            Block::Text { text } => Some(text.as_str()),
            Block::Other => None,
        })
        .collect();
    if text.trim().is_empty() {
        return Err(AnswerError::Empty);
    }
    let draft: Draft = serde_json::from_str(&text).map_err(AnswerError::Shape)?;
    let model = if message.model.trim().is_empty() { asked } else { &message.model };
    draft.check(model, content).map(Answer::Analysis).map_err(AnswerError::Rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn message(stop_reason: &str, content: Value) -> Vec<u8> {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test-20260101", "content": content,
            "stop_reason": stop_reason, "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1},
        })
        .to_string()
        .into_bytes()
    }

    fn good() -> String {
        let insight = json!({"kind": "observation", "text": "It rained.", "quotes": ["It rained", "It snowed"]});
        json!({"sentiment": 0.25, "themes": ["rain"], "insights": [insight]}).to_string()
    }

    #[test]
    fn a_structured_answer_becomes_the_analysis_by_the_model_that_answered() {
        let Answer::Analysis(analysis) =
            read(&message("end_turn", json!([{"type": "text", "text": good()}])), "claude-test", "").unwrap()
        else {
            panic!("no analysis");
        };
        assert_eq!((analysis.sentiment, analysis.model.as_str()), (Some(0.25), "claude-test-20260101"));
    }

    #[test]
    fn an_insight_quotes_what_is_in_the_entry_and_one_without_quotes_is_read() {
        let of = |text: &str| {
            let body = message("end_turn", json!([{"type": "text", "text": text}]));
            let Answer::Analysis(analysis) = read(&body, "m", "All day It rained.").unwrap() else {
                panic!("no analysis")
            };
            analysis.insights[0]
                .quotes
                .iter()
                .map(|quote| (quote.text.clone(), quote.start, quote.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&good()), [("It rained".to_owned(), 8, 17)]);
        assert_eq!(of(&good().replace("quotes", "others")), []);
    }

    #[test]
    fn blocks_are_chosen_by_their_type_and_not_by_their_place() {
        let (head, tail) = (&good()[..10], &good()[10..]);
        let content = json!([{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": head}, {"type": "new_kind", "x": 1}, {"type": "text", "text": tail}]);
        assert!(matches!(read(&message("end_turn", content), "m", ""), Ok(Answer::Analysis(_))));
    }

    #[test]
    fn a_refusal_is_recognised_even_without_content() {
        assert_eq!(read(&message("refusal", json!([])), "m", "").unwrap(), Answer::Refusal);
        assert_eq!(
            read(&message("refusal", json!([{"type": "text", "text": good()}])), "m", "").unwrap(),
            Answer::Refusal
        );
    }

    #[test]
    fn an_answer_that_was_cut_is_recognised_even_if_its_json_is_whole() {
        assert_eq!(
            read(&message("max_tokens", json!([{"type": "text", "text": "{\"sentim"}])), "m", "").unwrap(),
            Answer::Cut
        );
        assert_eq!(
            read(&message("max_tokens", json!([{"type": "text", "text": good()}])), "m", "").unwrap(),
            Answer::Cut
        );
    }

    #[test]
    fn a_full_context_is_recognised() {
        assert_eq!(read(&message("model_context_window_exceeded", json!([])), "m", "").unwrap(), Answer::TooLong);
    }

    #[test]
    fn everything_else_is_an_error_that_says_what_is_wrong() {
        let cases: [(Vec<u8>, &str); 7] = [
            (b"<html>".to_vec(), "no message"),
            (b"{}".to_vec(), "unexpected reason"),
            (message("tool_use", json!([])), "unexpected reason"),
            (message("end_turn", json!([])), "no text"),
            (message("end_turn", json!([{"type": "text", "text": "Sure! Here it is"}])), "not the JSON"),
            (message("end_turn", json!([{"type": "text", "text": "{\"sentiment\": 1}"}])), "not the JSON"),
            (message("end_turn", json!([{"type": "text", "text": good().replace("0.25", "2.5")}])), "breaks a rule"),
        ];
        for (body, wanted) in cases {
            let error = read(&body, "m", "").unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn an_error_repeats_nothing_of_what_the_model_wrote() {
        let text = r#"{"insights":[],"sentiment":"my secret","themes":[]}"#;
        let error =
            read(&message("end_turn", json!([{"type": "text", "text": text}])), "m", "").unwrap_err().to_string();
        assert!(error.ends_with("(another shape at line 1, column 38)") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn the_asked_model_is_named_when_the_answer_names_none() {
        let body = json!({"content": [{"type": "text", "text": good()}], "stop_reason": "end_turn"}).to_string();
        let Answer::Analysis(analysis) = read(body.as_bytes(), "claude-asked", "").unwrap() else {
            panic!("no analysis")
        };
        assert_eq!(analysis.model, "claude-asked");
    }

    proptest! {
        #[test]
        fn no_body_whatever_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
            let _ = read(&body, "m", "");
            let _ = read(&message("end_turn", json!([{"type": "text", "text": text}])), "m", "");
        }
    }
}
