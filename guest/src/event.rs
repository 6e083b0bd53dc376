//! Events: the payload of a delivered one, and new ones.

use crate::bindings::platform::mindflow::platform::{
    call::{CallContext, Credential, Error},
    events::{self, Event, Failure, NewEvent},
};
use crate::{failure, id};
use mindflow_events::{BadEvent, Kind, Payload, Subject};
use uuid::Uuid;

/// The event's payload; `None` when it is not of these kinds. The payloads of others are not read.
///
/// # Errors
/// The payload does not have the shape of its event.
pub fn payload(event: &Event, kinds: &[Kind]) -> Result<Option<Payload>, BadEvent> {
    let kind = Kind::of(&event.event_type).filter(|kind| kinds.contains(kind));
    kind.map(|kind| Payload::decode(kind, &event.version, &event.payload)).transpose()
}

/// The event's sequence as a database's `bigint`.
///
/// # Errors
/// It is larger than that.
pub fn sequence(event: &Event) -> Result<i64, BadEvent> {
    i64::try_from(event.sequence).map_err(|_| bad(event, "sequence", event.sequence))
}

/// # Errors
/// The event's id is not a UUID.
pub fn id(event: &Event) -> Result<Uuid, BadEvent> {
    id::parse(&event.id).ok_or_else(|| bad(event, "eventId", &event.id))
}

fn bad(event: &Event, field: &str, value: impl std::fmt::Display) -> BadEvent {
    BadEvent::Range { event_type: event.event_type.clone(), field: field.to_owned(), value: value.to_string() }
}

/// A failed attempt: the retry schedule applies.
pub fn retry(reason: impl std::fmt::Display) -> Failure {
    Failure::Retry((reason.to_string(), None))
}

/// Another attempt would not change it: the event goes to the dead letters.
impl From<BadEvent> for Failure {
    fn from(bad: BadEvent) -> Self {
        Self::Reject(bad.to_string())
    }
}

/// For calls that follow from the event: anonymous, under its correlation id.
pub fn context(event: &Event) -> CallContext {
    CallContext {
        credential: Credential::Anonymous,
        correlation_id: event.correlation_id.clone(),
        traceparent: event.traceparent.clone(),
        deadline_ms: None,
    }
}

/// An event that follows from a call.
///
/// # Errors
/// The payload cannot be encoded.
pub fn of_call(context: &CallContext, payload: &Payload, sequence: u64) -> Result<NewEvent, Error> {
    new(payload, sequence, context.correlation_id.clone(), context.traceparent.clone())
}

/// An event that follows from another one.
///
/// # Errors
/// The payload cannot be encoded.
pub fn of_event(cause: &Event, payload: &Payload, sequence: u64) -> Result<NewEvent, Error> {
    let event = new(payload, sequence, cause.correlation_id.clone(), cause.traceparent.clone())?;
    Ok(NewEvent { tenant_id: cause.tenant_id.clone(), ..event })
}

fn new(
    payload: &Payload,
    sequence: u64,
    correlation_id: String,
    traceparent: Option<String>,
) -> Result<NewEvent, Error> {
    Ok(NewEvent {
        event_type: payload.kind().name().to_owned(),
        version: payload.version().to_owned(),
        sequence,
        partition_key: payload.partition_key(),
        correlation_id,
        traceparent,
        user_id: payload.user_id().map(|id| id.to_string()),
        tenant_id: None,
        subject: match payload.subject() {
            Subject::Itself => events::Subject::Itself,
            Subject::Aggregate(name) => events::Subject::Aggregate(name),
            Subject::Unsealed => events::Subject::Unsealed,
        },
        payload: payload.to_json().map_err(failure::internal)?,
    })
}
