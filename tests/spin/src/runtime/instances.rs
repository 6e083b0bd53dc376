//! Instances as Spin keeps them: each takes up to 16 calls at the same time and 128 in all, and is dropped after an idle second. A trap
//! ends its instance with all calls that are in it. Nothing interrupts a guest that computes.

use super::http::{Outbound, Server};
use super::state::{Shared, State};
use super::{compiled, postgres, redis, variables};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::Sleep;
use wasmtime::component::{GuestTaskId, HasSelf, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreContextMut, Strategy};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

const CALLS_MAX: usize = 128;
const CONCURRENT_CALLS_MAX: usize = 16;
const IDLE: Duration = Duration::from_secs(1);

/// The engine of this process.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(&config()).expect("an engine"))
}

/// As Spin's `crates/core`: what a component needs beyond it does not start there.
fn config() -> Config {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(1_000)
        .total_memories(1_000)
        .total_tables(2_000)
        .total_stacks(1_000)
        .total_core_instances(4_000)
        .table_elements(100_000)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_core_instances_per_component(200)
        .max_tables_per_component(64)
        .max_memories_per_component(32)
        .max_tables_per_module(2)
        .max_memories_per_module(2)
        .max_memory_size(4 << 30);
    let mut config = Config::new();
    config
        // Compiles in a fraction of the time, for which its code is slower.
        .strategy(Strategy::Winch)
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Everything that Spin offers, and nothing else.
pub(crate) fn linker() -> Linker<State> {
    let mut linker = Linker::new(engine());
    let linked = wasmtime_wasi::p2::add_to_linker_async(&mut linker)
        .and_then(|()| wasmtime_wasi::p3::add_to_linker(&mut linker))
        .and_then(|()| wasmtime_wasi_http::p3::add_to_linker(&mut linker))
        .and_then(|()| postgres::wit::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state))
        .and_then(|()| redis::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state))
        .and_then(|()| variables::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state));
    linked.expect("each interface is linked once");
    linker
}

/// A component ready to be instantiated; a missing import is named.
pub(crate) fn prepare(linker: &Linker<State>, source: &Path) -> InstancePre<State> {
    let component = compiled::load(engine(), source);
    linker.instantiate_pre(&component).unwrap_or_else(|error| panic!("{}: {error:?}", source.display()))
}

/// The instances of one component.
pub(super) struct Instances {
    service: ServicePre<State>,
    component: Arc<Shared>,
    server: Weak<Server>,
    made: AtomicUsize,
}

// === impl Instances ===

impl Instances {
    pub fn new(pre: InstancePre<State>, component: Arc<Shared>, server: Weak<Server>) -> Self {
        let name = &component.name;
        let service = ServicePre::new(pre).unwrap_or_else(|error| panic!("`{name}` serves no HTTP: {error:?}"));
        Self { service, component, server, made: AtomicUsize::new(0) }
    }

    /// How many there have been.
    pub fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }
}

impl HandlerState for Instances {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Reuse;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Reuse>> {
        self.made.fetch_add(1, Ordering::Relaxed);
        let outbound = Outbound::new(Arc::clone(&self.component), Weak::clone(&self.server));
        let mut store = Store::new(engine(), State::new(&self.component, outbound));
        let service = self.service.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: State::http,
            expiration: Expiration(Box::pin(tokio::time::sleep(IDLE))),
            state: Reuse { component: Arc::clone(&self.component) },
        })
    }
}

/// Ends an instance after an idle second.
pub(super) struct Expiration(Pin<Box<Sleep>>);

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        if status != WorkerStatus::Idle {
            return Poll::Pending;
        }
        let ends = tokio::time::Instant::from_std(start + IDLE);
        if self.0.deadline() != ends {
            self.0.as_mut().reset(ends);
        }
        self.0.as_mut().poll(cx)
    }
}

/// How many calls an instance takes.
pub(super) struct Reuse {
    component: Arc<Shared>,
}

impl WorkerState for Reuse {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= CALLS_MAX {
            ShouldAccept::Never
        } else if concurrent >= CONCURRENT_CALLS_MAX {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    /// Spin bounds no call.
    fn on_request_start(
        &self,
        _: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(std::future::pending())
    }

    fn drop(&self, store: Store<State>, result: Result<(), wasmtime::Error>) {
        if let Err(error) = result {
            eprintln!("{}: worker failed: {error:?}", self.component.name);
        }
        drop(store);
    }
}
