//! The data of one instance's store: a WASI context with nothing in it, the instance's limits and resources, and what
//! its component may use.

use super::{Access, outbound::OutboundHooks};
use crate::engine::{Callers, CpuBudget, Instances, LogContext, LogStream, MemoryLimit, Tasks};
use mindflow_backends::clock;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use wasmtime::component::{Resource, ResourceTable, ResourceTableError};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// What all instances of a component share.
#[derive(Clone)]
pub struct InstanceContext {
    pub component: Arc<str>,
    pub access: Arc<Access>,
    /// The clients of the requests in progress.
    pub callers: Arc<Callers>,
    pub limits: Instances,
}

/// The data of an instance's store.
pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: OutboundHooks,
    pub(crate) table: ResourceTable,
    pub(crate) limits: MemoryLimit,
    pub(crate) budget: Arc<CpuBudget>,
    pub(crate) log: LogContext,
    /// When the time of the call in progress is over, where the instance takes one call at a time.
    pub(crate) call_ends: Option<Instant>,
    pub(crate) tasks: Tasks,
    pub(super) access: Arc<Access>,
    pub(super) callers: Arc<Callers>,
}

// === impl State ===

impl State {
    pub(crate) fn new(context: &InstanceContext, memory: MemoryLimit, budget: &Arc<CpuBudget>) -> Self {
        let name = Arc::clone(&context.component);
        let log = LogContext::default();
        Self {
            wasi: WasiCtxBuilder::new()
                .stdout(LogStream::stdout(Arc::clone(&name), log.clone()))
                .stderr(LogStream::stderr(name, log.clone()))
                .build(),
            http: WasiHttpCtx::new(),
            hooks: context.access.outbound.clone(),
            table: ResourceTable::new(),
            limits: memory,
            budget: Arc::clone(budget),
            log,
            call_ends: None,
            tasks: Tasks::default(),
            access: Arc::clone(&context.access),
            callers: Arc::clone(&context.callers),
        }
    }

    /// The time that the call in progress has left, where it is known.
    pub(crate) fn call_left(&self) -> Option<Duration> {
        self.call_ends.map(|ends| ends.saturating_duration_since(clock::instant()))
    }

    /// A clone of what a resource holds, so that it can be awaited without the store.
    pub(super) fn resource<R: Clone + 'static>(&self, handle: &Resource<R>) -> Result<R, ResourceTableError> {
        self.table.get(handle).cloned()
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
