//! Events that go to no webhook, because the entry that they are of is private: neither what it says nor that it was written
//! leaves the platform. An event of a private state of an entry stays inside for good, also when the entry is private no more, and so does
//! the name of a tag that was made with it. Of all others the write side is asked when sends are planned, and again before each: a send
//! may wait for a day.

use mindflow_guest::{
    id, params,
    sql::{self, Tx},
};
use std::collections::HashSet;
use uuid::Uuid;

/// Those of the entries that are private or no longer there. Each is looked up by its id: a join with the view reads all entries.
const INSIDE: &str = "SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
    WHERE (SELECT e.private FROM consent.entries e WHERE e.id = asked.id) IS NOT FALSE";

/// What an event's payload says of where the event may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The entry that it is of: that it says something of, or what is said about.
    pub entry: Option<Uuid>,
    /// Whether it is of a private state of an entry, or of a tag that was made with one.
    private: bool,
}

impl Bounds {
    pub fn read(payload: &str) -> Self {
        #[derive(Default, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Members {
            journal_id: Option<String>,
            private: bool,
        }
        let Members { journal_id, private } = serde_json::from_str(payload).unwrap_or_default();
        Self { entry: journal_id.as_deref().and_then(id::parse), private }
    }

    /// Whether the event goes to no webhook; `inside`: the entries that are private now.
    pub fn stays(self, inside: &HashSet<Uuid>) -> bool {
        self.private || self.entry.is_some_and(|entry| inside.contains(&entry))
    }
}

/// The entries of events with these bounds that stay inside now.
pub async fn entries(tx: &Tx, bounds: impl Iterator<Item = Bounds>) -> Result<HashSet<Uuid>, sql::Abort> {
    let asked: Vec<Uuid> = bounds.filter_map(|bounds| bounds.entry).collect();
    if asked.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = tx.query(INSIDE, params![asked]).await?;
    Ok(rows.map(|row| row.get("id"))?.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_events::{Kind, WEBHOOK_EVENTS, fixture};

    #[test]
    fn what_is_of_an_entry_is_known_by_its_payload() {
        let of_entries = [
            Kind::AIAnalysisFailed,
            Kind::AIInsightsGenerated,
            Kind::JournalEntryCreated,
            Kind::JournalEntryDeleted,
            Kind::JournalEntryUpdated,
        ];
        for kind in WEBHOOK_EVENTS {
            let entry = of_entries.contains(&kind).then(|| Uuid::from_u128(1));
            assert_eq!(Bounds::read(fixture(kind)), Bounds { entry, private: false }, "{}", kind.name());
        }
        for other in ["{}", "no JSON", r#"{"journalId":7}"#] {
            assert_eq!(Bounds::read(other), Bounds::default(), "{other}");
        }
    }

    #[test]
    fn an_event_stays_when_its_entry_is_private_or_was_so_then() {
        let (entry, tag) = (format!(r#""journalId":"{}""#, Uuid::from_u128(1)), r#""tagId":"t""#);
        let (now, other) = (HashSet::from([Uuid::from_u128(1)]), HashSet::from([Uuid::from_u128(2)]));
        for (payload, inside, stays) in [
            (format!("{{{entry}}}"), &other, false),
            (format!(r#"{{{entry},"private":false}}"#), &other, false),
            (format!(r#"{{{entry},"private":false}}"#), &now, true),
            (format!(r#"{{{entry},"private":true}}"#), &other, true),
            (format!("{{{tag}}}"), &now, false),
            (format!(r#"{{{tag},"private":true}}"#), &other, true),
        ] {
            assert_eq!(Bounds::read(&payload).stays(inside), stays, "{payload} {inside:?}");
        }
    }
}
