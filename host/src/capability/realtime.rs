//! Notices to whoever listens now, on the topics that the manifest grants.

use super::{
    bindings::platform::realtime::{self as wit, Error, Item},
    covers,
};
use crate::engine::State;
use mindflow_backends::realtime as store;
use std::sync::Arc;
use tokio::sync::Mutex;
use wasmtime::component::{Accessor, HasSelf, Resource};

/// A listener on one topic.
#[derive(Clone)]
pub struct Subscription(Arc<Mutex<Box<dyn store::Subscription>>>);

impl wit::Host for State {}
impl wit::HostSubscription for State {}

type Own<'a> = &'a Accessor<State, HasSelf<State>>;

enum Use {
    Publish,
    Subscribe,
}

fn granted(accessor: Own<'_>, topic: &str, kind: &Use) -> Result<Arc<dyn store::Realtime>, Error> {
    accessor.with(|mut store| {
        let grants = &store.get().grants;
        let (patterns, verb) = match kind {
            Use::Publish => (&grants.topics.publish, "publish to"),
            Use::Subscribe => (&grants.topics.subscribe, "subscribe to"),
        };
        match &grants.realtime {
            Some(realtime) if covers(patterns, topic) => Ok(Arc::clone(realtime)),
            _ => Err(Error::AccessDenied(format!("`{}` may not {verb} topic `{topic}`", grants.component))),
        }
    })
}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn publish(accessor: Own<'_>, topic: String, data: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        match granted(accessor, &topic, &Use::Publish) {
            Ok(realtime) => Ok(realtime.publish(&topic, &data).await.map_err(Into::into)),
            Err(denied) => Ok(Err(denied)),
        }
    }

    async fn subscribe(
        accessor: Own<'_>,
        topic: String,
        after: Option<String>,
    ) -> wasmtime::Result<Result<Resource<Subscription>, Error>> {
        let realtime = match granted(accessor, &topic, &Use::Subscribe) {
            Ok(realtime) => realtime,
            Err(denied) => return Ok(Err(denied)),
        };
        match realtime.subscribe(&topic, after).await {
            Ok(listener) => {
                let handle =
                    accessor.with(|mut store| store.get().table.push(Subscription(Arc::new(Mutex::new(listener)))))?;
                Ok(Ok(handle))
            }
            Err(error) => Ok(Err(error.into())),
        }
    }
}

impl wit::HostSubscriptionWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Own<'_>, handle: Resource<Subscription>) -> wasmtime::Result<()> {
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }

    async fn next(accessor: Own<'_>, handle: Resource<Subscription>) -> wasmtime::Result<Result<Item, Error>> {
        let listener = accessor.with(|mut store| store.get().resource(&handle))?;
        let item = listener.0.lock().await.next().await;
        Ok(item.map(|item| Item { cursor: item.cursor, data: item.data.into() }).map_err(Into::into))
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Unavailable(reason) => Self::Unavailable(reason),
            store::Error::Invalid(reason) => Self::Invalid(reason),
        }
    }
}
