//! An event on its way into the log, in the transaction that makes it true.

use uuid::Uuid;

use super::Value;

/// What `delivery.publish` takes; position and source are the log's own.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    pub event_id: Uuid,
    pub event_type: String,
    pub version: String,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub occurred_at_us: i64,
    /// From 1, within the partition key.
    pub sequence: i64,
    pub partition_key: String,
    pub correlation_id: String,
    pub traceparent: Option<String>,
    pub user_id: Option<Uuid>,
    pub tenant_id: Option<String>,
    /// A JSON object.
    pub payload: String,
}

pub const PUBLISH: &str = "SELECT FROM delivery.publish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

// === impl NewEvent ===

impl NewEvent {
    pub fn params(&self) -> [Value; 11] {
        [
            self.event_id.into(),
            self.event_type.as_str().into(),
            self.version.as_str().into(),
            Value::Timestamp(self.occurred_at_us),
            self.sequence.into(),
            self.partition_key.as_str().into(),
            self.correlation_id.as_str().into(),
            self.traceparent.as_deref().into(),
            self.user_id.into(),
            self.tenant_id.as_deref().into(),
            Value::Json(self.payload.clone()),
        ]
    }
}
