//! Outbound HTTP of components: only to the hosts that the manifest allows, by pooled clients with bounds. A component
//! can ask beforehand whether a request would be let through. One whose requests carry users' texts sends them by the capability
//! `disclosure`.

mod client;
mod places;
mod public;

pub use client::OutboundHooks;
pub(crate) use client::{HttpsConnector, connector};
pub use mindflow_platform::outbound::{AllowList, AllowListError};
pub(crate) use places::RequestPermit;

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, State, Table};
use client::Outbound;
use mindflow_platform::outbound::Refused;
use serde::Deserialize;
use std::{net::SocketAddr, num::NonZeroU32, sync::Arc};
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/outbound@0.1.0;");

use bindings::mindflow::platform::outbound::{self as wit, Host, HostWithStore, Refusal};

/// The clients that all components share.
pub struct Requests(Outbound);

/// What holds for every HTTP request of a component, in addition to its allowed hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Grant {
    /// Only to public addresses, and only over TLS: for requests to addresses that users enter.
    pub public_only: bool,
    /// Each carries a user's text, so it is in the ledger of disclosures before it is sent: requests by `wasi:http` are refused.
    pub disclosed: bool,
}

/// What components may reach outside of the platform.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct OutboundSettings {
    /// Addresses and ports that count as public although they are not, also without TLS: for tests and for
    /// receivers of your own on a private network. Every user who may enter an address can reach them.
    pub allow_private: Vec<SocketAddr>,
    /// Requests of this replica that may be under way to one receiving host, of components that reach public addresses only.
    /// One more is refused with `connection-limit-reached`.
    pub requests_per_host_max: NonZeroU32,
}

/// Half of the places that webhooks have in a replica (`concurrency` in `spin.toml`), so that one host holds no more.
const REQUESTS_PER_HOST_MAX: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);

impl Default for OutboundSettings {
    fn default() -> Self {
        Self { allow_private: Vec::new(), requests_per_host_max: REQUESTS_PER_HOST_MAX }
    }
}

impl Capability for Requests {
    const GRANT: Option<&'static str> = Some("outbound");
    const SETTINGS: Option<&'static str> = Some("outbound");
    type Grant = Grant;
    type Settings = OutboundSettings;
    type Access = OutboundHooks;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        matches!(interface, "wasi:http/client" | "mindflow:platform/outbound").then(|| Requirement {
            granted: !grantee.allowed_hosts.is_empty(),
            line: r#"allowed_outbound_hosts = ["https://HOST"]"#,
            table: Table::Component,
        })
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let allow_private = &opening.settings.outbound.allow_private;
        if !allow_private.is_empty() {
            tracing::warn!(
                ?allow_private,
                "[outbound] allow-private: every user who may enter an address can reach these"
            );
        }
        Ok(Self(Outbound::new(&opening.settings.outbound)))
    }

    fn access(&self, grantee: &Grantee<'_>) -> OutboundHooks {
        OutboundHooks {
            outbound: self.0.clone(),
            allowed: Arc::clone(grantee.allowed_hosts),
            grant: grantee.grants.outbound,
            component: grantee.component.into(),
            table: grantee.hosts_table.into(),
        }
    }

    /// No host is allowed.
    async fn shadow(live: &OutboundHooks, _: &Scratch<'_>) -> Result<OutboundHooks, OpenError> {
        Ok(OutboundHooks { allowed: Arc::default(), ..live.clone() })
    }
}

impl Host for State {}

impl HostWithStore<State> for HasSelf<State> {
    async fn check(accessor: &Accessor<State, Self>, url: String) -> wasmtime::Result<Result<(), Refusal>> {
        let hooks = accessor.with(|mut store| store.get().access.outbound.clone());
        let Ok(uri) = url.parse::<http::Uri>() else {
            return Ok(Err(Refusal::Prohibited("this is no address".into())));
        };
        Ok(hooks.check(&uri).await.map_err(|refused| match refused {
            Refused::Prohibited(reason) => Refusal::Prohibited(reason),
            Refused::Unresolved(reason) => Refusal::Unresolved(reason),
        }))
    }
}
