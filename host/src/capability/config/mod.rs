//! A component's own variables.

use super::{Capability, Grantee, OpenError, Opening, Own, Scratch, State};
use std::collections::BTreeMap;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/config@0.1.0;");

use bindings::mindflow::platform::config as wit;

/// There is nothing to open: variables are in the manifest and the environment.
pub struct Variables;

impl Capability for Variables {
    type Grant = ();
    type Settings = ();
    type Access = BTreeMap<String, String>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    async fn open(_: &Opening<'_>) -> Result<Self, OpenError> {
        Ok(Self)
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        grantee.variables.clone()
    }

    async fn shadow(live: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(live.clone())
    }
}

impl wit::Host for State {}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn get(accessor: &Accessor<State, Self>, key: String) -> wasmtime::Result<Option<String>> {
        Ok(accessor.with(|mut store| store.get().access.config.get(&key).cloned()))
    }
}
