//! The data of one instance's store, and what all instances of a component share.

use super::allowed::AllowedHosts;
use super::application;
use super::http::Outbound;
use super::postgres::Pools;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// What all instances of a component share.
pub(super) struct Shared {
    pub name: String,
    pub variables: BTreeMap<String, String>,
    pub allowed_hosts: AllowedHosts,
    pub pools: Pools,
    environment: BTreeMap<String, String>,
}

/// The data of an instance's store.
pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    pub(super) table: ResourceTable,
    pub(super) component: Arc<Shared>,
}

// === impl Shared ===

impl Shared {
    pub fn new(name: &str, component: &application::Component) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            variables: component.variables.clone(),
            allowed_hosts: AllowedHosts::parse(&component.allowed_outbound_hosts),
            pools: Pools::new(),
            environment: component.environment.clone(),
        })
    }

    /// Sockets go to allowed addresses alone. An allowed name allows none of its addresses, and names cannot be looked up.
    fn allows_socket(&self, address: SocketAddr, purpose: SocketAddrUse) -> bool {
        match purpose {
            // What a `connect` binds by itself.
            SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
            SocketAddrUse::TcpConnect => self.allowed_hosts.allows(&address.to_string(), "tcp"),
            _ => false,
        }
    }
}

// === impl State ===

impl State {
    pub(super) fn new(component: &Arc<Shared>, outbound: Outbound) -> Self {
        let environment: Vec<_> = component.environment.iter().collect();
        let checking = Arc::clone(component);
        let wasi = WasiCtxBuilder::new()
            .inherit_stdout()
            .inherit_stderr()
            .envs(&environment)
            .socket_addr_check(move |address, purpose| {
                let allowed = checking.allows_socket(address, purpose);
                Box::pin(async move { allowed })
            })
            .build();
        Self { wasi, http: WasiHttpCtx::new(), outbound, table: ResourceTable::new(), component: Arc::clone(component) }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}
