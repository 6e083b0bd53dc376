//! Redaction of payloads for administrators, of audited events and of dead letters alike. What is stored is whole, but user
//! content is private (titles, texts, moods, tags, notes, and their analysis). So only members that are known to be no such
//! content are shown, and the names of all others.

use crate::decode::VALUE_CHARS_MAX;
use serde_json::{Map, Value};

/// The member of an envelope.
const PAYLOAD: &str = "payload";
/// Stands for a text that is not shown.
const WITHHELD: &str = "(withheld)";
/// A text of so many characters is no common part of other words.
const BARE_CHARS_MIN: usize = 5;

/// Ids, times, counts and what the platform itself decided.
const SHOWN: [&str; 39] = [
    "analysis",
    "at",
    "bookId",
    "change",
    "channel",
    "completedAt",
    "createdAt",
    "date",
    "deletedAt",
    "displayName",
    "draft",
    "dueAt",
    "email",
    "emailConfirmed",
    "entryDate",
    "entrySequence",
    "erased",
    "erasureId",
    "journalId",
    "mail",
    "mailId",
    "mergedInto",
    "model",
    "moodId",
    "pass",
    "publishedAt",
    "reason",
    "roles",
    "sendId",
    "service",
    "sessionId",
    "tagId",
    "takenBackAt",
    "timezone",
    "updatedAt",
    "userAgent",
    "userId",
    "version",
    "wordCount",
];

/// A payload in its two parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts {
    /// A JSON object.
    pub shown: String,
    /// Names alone, in order.
    pub withheld: Vec<String>,
}

/// # Errors
/// The payload is no JSON object.
pub fn split(payload: &str) -> Result<Parts, serde_json::Error> {
    let (shown, withheld) = parts(serde_json::from_str(payload)?);
    Ok(Parts { shown: Value::Object(shown).to_string(), withheld: names(&withheld) })
}

/// An event that could not be applied, in its parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    /// The envelope, its payload without what is withheld.
    pub event: Value,
    /// Names of members of the payload alone, in order.
    pub withheld: Vec<String>,
    /// Why it could not be applied, without quotations of what is withheld.
    pub reason: String,
}

/// # Errors
/// The envelope is no JSON object.
pub fn failed(envelope: &str, reason: &str) -> Result<Failed, serde_json::Error> {
    let mut event: Map<String, Value> = serde_json::from_str(envelope)?;
    let (payload, withheld) = match event.remove(PAYLOAD) {
        Some(Value::Object(members)) => {
            let (shown, withheld) = parts(members);
            (Some(Value::Object(shown)), withheld)
        }
        // It has not the shape of a payload, so nothing is known of it.
        Some(other) => (Some(Value::Null), Map::from_iter([(PAYLOAD.to_owned(), other)])),
        None => (None, Map::new()),
    };
    event.extend(payload.map(|payload| (PAYLOAD.to_owned(), payload)));
    let mut texts = Vec::new();
    withheld.values().for_each(|value| texts_of(value, &mut texts));
    Ok(Failed { event: Value::Object(event), withheld: names(&withheld), reason: unquoted(reason, texts) })
}

/// What is shown and what is not.
fn parts(members: Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
    // An object could hold anything; no shown member is one.
    members.into_iter().partition(|(name, value)| SHOWN.contains(&name.as_str()) && !value.is_object())
}

fn names(members: &Map<String, Value>) -> Vec<String> {
    let mut names: Vec<String> = members.keys().cloned().collect();
    names.sort_unstable();
    names
}

fn texts_of<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts_of(item, texts)),
        Value::Object(members) => members.values().for_each(|member| texts_of(member, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The reason without these texts as errors quote them: whole or from their beginning, between quotation marks or not.
/// Shorter ones count only between quotation marks, or they would be found in every word.
fn unquoted(reason: &str, mut texts: Vec<&str>) -> String {
    texts.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
    texts.dedup();
    let mut reason = reason.to_owned();
    for text in texts {
        let start: String = text.chars().take(VALUE_CHARS_MAX).collect();
        for quoted in [text, start.as_str()] {
            let quoted = format!("{quoted:?}");
            reason = reason.replace(&quoted, WITHHELD);
            let bare = quoted.trim_matches('"');
            if bare.chars().count() >= BARE_CHARS_MIN {
                reason = reason.replace(bare, WITHHELD);
            }
        }
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_wrote_is_named_and_not_shown() {
        let payload = r#"{"journalId":"j","userId":"u","title":"My secret","content":"c","mood":"SAD","tags":[{"id":"t","name":"n"}],
            "version":3,"wordCount":12,"analysis":"requested","somethingNew":"x"}"#;
        let parts = split(payload).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&parts.shown).unwrap(),
            serde_json::json!({ "journalId": "j", "userId": "u", "version": 3, "wordCount": 12, "analysis": "requested" })
        );
        assert_eq!(parts.withheld, ["content", "mood", "somethingNew", "tags", "title"]);
    }

    #[test]
    fn that_a_payload_was_erased_is_shown() {
        let parts = split(r#"{"erased":true}"#).unwrap();
        assert_eq!((parts.shown.as_str(), parts.withheld.len()), (r#"{"erased":true}"#, 0));
    }

    #[test]
    fn nothing_hides_inside_a_member_that_is_shown() {
        let parts = split(r#"{"analysis":{"text":"My secret"},"roles":["user"]}"#).unwrap();
        assert_eq!(parts.shown, r#"{"roles":["user"]}"#);
        assert_eq!(parts.withheld, ["analysis"]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(split("[]").is_err() && split("").is_err());
        assert!(failed("[]", "").is_err() && failed("", "").is_err());
    }

    #[test]
    fn a_failed_event_is_shown_with_its_envelope_and_not_with_what_a_user_wrote() {
        let long = "x".repeat(3 * VALUE_CHARS_MAX);
        let envelope = serde_json::json!({
            "eventId": "e", "sequence": 3, "metadata": { "userId": "u" },
            "payload": { "journalId": "j", "title": "My \"secret\"", "content": long, "mood": "BAD", "tags": [{ "name": "hm" }] },
        });
        let cut = &long[..VALUE_CHARS_MAX];
        let reason = format!(
            r#"`title` is {:?}, `mood` is "BAD", `tags` is "hm", no BAD item: {cut:?} {long}"#,
            "My \"secret\""
        );
        let failed = failed(&envelope.to_string(), &reason).unwrap();
        assert_eq!(
            failed.event,
            serde_json::json!({
                "eventId": "e", "sequence": 3, "metadata": { "userId": "u" }, "payload": { "journalId": "j" },
            })
        );
        assert_eq!(failed.withheld, ["content", "mood", "tags", "title"]);
        assert_eq!(
            failed.reason,
            "`title` is (withheld), `mood` is (withheld), `tags` is (withheld), no BAD item: (withheld) (withheld)"
        );
    }

    #[test]
    fn a_payload_of_no_known_shape_is_withheld_whole() {
        let failed = failed(r#"{"eventId":"e","payload":"My secret"}"#, "payload: My secret").unwrap();
        assert_eq!(failed.event, serde_json::json!({ "eventId": "e", "payload": null }));
        assert_eq!((failed.withheld, failed.reason.as_str()), (vec!["payload".to_owned()], "payload: (withheld)"));
    }
}
