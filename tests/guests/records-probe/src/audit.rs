//! The audit trail.

use super::{Failure, answer};
use mindflow_guest::audit_reader::{self, Filter};
use mindflow_guest::audit_writer;
use mindflow_guest::events;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    Append(Event),
    AppendBatch(Vec<Event>),
    Page(Page),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Page {
    user_id: Option<String>,
    event_type: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    first: u32,
    before: Option<u64>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    id: String,
    event_type: String,
    version: String,
    timestamp: i64,
    source: String,
    sequence: u64,
    partition_key: String,
    correlation_id: String,
    traceparent: Option<String>,
    user_id: Option<String>,
    tenant_id: Option<String>,
    payload: String,
}

impl Call {
    pub async fn run(self) -> Value {
        match self {
            Self::Append(event) => answer(audit_writer::append(event.into()).await.map_err(unwritten)),
            Self::AppendBatch(events) => {
                let events = events.into_iter().map(Into::into).collect();
                answer(audit_writer::append_batch(events).await.map_err(unwritten))
            }
            Self::Page(Page { user_id, event_type, since, until, first, before }) => {
                let filter = Filter { user_id, event_type, since, until };
                let page = audit_reader::page(filter, first, before).await.map(|page| {
                    let audited = page.into_iter().map(|audited| {
                        json!([audited.number, audited.hash, audited.received_at, Event::from(audited.event)])
                    });
                    audited.collect::<Vec<_>>()
                });
                answer(page.map_err(unread))
            }
        }
    }
}

impl From<Event> for events::Event {
    fn from(event: Event) -> Self {
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

impl From<events::Event> for Event {
    fn from(event: events::Event) -> Self {
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

fn unwritten(error: audit_writer::Error) -> Failure {
    match error {
        audit_writer::Error::Unavailable(reason) => ("unavailable", reason),
        audit_writer::Error::Invalid(reason) => ("invalid", reason),
    }
}

fn unread(error: audit_reader::Error) -> Failure {
    match error {
        audit_reader::Error::Unavailable(reason) => ("unavailable", reason),
        audit_reader::Error::Invalid(reason) => ("invalid", reason),
    }
}
