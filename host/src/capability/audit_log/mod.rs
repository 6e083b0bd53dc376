//! The audit trail, for the component that fills it and shows it to administrators.

use super::{
    Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, Settings, State, Unbound,
    events::{self, bindings::mindflow::platform::events::Event},
};
use mindflow_backends::{
    data_keys::Keeper,
    delivery,
    error::chain,
    records,
    records::audit::{self as store, AuditLog},
};
use mindflow_platform::event::{EventRecord, EventRecordError, uuid};
use mindflow_platform::refusal;
use serde::Deserialize;
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!(
    "
        import mindflow:platform/audit-writer@0.1.0;
        import mindflow:platform/audit-reader@0.1.0;
    ",
    with: { "mindflow:platform/events": crate::capability::events::bindings::mindflow::platform::events }
);

use bindings::mindflow::platform::{
    audit_reader::{self as reader, Audited},
    audit_writer as writer,
};

/// The one audit trail of the platform.
#[derive(Clone)]
pub struct Trail {
    log: Arc<dyn AuditLog>,
    /// Payloads are sealed in it, and opened for those who read it.
    keeper: Option<Arc<Keeper>>,
}

impl Trail {
    pub(crate) fn shared(&self) -> Arc<dyn AuditLog> {
        Arc::clone(&self.log)
    }

    pub(crate) fn store(&self) -> &dyn AuditLog {
        &*self.log
    }
}

/// What a component may do with the audit trail. No component may change what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grant {
    Append,
    Read,
}

impl Capability for Trail {
    const GRANT: Option<&'static str> = Some("audit-log");
    const SETTINGS: Option<&'static str> = Some("audit-log");
    type Grant = Vec<Grant>;
    type Settings = records::Config;
    /// To append, to read, or both: the imports are checked against the grant.
    type Access = Option<Self>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        writer::add_to_linker::<_, Own>(linker, |state| state)?;
        reader::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = |grant| grantee.grants.audit_log.contains(&grant);
        match interface {
            "mindflow:platform/audit-writer" => {
                Some(Requirement::tool(granted(Grant::Append), r#"audit-log = ["append"]"#))
            }
            "mindflow:platform/audit-reader" => {
                Some(Requirement::tool(granted(Grant::Read), r#"audit-log = ["read"]"#))
            }
            _ => None,
        }
    }

    fn check_settings(settings: &Settings) -> Result<(), Unbound> {
        settings.require_database(settings.audit_log.database(), "[audit-log]")
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let trail = store::open(&opening.settings.audit_log, opening.databases, opening.clock.clone()).await;
        Ok(Self { log: trail.map_err(OpenError::new)?, keeper: opening.keeper.clone() })
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        (!grantee.grants.audit_log.is_empty()).then(|| self.clone())
    }

    /// None: a record of a replay is no record of what happened.
    async fn shadow(_: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(None)
    }
}

impl writer::Host for State {}
impl reader::Host for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

/// Why a call is refused, before it becomes the error of one of the two interfaces.
enum Refusal {
    Unavailable(String),
    Invalid(String),
}

fn trail(accessor: Store<'_>) -> Result<Trail, Refusal> {
    let granted = accessor.with(|mut store| store.get().access.audit_log.clone());
    granted.ok_or_else(|| Refusal::Unavailable(refusal::AUDIT_TRAIL.into()))
}

impl writer::HostWithStore<State> for HasSelf<State> {
    async fn append(accessor: Store<'_>, event: Event) -> wasmtime::Result<Result<u64, writer::Error>> {
        let append = async {
            let trail = trail(accessor)?;
            let [event] = &trail.sealed([envelope(event)?]).await?;
            Ok::<_, Refusal>(trail.log.append(event).await?.number)
        };
        Ok(append.await.map_err(Into::into))
    }

    async fn append_batch(accessor: Store<'_>, events: Vec<Event>) -> wasmtime::Result<Result<(), writer::Error>> {
        let append = async {
            let trail = trail(accessor)?;
            let events = events.into_iter().map(envelope).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, Refusal>(trail.log.append_all(trail.sealed(events).await?).await?)
        };
        Ok(append.await.map_err(Into::into))
    }
}

impl reader::HostWithStore<State> for HasSelf<State> {
    async fn page(
        accessor: Store<'_>,
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
            let trail = trail(accessor)?;
            let records = trail.log.page(&filter, first.min(store::PAGE_MAX), before).await?;
            trail.audited(&records).await
        };
        Ok(page.await.map_err(Into::into))
    }
}

impl Trail {
    /// A component that keeps events gets them sealed, but for those that are in clear in the log.
    async fn sealed<E: AsMut<[delivery::Event]>>(&self, mut events: E) -> Result<E, Refusal> {
        if let Some(keeper) = &self.keeper {
            let sealed = keeper.seal(events.as_mut()).await;
            sealed.map_err(|error| Refusal::Unavailable(chain(&error)))?;
        }
        Ok(events)
    }

    /// With payloads in clear, as far as they can be read.
    async fn audited(&self, records: &[store::Record]) -> Result<Vec<Audited>, Refusal> {
        let content = records.iter().map(|record| record.content().map_err(|error| unreadable(record, error)));
        let content = content.collect::<Result<Vec<_>, _>>()?;
        let kept: Vec<_> = content.iter().map(|content| &content.event).collect();
        let shown = match &self.keeper {
            Some(keeper) => keeper.keys().show(&kept).await.map_err(|error| Refusal::Unavailable(error.to_string()))?,
            None => kept.into_iter().map(|event| Ok(event.clone())).collect(),
        };
        let audited = records.iter().zip(&content).zip(shown).map(|((record, content), event)| {
            Ok(Audited {
                number: record.number,
                hash: record.hash.to_string(),
                received_at: content.received_at.as_microsecond(),
                event: events::record(&event.map_err(|error| unreadable(record, error))?),
            })
        });
        audited.collect()
    }
}

fn unreadable(record: &store::Record, error: impl std::fmt::Display) -> Refusal {
    Refusal::Unavailable(format!("record {} cannot be read: {error}", record.number))
}

fn envelope(event: Event) -> Result<delivery::Event, Refusal> {
    Ok(EventRecord::from(event).try_into()?)
}

impl From<EventRecordError> for Refusal {
    fn from(error: EventRecordError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<store::AuditError> for Refusal {
    fn from(error: store::AuditError) -> Self {
        Self::Unavailable(chain(&error))
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
