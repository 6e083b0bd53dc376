//! The Wasmtime engine and the cache of compiled components.
//!
//! A component compiles for seconds and loads from the cache in under a millisecond, so the cache is
//! keyed by the component's bytes and by everything of the engine that the code depends on.

use sha2::{Digest, Sha256};
use std::{
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    time::Duration,
};
use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, component::Component};

/// The most linear memory that a component can be given; the pooling allocator sizes its slots by it.
pub const MEMORY_MIB_MAX: u32 = 512;
/// Instances of all components together. A slot reserves address space, not memory.
const INSTANCES_MAX: u32 = 512;
/// How often running guests are looked at: the granularity of CPU budgets.
pub(super) const EPOCH_TICK: Duration = Duration::from_millis(10);
/// Memory of a used slot that is kept mapped for its next instance.
const KEEP_RESIDENT_BYTES: usize = 1 << 20;

/// Compiles, loads and runs components.
#[derive(Clone)]
pub struct Engine {
    wasmtime: wasmtime::Engine,
    cache: PathBuf,
}

/// A component ready to be linked.
#[derive(Clone)]
pub struct Compiled {
    pub component: Component,
    /// SHA-256 of the component file, hexadecimal.
    pub digest: String,
    pub from_cache: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error("cannot read the component file {}: {source}; build the components with `cargo xtask build`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is not a component that this host can run: {reason}", path.display())]
    Compile { path: PathBuf, reason: String },
    #[error("cannot write compiled code to {}: {source}; choose another place with --data-dir", path.display())]
    Cache {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl Engine {
    /// `cache`: a directory of this host's own; code in it is trusted.
    ///
    /// # Errors
    /// The processor or the operating system cannot do what the configuration asks.
    pub fn new(cache: PathBuf) -> wasmtime::Result<Self> {
        let mut pool = PoolingAllocationConfig::default();
        pool.total_component_instances(INSTANCES_MAX)
            .total_core_instances(INSTANCES_MAX * 4)
            .total_memories(INSTANCES_MAX)
            .total_tables(INSTANCES_MAX * 4)
            .total_stacks(INSTANCES_MAX * 8)
            .max_memory_size((MEMORY_MIB_MAX as usize) << 20)
            .linear_memory_keep_resident(KEEP_RESIDENT_BYTES);
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .wasm_component_model_async(true)
            .wasm_wide_arithmetic(true)
            .memory_init_cow(true)
            .epoch_interruption(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let wasmtime = wasmtime::Engine::new(&config)?;
        start_ticker(&wasmtime);
        Ok(Self { wasmtime, cache })
    }

    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.wasmtime
    }

    /// Compiles the component file, or loads what an earlier start compiled.
    ///
    /// # Errors
    /// The file is missing or no component; the cache cannot be written.
    pub fn compile(&self, path: &Path) -> Result<Compiled, CompileError> {
        let bytes = std::fs::read(path).map_err(|source| CompileError::Read { path: path.to_owned(), source })?;
        let digest = hex(&Sha256::digest(&bytes));
        let cached = self.cache.join(format!("{digest}-{:016x}.cwasm", self.compatibility()));
        if let Some(component) = self.load(&cached) {
            return Ok(Compiled { component, digest, from_cache: true });
        }
        let failed = |error: wasmtime::Error| CompileError::Compile { path: path.to_owned(), reason: one_line(&error) };
        let code = self.wasmtime.precompile_component(&bytes).map_err(failed)?;
        write_atomically(&cached, &code).map_err(|source| CompileError::Cache { path: cached.clone(), source })?;
        let component =
            self.load(&cached).map_or_else(|| Component::from_binary(&self.wasmtime, &bytes), Ok).map_err(failed)?;
        Ok(Compiled { component, digest, from_cache: false })
    }

    fn load(&self, cached: &Path) -> Option<Component> {
        if !cached.exists() {
            return None;
        }
        // SAFETY: the file is in the host's own cache directory, was written whole by `write_atomically`
        // from this engine's compiler, and its name carries the engine's compatibility hash.
        #[expect(unsafe_code, reason = "the only way to map compiled code")]
        let loaded = unsafe { Component::deserialize_file(&self.wasmtime, cached) };
        loaded.inspect_err(|error| tracing::warn!(file = %cached.display(), "compiled component is not usable, compiling anew: {error:#}")).ok()
    }

    fn compatibility(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        self.wasmtime.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    }
}

/// Advances the epoch while the engine lives.
fn start_ticker(engine: &wasmtime::Engine) {
    let weak = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(EPOCH_TICK);
        }
    });
}

fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let unfinished = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, path)).inspect_err(|_| {
        let _ = std::fs::remove_file(&unfinished);
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An error chain as one line.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}
