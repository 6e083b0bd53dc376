//! Notices to the present subscribers of a topic, on the topics that the manifest grants.

use super::{Capability, Grantee, HealthError, HealthState, OpenError, Opening, Own, Requirement, Scratch, State};
use mindflow_backends::messaging::realtime as store;
use mindflow_platform::realtime::covers;
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::Mutex;
use wasmtime::component::{Accessor, HasSelf, Linker, Resource};

bindings!(
    "import mindflow:platform/realtime@0.1.0;",
    with: { "mindflow:platform/realtime.subscription": super::Subscription }
);

use bindings::mindflow::platform::realtime::{self as wit, Error, Item};

/// The platform's topics.
pub struct Topics(Arc<dyn store::Realtime>);

/// Topics; a trailing `*` stands for any rest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Grant {
    pub publish: Vec<String>,
    pub subscribe: Vec<String>,
}

/// Where topics are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct RealtimeSettings(store::Config);

/// The topics, and which of them a component may use.
pub struct Access {
    realtime: Arc<dyn store::Realtime>,
    topics: Grant,
}

impl Default for RealtimeSettings {
    fn default() -> Self {
        Self(store::Config::Local {})
    }
}

impl Topics {
    pub(crate) fn store(&self) -> Arc<dyn store::Realtime> {
        Arc::clone(&self.0)
    }
}

impl Capability for Topics {
    const GRANT: Option<&'static str> = Some("realtime");
    const SETTINGS: Option<&'static str> = Some("realtime");
    type Grant = Grant;
    type Settings = RealtimeSettings;
    type Access = Access;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let Grant { publish, subscribe } = &grantee.grants.realtime;
        let granted = !publish.is_empty() || !subscribe.is_empty();
        (interface == "mindflow:platform/realtime")
            .then(|| Requirement::tool(granted, r#"realtime = { publish = ["TOPIC"] }"#))
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let realtime = store::open(&opening.settings.realtime.0, opening.clock.clone());
        realtime.map(Self).map_err(|source| OpenError::new(TopicsError(source)))
    }

    fn access(&self, grantee: &Grantee<'_>) -> Access {
        Access { realtime: Arc::clone(&self.0), topics: grantee.grants.realtime.clone() }
    }

    /// The same topics without subscribers.
    async fn shadow(live: &Access, scratch: &Scratch<'_>) -> Result<Access, OpenError> {
        let realtime = store::open(&store::Config::Local {}, scratch.clock.clone()).map_err(OpenError::new)?;
        Ok(Access { realtime, topics: live.topics.clone() })
    }

    async fn health(&self) -> Vec<(String, HealthState)> {
        vec![("realtime".to_owned(), self.0.health().await.map_err(|error| HealthError::new(&error)))]
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

/// The topics cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("[realtime] url")]
struct TopicsError(#[source] mindflow_backends::redis_server::RedisUrlError);

/// A listener on one topic.
#[derive(Clone)]
pub struct Subscription(Arc<Mutex<Box<dyn store::Subscription>>>);

impl wit::Host for State {}
impl wit::HostSubscription for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

enum Use {
    Publish,
    Subscribe,
}

impl Access {
    /// The topics, if the grant covers this one.
    fn granted(&self, component: &str, topic: &str, kind: &Use) -> Result<Arc<dyn store::Realtime>, Error> {
        let (patterns, verb) = match kind {
            Use::Publish => (&self.topics.publish, "publish to"),
            Use::Subscribe => (&self.topics.subscribe, "subscribe to"),
        };
        if covers(patterns, topic) {
            Ok(Arc::clone(&self.realtime))
        } else {
            Err(Error::AccessDenied(format!("`{component}` may not {verb} topic `{topic}`")))
        }
    }

    /// Subscribes in the component's name, as the component itself could.
    ///
    /// # Errors
    /// The grant does not cover the topic, or as `subscribe` of the interface.
    pub async fn subscribe(
        &self,
        component: &str,
        topic: &str,
        after: Option<String>,
    ) -> Result<Box<dyn store::Subscription>, Error> {
        Ok(self.granted(component, topic, &Use::Subscribe)?.subscribe(topic, after).await?)
    }
}

fn granted(accessor: Store<'_>, topic: &str, kind: &Use) -> Result<Arc<dyn store::Realtime>, Error> {
    accessor.with(|mut store| {
        let access = &store.get().access;
        access.realtime.granted(&access.component, topic, kind)
    })
}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn publish(accessor: Store<'_>, topic: String, data: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        match granted(accessor, &topic, &Use::Publish) {
            Ok(realtime) => Ok(realtime.publish(&topic, &data).await.map_err(Into::into)),
            Err(denied) => Ok(Err(denied)),
        }
    }

    async fn subscribe(
        accessor: Store<'_>,
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

    async fn latest(accessor: Store<'_>, topic: String) -> wasmtime::Result<Result<String, Error>> {
        match granted(accessor, &topic, &Use::Subscribe) {
            Ok(realtime) => Ok(realtime.latest(&topic).await.map_err(Into::into)),
            Err(denied) => Ok(Err(denied)),
        }
    }
}

impl wit::HostSubscriptionWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Store<'_>, handle: Resource<Subscription>) -> wasmtime::Result<()> {
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }

    async fn next(accessor: Store<'_>, handle: Resource<Subscription>) -> wasmtime::Result<Result<Item, Error>> {
        let listener = accessor.with(|mut store| store.get().resource(&handle))?;
        let item = listener.0.lock().await.next().await;
        Ok(item.map(|item| Item { cursor: item.cursor, data: item.data.into() }).map_err(Into::into))
    }

    async fn is_whole(accessor: Store<'_>, handle: Resource<Subscription>) -> wasmtime::Result<bool> {
        let listener = accessor.with(|mut store| store.get().resource(&handle))?;
        Ok(listener.0.lock().await.is_whole())
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
