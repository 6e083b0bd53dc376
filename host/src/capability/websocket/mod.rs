//! A WebSocket connection as a component sees it: messages in and out, through bounded channels that
//! the WebSocket trigger serves.

use super::{Capability, Grantee, OpenError, Opening, Own, Scratch, State};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};
use wasmtime::component::{Accessor, HasSelf, Linker, Resource};

bindings!(
    "import mindflow:platform/websocket@0.1.0;",
    with: { "mindflow:platform/websocket.socket": super::Socket }
);

use bindings::mindflow::platform::websocket::{self as wit, Message};

/// There is nothing to open: connections come from the WebSocket trigger.
pub struct Sockets;

/// What a component does to a connection.
#[derive(Debug)]
pub enum Outgoing {
    Message(Message),
    Close { code: u16, reason: String },
}

/// A component's end of a connection.
#[derive(Clone)]
pub struct Socket {
    incoming: Arc<Mutex<mpsc::Receiver<Message>>>,
    outgoing: mpsc::Sender<Outgoing>,
}

impl Socket {
    pub fn new(incoming: mpsc::Receiver<Message>, outgoing: mpsc::Sender<Outgoing>) -> Self {
        Self { incoming: Arc::new(Mutex::new(incoming)), outgoing }
    }
}

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
impl wit::HostSocket for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn socket(accessor: Store<'_>, handle: &Resource<Socket>) -> wasmtime::Result<Socket> {
    Ok(accessor.with(|mut store| store.get().resource(handle))?)
}

impl wit::HostSocketWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Store<'_>, handle: Resource<Socket>) -> wasmtime::Result<()> {
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }

    async fn receive(accessor: Store<'_>, handle: Resource<Socket>) -> wasmtime::Result<Option<Message>> {
        Ok(socket(accessor, &handle)?.incoming.lock().await.recv().await)
    }

    async fn send(accessor: Store<'_>, handle: Resource<Socket>, message: Message) -> wasmtime::Result<bool> {
        Ok(socket(accessor, &handle)?.outgoing.send(Outgoing::Message(message)).await.is_ok())
    }

    async fn close(accessor: Store<'_>, handle: Resource<Socket>, code: u16, reason: String) -> wasmtime::Result<()> {
        let _ = socket(accessor, &handle)?.outgoing.send(Outgoing::Close { code, reason }).await;
        Ok(())
    }
}
