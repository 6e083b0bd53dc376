//! A component's own variables.

use super::bindings::platform::config;
use crate::engine::State;
use wasmtime::component::{Accessor, HasSelf};

impl config::Host for State {}

impl config::HostWithStore<State> for HasSelf<State> {
    async fn get(accessor: &Accessor<State, Self>, key: String) -> wasmtime::Result<Option<String>> {
        Ok(accessor.with(|mut store| store.get().grants.variables.get(&key).cloned()))
    }
}
