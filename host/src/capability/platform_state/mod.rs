//! What runs on the platform, for the component that shows it to administrators. The capability knows neither components nor
//! queues: once the platform runs, it lends its [`Sight`].

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, State};
use async_trait::async_trait;
use mindflow_platform::refusal;
use std::sync::{Arc, OnceLock};
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/platform-state@0.1.0;");

use bindings::mindflow::platform::platform_state::{self as wit, Error, Snapshot, Subscription};

/// What the platform lets be seen of itself.
#[async_trait]
pub trait Sight: Send + Sync {
    fn running(&self) -> Snapshot;

    /// # Errors
    /// The queues cannot be counted, in words for an administrator.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, String>;

    /// The topic that says when to look again.
    fn changes(&self) -> String;
}

/// The sight of the platform, from its start on.
#[derive(Clone, Default)]
pub struct PlatformState(Arc<OnceLock<Arc<dyn Sight>>>);

impl PlatformState {
    /// The first one stays.
    pub(crate) fn lend(&self, sight: Arc<dyn Sight>) {
        let _ = self.0.set(sight);
    }
}

impl Capability for PlatformState {
    const GRANT: Option<&'static str> = Some("platform-state");
    /// Whether it may look.
    type Grant = bool;
    type Settings = ();
    type Access = Option<Self>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = grantee.grants.platform_state;
        (interface == "mindflow:platform/platform-state").then(|| Requirement::tool(granted, "platform-state = true"))
    }

    async fn open(_: &Opening<'_>) -> Result<Self, OpenError> {
        Ok(Self::default())
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        grantee.grants.platform_state.then(|| self.clone())
    }

    /// None: a replay has nothing to do with how the platform runs.
    async fn shadow(_: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(None)
    }
}

impl wit::Host for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn sight(accessor: Store<'_>) -> Result<Arc<dyn Sight>, Error> {
    let granted = accessor.with(|mut store| store.get().access.platform_state.clone());
    let state = granted.ok_or_else(|| Error::AccessDenied(refusal::PLATFORM_STATE.into()))?;
    state.0.get().cloned().ok_or_else(|| Error::Unavailable("the platform is still starting".into()))
}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn running(accessor: Store<'_>) -> wasmtime::Result<Result<Snapshot, Error>> {
        Ok(sight(accessor).map(|sight| sight.running()))
    }

    async fn subscriptions(accessor: Store<'_>) -> wasmtime::Result<Result<Vec<Subscription>, Error>> {
        match sight(accessor) {
            Ok(sight) => Ok(sight.subscriptions().await.map_err(Error::Unavailable)),
            Err(refused) => Ok(Err(refused)),
        }
    }

    async fn changes(accessor: Store<'_>) -> wasmtime::Result<Result<String, Error>> {
        Ok(sight(accessor).map(|sight| sight.changes()))
    }
}
