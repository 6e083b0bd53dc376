//! The types of events, and which of them a component may publish. Publishing itself is a function of the
//! transaction that makes an event true: see `sql`.

use super::{Capability, Grantee, OpenError, Opening, Own, Scratch, State};
use mindflow_backends::delivery::Event;
use mindflow_platform::event::EventRecord;
use std::collections::BTreeSet;
use wasmtime::component::Linker;

bindings!(
    "
    import mindflow:platform/call@0.1.0;
    import mindflow:platform/events@0.1.0;
"
);

use bindings::mindflow::platform::{call, events as wit};

/// There is nothing to open: the queues belong to event delivery.
pub struct Events;

/// What a component may say of events.
#[derive(Debug, Clone)]
pub struct Access {
    /// The event types that it may publish.
    pub publishes: BTreeSet<String>,
    /// The names of its subscriptions, whose events it may mark as applied.
    pub subscriptions: BTreeSet<String>,
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

    async fn open(_: &Opening<'_>) -> Result<Self, OpenError> {
        Ok(Self)
    }

    fn access(&self, grantee: &Grantee<'_>) -> Access {
        Access { publishes: grantee.grants.events.clone(), subscriptions: grantee.subscriptions.clone() }
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
