//! One event as a line of an export: the public envelope, and what else the archive knows of it. The
//! payload is passed on as Postgres wrote it, so that no number of it loses a digit on the way.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_postgres::Row;
use uuid::Uuid;

use super::ArchiveError;
use crate::delivery::Metadata;
use crate::delivery::envelope::EnvelopeError;

/// The columns that [`Line::from_row`] reads.
pub(super) const COLUMNS: &str = "position, event_id, event_type, version, occurred_at, source, source_component, \
     correlation_id, traceparent, sequence, partition_key, user_id, tenant_id, archived_at, payload::text AS payload";

/// See the module.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) position: i64,
    pub(super) event_id: Uuid,
    pub(super) event_type: String,
    pub(super) version: String,
    pub(super) timestamp: Timestamp,
    pub(super) source: String,
    /// The component that published it.
    pub(super) source_component: String,
    pub(super) correlation_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) traceparent: Option<String>,
    pub(super) sequence: i64,
    pub(super) partition_key: String,
    pub(super) metadata: Metadata,
    pub(super) archived_at: Timestamp,
    pub(super) payload: Box<RawValue>,
}

// === impl Line ===

impl Line {
    pub(super) fn from_row(row: &Row) -> Result<Self, ArchiveError> {
        fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, EnvelopeError> {
            row.try_get(name).map_err(EnvelopeError::Column)
        }
        let time = |name| {
            let time: SystemTime = column(row, name)?;
            Timestamp::try_from(time).map_err(EnvelopeError::Timestamp)
        };
        Ok(Self {
            position: column(row, "position")?,
            event_id: column(row, "event_id")?,
            event_type: column(row, "event_type")?,
            version: column(row, "version")?,
            timestamp: time("occurred_at")?,
            source: column(row, "source")?,
            source_component: column(row, "source_component")?,
            correlation_id: column(row, "correlation_id")?,
            traceparent: column(row, "traceparent")?,
            sequence: column(row, "sequence")?,
            partition_key: column(row, "partition_key")?,
            metadata: Metadata { user_id: column(row, "user_id")?, tenant_id: column(row, "tenant_id")? },
            archived_at: time("archived_at")?,
            payload: RawValue::from_string(column(row, "payload")?).map_err(ArchiveError::Write)?,
        })
    }

    /// The line with its end.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, ArchiveError> {
        let mut text = serde_json::to_vec(self).map_err(ArchiveError::Write)?;
        text.push(b'\n');
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_envelope_and_its_place_and_keeps_every_digit() {
        let text = concat!(
            r#"{"position":2026110000000042,"eventId":"0190f5fe-7c00-7a00-8000-000000000001","eventType":"A","#,
            r#""version":"1.0","timestamp":"2026-11-01T00:00:00.000001Z","source":"command-service","#,
            r#""sourceComponent":"command","correlationId":"c-1","sequence":17,"partitionKey":"entry:1","metadata":{},"#,
            r#""archivedAt":"2026-11-01T00:00:01Z","payload":{"n": 1.10, "big": 123456789012345678901234567890}}"#,
            "\n"
        );
        let line: Line = serde_json::from_str(text).unwrap();
        assert_eq!(String::from_utf8(line.to_json().unwrap()).unwrap(), text);
        let event: crate::delivery::Event =
            serde_json::from_str(&text.replace("123456789012345678901234567890", "1")).unwrap();
        assert_eq!((event.sequence, event.partition_key.as_str()), (17, "entry:1"));
    }
}
