//! An event on its way into the log, in the transaction that makes it true.

use uuid::Uuid;

use super::{Error, Value};

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

/// An event as a component says it.
#[derive(Clone, Debug)]
pub struct Draft {
    pub event_type: String,
    pub version: String,
    pub sequence: u64,
    pub partition_key: String,
    pub correlation_id: String,
    pub traceparent: Option<String>,
    pub user_id: Option<String>,
    pub tenant_id: Option<String>,
    pub payload: String,
}

/// Takes [`NewEvent::params`].
pub const PUBLISH: &str = "SELECT FROM delivery.publish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

// === impl NewEvent ===

impl NewEvent {
    /// The event, with an id and the time of its own.
    ///
    /// # Errors
    /// `InvalidParams`: the payload is no JSON object, the user's id no UUID, the key empty, or the sequence below 1 or too large.
    pub fn new(draft: Draft, event_id: Uuid, occurred_at_us: i64) -> Result<Self, Error> {
        let invalid = |rule: &str| Error::InvalidParams(format!("the event's {rule}"));
        let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&draft.payload).is_ok();
        if !is_object {
            return Err(invalid("payload is not a JSON object"));
        }
        let user_id = draft
            .user_id
            .map(|id| id.parse::<Uuid>().map_err(|_| invalid(&format!("user-id {id:?} is no UUID"))))
            .transpose()?;
        let sequence = i64::try_from(draft.sequence).map_err(|_| invalid("sequence is too large"))?;
        if sequence < 1 || draft.partition_key.is_empty() {
            return Err(Error::InvalidParams("an event needs a partition key and a sequence from 1".into()));
        }
        Ok(Self {
            event_id,
            event_type: draft.event_type,
            version: draft.version,
            occurred_at_us,
            sequence,
            partition_key: draft.partition_key,
            correlation_id: draft.correlation_id,
            traceparent: draft.traceparent,
            user_id,
            tenant_id: draft.tenant_id,
            payload: draft.payload,
        })
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            event_type: "TagCreated".into(),
            version: "1.0".into(),
            sequence: 3,
            partition_key: "tag:1".into(),
            correlation_id: "c".into(),
            traceparent: None,
            user_id: Some(Uuid::from_u128(2).to_string()),
            tenant_id: None,
            payload: r#"{"name": "morning"}"#.into(),
        }
    }

    #[test]
    fn an_event_gets_an_id_and_a_time() {
        let event = NewEvent::new(draft(), Uuid::from_u128(1), 7).unwrap();
        assert_eq!((event.event_id, event.occurred_at_us, event.sequence), (Uuid::from_u128(1), 7, 3));
        assert_eq!(event.user_id, Some(Uuid::from_u128(2)));
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_field() {
        for (wrong, text) in [
            (Draft { payload: "[]".into(), ..draft() }, "the event's payload is not a JSON object"),
            (Draft { user_id: Some("x".into()), ..draft() }, "the event's user-id \"x\" is no UUID"),
            (Draft { sequence: u64::MAX, ..draft() }, "the event's sequence is too large"),
            (Draft { sequence: 0, ..draft() }, "an event needs a partition key and a sequence from 1"),
            (Draft { partition_key: String::new(), ..draft() }, "an event needs a partition key and a sequence from 1"),
        ] {
            assert_eq!(NewEvent::new(wrong, Uuid::nil(), 0), Err(Error::InvalidParams(text.into())));
        }
    }
}
