//! The types of WebSocket connections. There is nothing to import: the WebSocket trigger calls the component.

use super::{Capability, Grantee, OpenError, Opening, Own, Scratch, State};
use wasmtime::component::Linker;

bindings!("import mindflow:platform/websocket@0.1.0;");

use bindings::mindflow::platform::websocket as wit;

/// There is nothing to open: connections come from the WebSocket trigger.
pub struct Sockets;

impl Capability for Sockets {
    type Grant = ();
    type Settings = ();
    type Access = ();

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    async fn open(_: &Opening<'_>) -> Result<Self, OpenError> {
        Ok(Self)
    }

    /// Nothing to hold: the manifest's WebSocket route brings connections.
    fn access(&self, _: &Grantee<'_>) {}

    async fn shadow(_: &(), _: &Scratch<'_>) -> Result<(), OpenError> {
        Ok(())
    }
}

impl wit::Host for State {}
