//! Redaction of payloads for administrators. The trail keeps the whole payload, but user content is private (titles,
//! texts, moods, tags, notes, and their analysis). So only members that are known to be no such content are shown, and
//! the names of all others.

use serde_json::{Map, Value};

/// Ids, times, counts and what the platform itself decided.
const SHOWN: [&str; 24] = [
    "analysis",
    "at",
    "channel",
    "completedAt",
    "createdAt",
    "deletedAt",
    "displayName",
    "email",
    "entryDate",
    "entrySequence",
    "journalId",
    "model",
    "moodId",
    "reason",
    "roles",
    "sendId",
    "sessionId",
    "tagId",
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
    let members: Map<String, Value> = serde_json::from_str(payload)?;
    // An object could hold anything; no shown member is one.
    let (shown, withheld): (Map<_, _>, Map<_, _>) =
        members.into_iter().partition(|(name, value)| SHOWN.contains(&name.as_str()) && !value.is_object());
    let mut withheld: Vec<String> = withheld.into_iter().map(|(name, _)| name).collect();
    withheld.sort_unstable();
    Ok(Parts { shown: Value::Object(shown).to_string(), withheld })
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
    fn nothing_hides_inside_a_member_that_is_shown() {
        let parts = split(r#"{"analysis":{"text":"My secret"},"roles":["user"]}"#).unwrap();
        assert_eq!(parts.shown, r#"{"roles":["user"]}"#);
        assert_eq!(parts.withheld, ["analysis"]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(split("[]").is_err() && split("").is_err());
    }
}
