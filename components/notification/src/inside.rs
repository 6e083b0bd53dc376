//! Events that go to no webhook, because the entry that they are of is private: neither what it says nor that it was written
//! leaves the platform. An event of a private state of an entry stays inside for good, also when the entry is private no more. Of all
//! others the write side is asked when sends are planned, and again before each: a send may wait for a day.

use crate::plan::News;
use mindflow_guest::{
    id, params,
    sql::{self, Tx},
};
use std::collections::HashSet;
use uuid::Uuid;

/// Those of the entries that are private or no longer there.
const INSIDE: &str = "SELECT asked.id FROM unnest($1::uuid[]) AS asked (id)
    WHERE NOT EXISTS (SELECT FROM consent.entries e WHERE e.id = asked.id AND NOT e.private)";

/// The entry that an event is of: that says what is in it, or what is said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfEntry {
    pub id: Uuid,
    /// Whether it was private then.
    private: bool,
}

impl OfEntry {
    /// By the event's payload.
    pub fn read(payload: &str) -> Option<Self> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Members {
            journal_id: String,
            #[serde(default)]
            private: bool,
        }
        let Members { journal_id, private } = serde_json::from_str(payload).ok()?;
        Some(Self { id: id::parse(&journal_id)?, private })
    }

    /// Whether its event goes to no webhook; `inside`: the entries that are private now.
    pub fn stays(self, inside: &HashSet<Uuid>) -> bool {
        self.private || inside.contains(&self.id)
    }
}

/// The entries of these events that stay inside now.
pub async fn entries<'a>(tx: &Tx, news: impl Iterator<Item = &'a News<'a>>) -> Result<HashSet<Uuid>, sql::Abort> {
    let asked: Vec<Uuid> = news.filter_map(|news| news.entry).map(|entry| entry.id).collect();
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
            let expected = of_entries.contains(&kind).then(|| OfEntry { id: Uuid::from_u128(1), private: false });
            assert_eq!(OfEntry::read(fixture(kind)), expected, "{}", kind.name());
        }
        for other in ["{}", "no JSON", r#"{"journalId":7}"#] {
            assert_eq!(OfEntry::read(other), None, "{other}");
        }
    }

    #[test]
    fn an_event_stays_when_its_entry_is_private_or_was_so_then() {
        let payload = |private: &str| format!(r#"{{"journalId":"{}"{private}}}"#, Uuid::from_u128(1));
        let (now, other) = (HashSet::from([Uuid::from_u128(1)]), HashSet::from([Uuid::from_u128(2)]));
        for (private, inside, stays) in [
            ("", &other, false),
            (r#","private":false"#, &other, false),
            (r#","private":false"#, &now, true),
            (r#","private":true"#, &other, true),
        ] {
            assert_eq!(OfEntry::read(&payload(private)).unwrap().stays(inside), stays, "{private} {inside:?}");
        }
    }
}
