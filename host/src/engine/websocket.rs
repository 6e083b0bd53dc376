//! The calls for connections that the host keeps: each an ordinary call with a deadline, after which nothing of it remains.

use super::{failure::CallFailure, job::Work, provider::Provider, purpose::Purpose};
use crate::capability::websocket::bindings::mindflow::platform::websocket::{Happening, Message, Performed, Reaction};
use mindflow_backends::messaging::realtime::Item;
use std::sync::Arc;

// === impl Provider ===

impl Provider {
    /// What happens to a connection.
    pub async fn socket(
        self: &Arc<Self>,
        state: Vec<u8>,
        happening: Happening,
        correlation_id: Arc<str>,
    ) -> Result<Reaction, CallFailure> {
        let purpose = Purpose::of_connection("connection", correlation_id);
        let work = move |reply| Work::Socket { state, happening, reply };
        self.run(self.current(), purpose, self.deadline(), work).await
    }

    /// A task of a connection. Inner `Err`: the component did not understand it.
    pub async fn socket_task(
        self: &Arc<Self>,
        state: Vec<u8>,
        work: Vec<u8>,
        correlation_id: Arc<str>,
    ) -> Result<Result<Performed, ()>, CallFailure> {
        let purpose = Purpose::of_connection("connection task", correlation_id);
        let work = move |reply| Work::SocketTask { state, work, reply };
        self.run(self.current(), purpose, self.deadline(), work).await
    }

    /// An item of a topic that a connection subscribes to, at its cursor. Inner `Err`: the component did not understand it.
    pub async fn socket_item(
        self: &Arc<Self>,
        state: Vec<u8>,
        work: Vec<u8>,
        item: Item,
        correlation_id: Arc<str>,
    ) -> Result<Result<Vec<Message>, ()>, CallFailure> {
        let purpose = Purpose::of_connection("connection item", correlation_id);
        let work = move |reply| Work::SocketItem { state, work, item, reply };
        self.run(self.current(), purpose, self.deadline(), work).await
    }
}
