//! The audit trail, for the component that fills it and shows it to administrators.

use super::bindings::platform::{
    audit_reader::{self as reader, Audited},
    audit_writer as writer,
    events::Event,
};
use crate::{cli::line, engine::State};
use jiff::Timestamp;
use mindflow_backends::{
    audit::{self as store, AuditLog},
    delivery,
};
use std::sync::Arc;
use uuid::Uuid;
use wasmtime::component::{Accessor, HasSelf};

/// A page of a hundred, and one more that tells whether others follow.
const PAGE_MAX: u32 = 101;

impl writer::Host for State {}
impl reader::Host for State {}

type Own<'a> = &'a Accessor<State, HasSelf<State>>;

/// Why the host does not do as it is asked, before it is the error of one of the two interfaces.
enum Refusal {
    Unavailable(String),
    Invalid(String),
}

fn trail(accessor: Own<'_>) -> Result<Arc<dyn AuditLog>, Refusal> {
    let granted = accessor.with(|mut store| store.get().grants.audit.clone());
    granted.ok_or_else(|| Refusal::Unavailable("the audit trail is not granted".into()))
}

impl writer::HostWithStore<State> for HasSelf<State> {
    async fn append(accessor: Own<'_>, event: Event) -> wasmtime::Result<Result<u64, writer::Error>> {
        let append = async { Ok::<_, Refusal>(trail(accessor)?.append(&envelope(event)?).await?.number) };
        Ok(append.await.map_err(Into::into))
    }
}

impl reader::HostWithStore<State> for HasSelf<State> {
    async fn page(
        accessor: Own<'_>,
        filter: reader::Filter,
        first: u32,
        before: Option<u64>,
    ) -> wasmtime::Result<Result<Vec<Audited>, reader::Error>> {
        let page = async {
            let filter = store::Filter {
                user_id: filter.user_id.as_deref().map(|id| uuid("user-id", id)).transpose()?,
                event_type: filter.event_type,
                since_us: filter.since,
                until_us: filter.until,
            };
            let records = trail(accessor)?.page(&filter, first.min(PAGE_MAX), before).await?;
            records.into_iter().map(audited).collect::<Result<Vec<_>, Refusal>>()
        };
        Ok(page.await.map_err(Into::into))
    }
}

fn audited(record: store::Record) -> Result<Audited, Refusal> {
    let unreadable = |error| Refusal::Unavailable(format!("record {} cannot be read: {error}", record.number));
    let content = record.content().map_err(unreadable)?;
    Ok(Audited {
        number: record.number,
        hash: record.hash.to_string(),
        received_at: content.received_at.as_microsecond(),
        event: crate::trigger::event::record(&content.event),
    })
}

fn envelope(event: Event) -> Result<delivery::Event, Refusal> {
    let timestamp = Timestamp::from_microsecond(event.timestamp)
        .map_err(|_| Refusal::Invalid("timestamp is outside the calendar".into()))?;
    Ok(delivery::Event {
        event_id: uuid("id", &event.id)?,
        event_type: event.event_type,
        version: event.version,
        timestamp,
        source: event.source,
        correlation_id: event.correlation_id,
        traceparent: event.traceparent,
        sequence: event.sequence,
        partition_key: event.partition_key,
        metadata: delivery::Metadata {
            user_id: event.user_id.as_deref().map(|id| uuid("user-id", id)).transpose()?,
            tenant_id: event.tenant_id,
        },
        payload: serde_json::from_str(&event.payload)
            .map_err(|error| Refusal::Invalid(format!("payload is no JSON object: {error}")))?,
    })
}

fn uuid(field: &str, text: &str) -> Result<Uuid, Refusal> {
    text.parse().map_err(|_| Refusal::Invalid(format!("{field} must be a UUID")))
}

impl From<store::AuditError> for Refusal {
    fn from(error: store::AuditError) -> Self {
        Self::Unavailable(line(&error))
    }
}

impl From<Refusal> for writer::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(reason) => Self::Unavailable(reason),
            Refusal::Invalid(reason) => Self::Invalid(reason),
        }
    }
}

impl From<Refusal> for reader::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(reason) => Self::Unavailable(reason),
            Refusal::Invalid(reason) => Self::Invalid(reason),
        }
    }
}
