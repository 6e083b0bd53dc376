//! Notices on a user's realtime topic. They are no events: short-lived, and not archived.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A change of an entry that the read side has applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    pub kind: NoticeKind,
    pub entry_id: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NoticeKind {
    Created,
    Updated,
    Deleted,
    Analyzed,
    /// A draft was saved.
    Draft,
}

/// A session of the user that was ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionEnded {
    pub session_ended: Uuid,
}

/// Whatever a user's topic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UserNotice {
    Entry(Notice),
    Session(SessionEnded),
}

/// The realtime topic of a user's notices.
pub fn notice_topic(user_id: impl std::fmt::Display) -> String {
    format!("user:{user_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_as_it_is_written() {
        let json = r#"{"kind":"ANALYZED","entryId":"00000000-0000-0000-0000-000000000001"}"#;
        let notice: Notice = serde_json::from_str(json).unwrap();
        assert_eq!(notice, Notice { kind: NoticeKind::Analyzed, entry_id: Uuid::from_u128(1) });
        assert_eq!(serde_json::to_string(&notice).unwrap(), json);
        assert!(serde_json::from_str::<Notice>(&json.replace("ANALYZED", "SOMETHING")).is_err());
    }

    #[test]
    fn notices_of_entries_and_of_sessions_share_a_topic() {
        let entry = Notice { kind: NoticeKind::Created, entry_id: Uuid::from_u128(1) };
        let session = SessionEnded { session_ended: Uuid::from_u128(2) };
        let read = |json: String| serde_json::from_str::<UserNotice>(&json);
        assert_eq!(read(serde_json::to_string(&entry).unwrap()).unwrap(), UserNotice::Entry(entry));
        assert_eq!(read(serde_json::to_string(&session).unwrap()).unwrap(), UserNotice::Session(session));
        assert!(read(r#"{"kind":"CREATED"}"#.to_owned()).is_err());
        // An older reader knows entries alone, and skips the other.
        assert!(serde_json::from_str::<Notice>(&serde_json::to_string(&session).unwrap()).is_err());
    }
}
