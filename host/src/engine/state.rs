//! What belongs to one instance: its WASI context with nothing in it, its limits, its resources, and
//! the grants of its component.

use super::{
    budget::CpuBudget,
    log_stream::{Following, LogStream},
    outbound::{Outbound, OutboundHooks},
};
use crate::{
    capability::Grants,
    manifest::{AllowList, Instances, OutboundGrant},
};
use std::sync::Arc;
use wasmtime::{StoreLimits, StoreLimitsBuilder, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Core tables, memories and instances of one component instance: what Rust guests have, with room.
const TABLE_ELEMENTS_MAX: usize = 100_000;

/// What all instances of a component share.
#[derive(Clone)]
pub struct GuestContext {
    pub component: Arc<str>,
    pub grants: Arc<Grants>,
    pub allowed_hosts: Arc<AllowList>,
    pub outbound: Outbound,
    pub outbound_grant: OutboundGrant,
    pub limits: Instances,
}

/// The data of an instance's store.
pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: OutboundHooks,
    pub(crate) table: ResourceTable,
    pub(super) limits: StoreLimits,
    pub(super) budget: CpuBudget,
    pub(crate) grants: Arc<Grants>,
    pub(super) following: Following,
}

impl State {
    pub(super) fn new(context: &GuestContext) -> Self {
        let name = Arc::clone(&context.component);
        let following = Following::default();
        Self {
            wasi: WasiCtxBuilder::new()
                .stdout(LogStream::stdout(Arc::clone(&name), following.clone()))
                .stderr(LogStream::stderr(Arc::clone(&name), following.clone()))
                .build(),
            http: WasiHttpCtx::new(),
            hooks: OutboundHooks {
                outbound: context.outbound.clone(),
                allowed: Arc::clone(&context.allowed_hosts),
                grant: context.outbound_grant,
                component: name,
            },
            table: ResourceTable::new(),
            limits: StoreLimitsBuilder::new()
                .memory_size((context.limits.memory_mib_max as usize) << 20)
                .table_elements(TABLE_ELEMENTS_MAX)
                .trap_on_grow_failure(true)
                .build(),
            budget: CpuBudget::new(context.limits.cpu_ms_max),
            grants: Arc::clone(&context.grants),
            following,
        }
    }
}

impl State {
    /// Its way out, to be asked without the store.
    pub(crate) fn outbound(&self) -> OutboundHooks {
        self.hooks.clone()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}
