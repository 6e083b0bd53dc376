//! What a connection asks of its component. The host's provider answers it; in tests, a model of a component does.

use crate::{
    capability::{
        realtime::bindings::mindflow::platform::realtime::Error,
        websocket::bindings::mindflow::platform::websocket::{Happening, Message, Performed, Reaction},
    },
    engine::{CallFailure, Provider},
};
use mindflow_backends::messaging::realtime::{Item, Subscription};
use std::sync::Arc;

/// An item of a topic, and what it is presented by.
#[derive(Clone)]
pub(super) struct Notice {
    pub work: Vec<u8>,
    pub item: Item,
}

pub(super) trait Component: Send + Sync + 'static {
    /// The next step.
    fn step(
        self: &Arc<Self>,
        state: Vec<u8>,
        happening: Happening,
        correlation_id: Arc<str>,
    ) -> impl Future<Output = Result<Reaction, CallFailure>> + Send;

    /// A task. Inner `Err`: not understood.
    fn perform(
        self: &Arc<Self>,
        state: Vec<u8>,
        work: Vec<u8>,
        correlation_id: Arc<str>,
    ) -> impl Future<Output = Result<Result<Performed, ()>, CallFailure>> + Send;

    /// What an item of a topic means to the client. Inner `Err`: not understood.
    fn present(
        self: &Arc<Self>,
        state: Vec<u8>,
        notice: Notice,
        correlation_id: Arc<str>,
    ) -> impl Future<Output = Result<Result<Vec<Message>, ()>, CallFailure>> + Send;

    /// A topic, if the component's grant covers it.
    fn listen(
        &self,
        topic: &str,
        after: Option<String>,
    ) -> impl Future<Output = Result<Box<dyn Subscription>, Error>> + Send;
}

impl Component for Provider {
    async fn step(
        self: &Arc<Self>,
        state: Vec<u8>,
        happening: Happening,
        correlation_id: Arc<str>,
    ) -> Result<Reaction, CallFailure> {
        self.socket(state, happening, correlation_id).await
    }

    async fn perform(
        self: &Arc<Self>,
        state: Vec<u8>,
        work: Vec<u8>,
        correlation_id: Arc<str>,
    ) -> Result<Result<Performed, ()>, CallFailure> {
        self.socket_task(state, work, correlation_id).await
    }

    async fn present(
        self: &Arc<Self>,
        state: Vec<u8>,
        notice: Notice,
        correlation_id: Arc<str>,
    ) -> Result<Result<Vec<Message>, ()>, CallFailure> {
        let Notice { work, item } = notice;
        self.socket_item(state, work, item, correlation_id).await
    }

    async fn listen(&self, topic: &str, after: Option<String>) -> Result<Box<dyn Subscription>, Error> {
        self.access().realtime.subscribe(self.name(), topic, after).await
    }
}
