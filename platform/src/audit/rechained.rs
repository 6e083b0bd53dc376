//! Before payloads were sealed, the trail had hashes of what users wrote: somebody who knows all of a record but a short text could try
//! texts against its hash, even after its key is gone. So it is verified and chained again over sealed payloads; one record states
//! the former head. No other former hash is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Content, Hash, Head, Record};
use crate::event::{Event, Metadata};

/// The type of the event that the record is of. No component publishes it.
const EVENT_TYPE: &str = "AuditTrailRechained";

/// What the record states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rechained {
    /// Of the former chain, which ended at the record before.
    pub former: Head,
    /// What was wrong with the former chain; none: it was intact.
    pub defect: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    former_head: String,
    former_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    former_defect: Option<String>,
}

// === impl Rechained ===

impl Rechained {
    /// The record that states it, behind the chain's head.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn record(&self, head: Head, event_id: Uuid, at: Timestamp) -> Result<Record, serde_json::Error> {
        let Self { former, defect } = self;
        let former_head = format!("{}:{}", former.number, former.hash);
        let payload = Payload { former_head, former_version: 1, former_defect: defect.clone() };
        let payload = match serde_json::to_value(payload)? {
            Value::Object(members) => members,
            _ => serde_json::Map::new(),
        };
        let event = Event {
            event_id,
            event_type: EVENT_TYPE.to_owned(),
            version: "1.0".to_owned(),
            timestamp: at,
            source: "platform".to_owned(),
            correlation_id: event_id.to_string(),
            traceparent: None,
            sequence: 1,
            partition_key: "audit-trail".to_owned(),
            metadata: Metadata::default(),
            payload,
        };
        Record::next(head, &event, at)
    }

    /// What a record states, if it is such a one.
    #[must_use]
    pub fn read(record: &Record) -> Option<Self> {
        if record.event_type != EVENT_TYPE || record.user_id.is_some() {
            return None;
        }
        let Content { event, .. } = record.content().ok()?;
        let Payload { former_head, former_defect, .. } = serde_json::from_value(Value::Object(event.payload)).ok()?;
        let (number, hash) = former_head.split_once(':')?;
        let former = Head { number: number.parse().ok()?, hash: hash.parse::<Hash>().ok()? };
        Some(Self { former, defect: former_defect })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_states_the_former_head() {
        for defect in [None, Some("record 3: it is missing".to_owned())] {
            let stated = Rechained { former: Head { number: 7, hash: Hash::genesis() }, defect };
            let head = Head { number: 7, ..Head::default() };
            let record = stated.record(head, Uuid::from_u128(1), Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!((record.number, record.previous), (8, head.hash));
            assert_eq!(Rechained::read(&record), Some(stated));
        }
    }
}
