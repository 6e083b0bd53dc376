//! The types of events, and which of them a component may publish. Publishing itself is a function of the
//! transaction that makes an event true: see `sql`.

use super::{Capability, Grantee, OpenError, Opening, Own, Scratch, State};
use mindflow_backends::{
    data_keys::{DataKeys, Keeper},
    delivery::Event,
};
use mindflow_platform::event::EventRecord;
use std::{collections::BTreeSet, sync::Arc};
use wasmtime::component::Linker;

bindings!(
    "
    import mindflow:platform/call@0.1.0;
    import mindflow:platform/events@0.1.0;
"
);

use bindings::mindflow::platform::{call, events as wit};

/// The keys under which payloads are kept; the queues belong to event delivery.
pub struct Events(Option<Arc<Keeper>>);

/// What a component may say of events.
#[derive(Clone)]
pub struct Access {
    /// The event types that it may publish.
    pub publishes: BTreeSet<String>,
    /// The names of its subscriptions, whose events it may mark as applied.
    pub subscriptions: BTreeSet<String>,
    /// Seal the payloads, unless these are kept in clear; none where there is no event log.
    pub keys: Option<Arc<DataKeys>>,
    pub keeps_clear: bool,
}

impl call::Host for State {}
impl wit::Host for State {}

impl Capability for Events {
    const GRANT: Option<&'static str> = Some("publishes");
    type Grant = BTreeSet<String>;
    type Settings = ();
    type Access = Access;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        call::add_to_linker::<_, Own>(linker, |state| state)?;
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        Ok(Self(opening.keeper.clone()))
    }

    fn access(&self, grantee: &Grantee<'_>) -> Access {
        Access {
            publishes: grantee.grants.events.clone(),
            subscriptions: grantee.subscriptions.clone(),
            keys: self.0.as_ref().map(|keeper| Arc::clone(keeper.keys())),
            keeps_clear: self.0.as_ref().is_some_and(|keeper| !keeper.seals()),
        }
    }

    /// The same: what a shadow publishes stays in the log of its scratch database.
    async fn shadow(live: &Access, _: &Scratch<'_>) -> Result<Access, OpenError> {
        Ok(live.clone())
    }
}

mindflow_platform::event_record!(wit::Event);

/// An event as components receive it.
pub fn record(event: &Event) -> wit::Event {
    EventRecord::from(event).into()
}
