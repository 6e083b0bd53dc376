//! A WebSocket connection as a component sees it: messages in and out, through bounded channels that
//! the WebSocket trigger serves.

use super::bindings::platform::websocket::{self as wit, Message};
use crate::engine::State;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};
use wasmtime::component::{Accessor, HasSelf, Resource};

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

impl wit::Host for State {}
impl wit::HostSocket for State {}

type Own<'a> = &'a Accessor<State, HasSelf<State>>;

fn socket(accessor: Own<'_>, handle: &Resource<Socket>) -> wasmtime::Result<Socket> {
    Ok(accessor.with(|mut store| store.get().resource(handle))?)
}

impl wit::HostSocketWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Own<'_>, handle: Resource<Socket>) -> wasmtime::Result<()> {
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }

    async fn receive(accessor: Own<'_>, handle: Resource<Socket>) -> wasmtime::Result<Option<Message>> {
        Ok(socket(accessor, &handle)?.incoming.lock().await.recv().await)
    }

    async fn send(accessor: Own<'_>, handle: Resource<Socket>, message: Message) -> wasmtime::Result<bool> {
        Ok(socket(accessor, &handle)?.outgoing.send(Outgoing::Message(message)).await.is_ok())
    }

    async fn close(accessor: Own<'_>, handle: Resource<Socket>, code: u16, reason: String) -> wasmtime::Result<()> {
        let _ = socket(accessor, &handle)?.outgoing.send(Outgoing::Close { code, reason }).await;
        Ok(())
    }
}
