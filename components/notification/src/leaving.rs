//! What of a user leaves the platform with a send, for the user's ledger.

use crate::store::Send;
use mindflow_guest::disclosure::{Document, Owner, Subject};
use serde_json::Value;

/// A webhook gets an event, and what the user wrote with it.
pub fn with_webhook(send: &Send) -> Subject {
    let body: Value = serde_json::from_str(&send.body).unwrap_or_default();
    subject(send, document(&body), "webhook")
}

/// A push message has a number alone, and is sealed for its browser; that there is one is seen by the push service.
pub fn with_push(send: &Send) -> Subject {
    subject(send, None, "push")
}

fn subject(send: &Send, document: Option<Document>, purpose: &str) -> Subject {
    Subject { owner: Owner::User(send.user_id.to_string()), document, purpose: purpose.to_owned() }
}

/// The entry that the event is about. Those about an analysis do not say of which version it was: 0.
fn document(body: &Value) -> Option<Document> {
    let payload = body.get("payload")?;
    let id = payload.get("journalId")?.as_str()?.to_owned();
    let version = payload.get("version").and_then(Value::as_u64).unwrap_or_default();
    Some(Document { id, version })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_about_an_entry_is_of_its_version() {
        let of = |payload: Value| document(&json!({ "eventId": "9", "version": "1.0", "payload": payload }));
        let written = of(json!({ "journalId": "e", "version": 4, "title": "A day" }));
        assert_eq!(written, Some(Document { id: "e".into(), version: 4 }));
        let analysed = of(json!({ "journalId": "e", "entrySequence": 7, "insights": [] }));
        assert_eq!(analysed, Some(Document { id: "e".into(), version: 0 }));
        assert_eq!(of(json!({ "tagId": "t", "name": "Sea" })), None);
        assert_eq!(document(&json!({ "insights": 2 })), None);
    }
}
