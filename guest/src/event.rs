//! Reading and writing events' payloads.

use crate::bindings::mindflow::platform::{
    call::CallContext,
    events::{Event, Failure, NewEvent},
};
use serde::{Serialize, de::DeserializeOwned};

/// The payload as the type that the event promises; one that does not fit is rejected for good.
pub fn payload<T: DeserializeOwned>(event: &Event) -> Result<T, Failure> {
    serde_json::from_str(&event.payload)
        .map_err(|error| Failure::Reject(format!("payload of {} {}: {error}", event.event_type, event.version)))
}

/// A failed attempt: the retry schedule applies.
pub fn retry(reason: impl std::fmt::Display) -> Failure {
    Failure::Retry((reason.to_string(), None))
}

/// An event of payload version 1.0 that follows from the call.
pub fn new(
    context: &CallContext,
    event_type: &str,
    partition_key: String,
    sequence: u64,
    user_id: Option<String>,
    payload: &impl Serialize,
) -> Result<NewEvent, serde_json::Error> {
    Ok(NewEvent {
        event_type: event_type.to_owned(),
        version: "1.0".to_owned(),
        sequence,
        partition_key,
        correlation_id: context.correlation_id.clone(),
        traceparent: context.traceparent.clone(),
        user_id,
        tenant_id: None,
        payload: serde_json::to_string(payload)?,
    })
}
