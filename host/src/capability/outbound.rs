//! Where a component's requests may go, told before the first one.

use super::bindings::platform::outbound::{Host, HostWithStore, Refusal};
use crate::engine::{Refused, State};
use wasmtime::component::{Accessor, HasSelf};

impl Host for State {}

impl HostWithStore<State> for HasSelf<State> {
    async fn check(accessor: &Accessor<State, Self>, url: String) -> wasmtime::Result<Result<(), Refusal>> {
        let outbound = accessor.with(|mut store| store.get().outbound());
        let Ok(uri) = url.parse::<http::Uri>() else {
            return Ok(Err(Refusal::Prohibited("this is no address".into())));
        };
        Ok(outbound.check(&uri).await.map_err(|refused| match refused {
            Refused::Prohibited(reason) => Refusal::Prohibited(reason),
            Refused::Unresolved(reason) => Refusal::Unresolved(reason),
        }))
    }
}
