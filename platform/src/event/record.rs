//! The event as components have it: `mindflow:platform/events.event`, one field for one.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Event, Metadata};

/// See the WIT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    pub id: String,
    pub event_type: String,
    pub version: String,
    pub timestamp: i64,
    pub source: String,
    pub sequence: u64,
    pub partition_key: String,
    pub correlation_id: String,
    pub traceparent: Option<String>,
    pub user_id: Option<String>,
    pub tenant_id: Option<String>,
    pub payload: String,
}

/// Why a component's record is no event.
#[derive(Debug, thiserror::Error)]
pub enum EventRecordError {
    #[error("{0} must be a UUID")]
    Uuid(&'static str),
    #[error("timestamp is outside the calendar")]
    Timestamp,
    #[error("payload is no JSON object: {0}")]
    Payload(serde_json::Error),
}

/// Makes a binding of `mindflow:platform/events.event` and [`EventRecord`] of each other, field for field: each program has a type of
/// its own, made from the same WIT.
#[macro_export]
macro_rules! event_record {
    ($bound:ty) => {
        impl From<$crate::event::EventRecord> for $bound {
            fn from(record: $crate::event::EventRecord) -> Self {
                Self {
                    id: record.id,
                    event_type: record.event_type,
                    version: record.version,
                    timestamp: record.timestamp,
                    source: record.source,
                    sequence: record.sequence,
                    partition_key: record.partition_key,
                    correlation_id: record.correlation_id,
                    traceparent: record.traceparent,
                    user_id: record.user_id,
                    tenant_id: record.tenant_id,
                    payload: record.payload,
                }
            }
        }

        impl From<$bound> for $crate::event::EventRecord {
            fn from(event: $bound) -> Self {
                Self {
                    id: event.id,
                    event_type: event.event_type,
                    version: event.version,
                    timestamp: event.timestamp,
                    source: event.source,
                    sequence: event.sequence,
                    partition_key: event.partition_key,
                    correlation_id: event.correlation_id,
                    traceparent: event.traceparent,
                    user_id: event.user_id,
                    tenant_id: event.tenant_id,
                    payload: event.payload,
                }
            }
        }
    };
}

impl From<&Event> for EventRecord {
    fn from(event: &Event) -> Self {
        Self {
            id: event.event_id.to_string(),
            event_type: event.event_type.clone(),
            version: event.version.clone(),
            timestamp: event.timestamp_us(),
            source: event.source.clone(),
            sequence: event.sequence,
            partition_key: event.partition_key.clone(),
            correlation_id: event.correlation_id.clone(),
            traceparent: event.traceparent.clone(),
            user_id: event.metadata.user_id.map(|id| id.to_string()),
            tenant_id: event.metadata.tenant_id.clone(),
            payload: event.payload_text(),
        }
    }
}

impl TryFrom<EventRecord> for Event {
    type Error = EventRecordError;

    fn try_from(record: EventRecord) -> Result<Self, EventRecordError> {
        let user_id = record.user_id.as_deref().map(|id| uuid("user-id", id)).transpose()?;
        Ok(Self {
            event_id: uuid("id", &record.id)?,
            event_type: record.event_type,
            version: record.version,
            timestamp: Timestamp::from_microsecond(record.timestamp).map_err(|_| EventRecordError::Timestamp)?,
            source: record.source,
            correlation_id: record.correlation_id,
            traceparent: record.traceparent,
            sequence: record.sequence,
            partition_key: record.partition_key,
            metadata: Metadata { user_id, tenant_id: record.tenant_id },
            payload: serde_json::from_str(&record.payload).map_err(EventRecordError::Payload)?,
        })
    }
}

/// A UUID of a component's; `field` names it in the error.
///
/// # Errors
/// It is none.
pub fn uuid(field: &'static str, text: &str) -> Result<Uuid, EventRecordError> {
    text.parse().map_err(|_| EventRecordError::Uuid(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> EventRecord {
        EventRecord {
            id: Uuid::from_u128(1).to_string(),
            event_type: "TagCreated".into(),
            version: "1.0".into(),
            timestamp: 1_795_000_000_000_001,
            source: "command-service".into(),
            sequence: 3,
            partition_key: "tag:1".into(),
            correlation_id: "c".into(),
            traceparent: None,
            user_id: Some(Uuid::from_u128(2).to_string()),
            tenant_id: Some("t".into()),
            payload: r#"{"name":"morning"}"#.into(),
        }
    }

    #[test]
    fn a_components_record_is_the_event_and_back() {
        let event = Event::try_from(record()).unwrap();
        assert_eq!(EventRecord::from(&event), record());
    }

    #[test]
    fn a_record_that_is_no_event_is_refused_with_its_field() {
        for (wrong, says) in [
            (EventRecord { id: "x".into(), ..record() }, "id must be a UUID"),
            (EventRecord { user_id: Some("x".into()), ..record() }, "user-id must be a UUID"),
            (EventRecord { timestamp: i64::MAX, ..record() }, "timestamp is outside the calendar"),
            (EventRecord { payload: "[]".into(), ..record() }, "payload is no JSON object: "),
        ] {
            let error = Event::try_from(wrong).unwrap_err().to_string();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
