//! Events that go to no webhook, because the entry that they are of is private: neither what it says nor that it was written
//! leaves the platform. The write side is asked when sends are planned, and again before each: a send may wait for a day.

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

/// The entry that an event's payload is of: what it says of an entry, and what is said about it.
pub fn entry_of(payload: &str) -> Option<Uuid> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct OfEntry {
        journal_id: String,
    }
    serde_json::from_str::<OfEntry>(payload).ok().and_then(|of| id::parse(&of.journal_id))
}

/// The entries of these events that stay inside.
pub async fn entries<'a>(tx: &Tx, news: impl Iterator<Item = &'a News<'a>>) -> Result<HashSet<Uuid>, sql::Abort> {
    let asked: Vec<Uuid> = news.filter_map(|news| news.entry).collect();
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
            let expected = of_entries.contains(&kind).then(|| Uuid::from_u128(1));
            assert_eq!(entry_of(fixture(kind)), expected, "{}", kind.name());
        }
        assert_eq!((entry_of("{}"), entry_of("no JSON"), entry_of(r#"{"journalId":7}"#)), (None, None, None));
    }
}
