//! An event on its way into the outbox, in the transaction that makes it true.

use uuid::Uuid;

use super::Value;

/// A row of `delivery.outbox`; its position and the doorbell are the table's own.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEvent {
    pub event_id: Uuid,
    pub event_type: String,
    pub version: String,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub occurred_at_us: i64,
    /// As the envelope names it, such as `command-service`.
    pub source: String,
    /// The publishing component; the table takes only a role's own.
    pub source_component: String,
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

pub(super) const INSERT: &str = "INSERT INTO delivery.outbox (event_id, event_type, version, occurred_at, source, \
     source_component, sequence, partition_key, correlation_id, traceparent, user_id, tenant_id, payload) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

// === impl OutboxEvent ===

impl OutboxEvent {
    pub(super) fn params(&self) -> [Value; 13] {
        [
            self.event_id.into(),
            self.event_type.as_str().into(),
            self.version.as_str().into(),
            Value::Timestamp(self.occurred_at_us),
            self.source.as_str().into(),
            self.source_component.as_str().into(),
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
