//! The event as it travels: the public JSON envelope on the wire, `mindflow:platform/events.event`
//! in a component, a row of the archive. One type for all, so that nothing is lost between them.

mod record;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use uuid::Uuid;

pub use record::{EventRecord, EventRecordError, uuid};

use crate::sql::Value;

/// An immutable fact, ordered within its partition key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Consumers dedupe by it.
    pub event_id: Uuid,
    /// Such as `JournalEntryCreated`.
    pub event_type: String,
    /// Of the payload's shape, such as `1.0`.
    pub version: String,
    /// When it happened; microseconds are kept.
    pub timestamp: Timestamp,
    /// Who published it, such as `command-service`.
    pub source: String,
    pub correlation_id: String,
    /// W3C trace context of the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Rises by one within the partition key, from 1.
    pub sequence: u64,
    /// The aggregate, such as `entry:{uuid}`: events of one key are delivered one after another.
    pub partition_key: String,
    pub metadata: Metadata,
    pub payload: Map<String, serde_json::Value>,
}

/// Whom the event concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// Why a stored event cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    #[error("the time is outside the calendar")]
    Timestamp(#[source] jiff::Error),
    #[error("the sequence is outside 1..=2^63-1")]
    Sequence,
    #[cfg(feature = "driver")]
    #[error("a column of the event cannot be read")]
    Column(#[source] tokio_postgres::Error),
    #[error("the columns of the event are others than were asked for")]
    Columns,
    #[error("the event's envelope cannot be read")]
    Json(#[source] serde_json::Error),
}

/// The archive's columns in the order of [`Event::from_values`], under the alias `a`.
pub const COLUMNS: &str = "a.event_id, a.event_type, a.version, a.occurred_at, a.source, a.correlation_id, \
     a.traceparent, a.sequence, a.partition_key, a.user_id, a.tenant_id, a.payload";
/// How many those are.
pub const COLUMN_COUNT: usize = 12;

// === impl Event ===

impl Event {
    /// The time in microseconds since 1970-01-01T00:00:00Z, as the WIT record has it.
    #[must_use]
    pub fn timestamp_us(&self) -> i64 {
        self.timestamp.as_microsecond()
    }

    /// About as many bytes as the payload's text has.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        fn len(value: &serde_json::Value) -> usize {
            match value {
                serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => 5,
                serde_json::Value::String(text) => text.len() + 2,
                serde_json::Value::Array(values) => values.iter().map(|value| len(value) + 1).sum::<usize>() + 2,
                serde_json::Value::Object(fields) => of(fields),
            }
        }
        fn of(fields: &Map<String, serde_json::Value>) -> usize {
            fields.iter().map(|(name, value)| name.len() + len(value) + 4).sum::<usize>() + 2
        }
        of(&self.payload)
    }

    /// The payload as the text that the WIT record carries.
    #[must_use]
    pub fn payload_text(&self) -> String {
        serde_json::to_string(&self.payload).unwrap_or_default()
    }

    /// Reads [`COLUMNS`] in their order.
    ///
    /// # Errors
    /// They are not an event's.
    pub fn from_values(columns: [Value; COLUMN_COUNT]) -> Result<Self, EnvelopeError> {
        let [
            Value::Uuid(event_id),
            Value::Text(event_type),
            Value::Text(version),
            Value::Timestamp(occurred_at_us),
            Value::Text(source),
            Value::Text(correlation_id),
            traceparent,
            Value::Int64(sequence),
            Value::Text(partition_key),
            user_id,
            tenant_id,
            Value::Json(payload),
        ] = columns
        else {
            return Err(EnvelopeError::Columns);
        };
        let uuid = |text: &str| Uuid::try_parse(text).map_err(|_| EnvelopeError::Columns);
        let text = |value| match value {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(EnvelopeError::Columns),
        };
        let user_id = match user_id {
            Value::Null => None,
            Value::Uuid(id) => Some(uuid(&id)?),
            _ => return Err(EnvelopeError::Columns),
        };
        Ok(Self {
            event_id: uuid(&event_id)?,
            event_type,
            version,
            timestamp: Timestamp::from_microsecond(occurred_at_us).map_err(EnvelopeError::Timestamp)?,
            source,
            correlation_id,
            traceparent: text(traceparent)?,
            sequence: u64::try_from(sequence).map_err(|_| EnvelopeError::Sequence)?,
            partition_key,
            metadata: Metadata { user_id, tenant_id: text(tenant_id)? },
            payload: serde_json::from_str(&payload).map_err(EnvelopeError::Json)?,
        })
    }

    /// Reads [`COLUMNS`] by name.
    ///
    /// # Errors
    /// They are not an event's.
    #[cfg(feature = "driver")]
    pub fn from_row(row: &tokio_postgres::Row) -> Result<Self, EnvelopeError> {
        fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
            row: &'a tokio_postgres::Row,
            name: &str,
        ) -> Result<T, EnvelopeError> {
            row.try_get(name).map_err(EnvelopeError::Column)
        }
        let occurred_at: std::time::SystemTime = column(row, "occurred_at")?;
        let sequence: i64 = column(row, "sequence")?;
        let tokio_postgres::types::Json(payload) = column::<tokio_postgres::types::Json<_>>(row, "payload")?;
        Ok(Self {
            event_id: column(row, "event_id")?,
            event_type: column(row, "event_type")?,
            version: column(row, "version")?,
            timestamp: Timestamp::try_from(occurred_at).map_err(EnvelopeError::Timestamp)?,
            source: column(row, "source")?,
            correlation_id: column(row, "correlation_id")?,
            traceparent: column(row, "traceparent")?,
            sequence: u64::try_from(sequence).map_err(|_| EnvelopeError::Sequence)?,
            partition_key: column(row, "partition_key")?,
            metadata: Metadata { user_id: column(row, "user_id")?, tenant_id: column(row, "tenant_id")? },
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn envelope() -> Json {
        json!({
            "eventId": "0190f5fe-7c00-7a00-8000-000000000001", "eventType": "JournalEntryCreated", "version": "1.0",
            "timestamp": "2025-10-25T20:30:00.000001Z", "source": "command-service", "correlationId": "c-1",
            "sequence": 17, "partitionKey": "entry:1",
            "metadata": {"userId": "0190f5fe-7c00-7a00-8000-000000000002", "tenantId": "t"},
            "payload": {"title": "Ünïcode"}
        })
    }

    #[test]
    fn the_envelope_on_the_wire_is_the_public_one_and_survives_a_round_trip() {
        let event: Event = serde_json::from_value(envelope()).unwrap();
        assert_eq!(event.timestamp_us(), 1_761_424_200_000_001);
        assert_eq!(event.payload_text(), r#"{"title":"Ünïcode"}"#);
        assert_eq!(serde_json::to_value(&event).unwrap(), envelope());
    }

    #[test]
    fn an_event_without_user_or_tenant_has_empty_metadata() {
        let mut value = envelope();
        value["metadata"] = json!({});
        let event: Event = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(event.metadata, Metadata::default());
        assert_eq!(serde_json::to_value(&event).unwrap(), value);
    }

    fn columns(event: &Event) -> [Value; COLUMN_COUNT] {
        [
            event.event_id.into(),
            event.event_type.as_str().into(),
            event.version.as_str().into(),
            Value::Timestamp(event.timestamp_us()),
            event.source.as_str().into(),
            event.correlation_id.as_str().into(),
            event.traceparent.as_deref().into(),
            Value::Int64(17),
            event.partition_key.as_str().into(),
            event.metadata.user_id.into(),
            event.metadata.tenant_id.as_deref().into(),
            Value::Json(event.payload_text()),
        ]
    }

    #[test]
    fn a_row_of_the_archive_is_the_event() {
        let event: Event = serde_json::from_value(envelope()).unwrap();
        assert_eq!(Event::from_values(columns(&event)).unwrap(), event);
        assert_eq!(COLUMNS.split(", ").count(), COLUMN_COUNT);
    }

    #[test]
    fn columns_that_are_no_event_are_refused() {
        let event: Event = serde_json::from_value(envelope()).unwrap();
        let with = |index: usize, value| {
            let mut columns = columns(&event);
            columns[index] = value;
            Event::from_values(columns).unwrap_err()
        };
        assert!(matches!(with(0, Value::Null), EnvelopeError::Columns));
        assert!(matches!(with(7, Value::Int64(-1)), EnvelopeError::Sequence));
        assert!(matches!(with(9, Value::Text("x".into())), EnvelopeError::Columns));
        assert!(matches!(with(11, Value::Json("[]".into())), EnvelopeError::Json(_)));
    }
}
