//! The Wasmtime engine, and how a component file becomes code: compiled, or loaded from the cache, whose key
//! is the component's bytes and everything of the engine that the code depends on.

use super::compiled_cache::{CachedCode, CompiledCache};
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
    cache: CompiledCache,
}

/// A component ready to be linked.
#[derive(Clone)]
pub struct Compiled {
    pub component: Component,
    /// SHA-256 of the component file, hexadecimal.
    pub digest: String,
    pub from_cache: bool,
    /// Keeps the file that the code is mapped from; `None` when it could not be stored.
    _code: Option<CachedCode>,
}

#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error("cannot read the component file {}; build the components with `cargo xtask build`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is not a component that this host can run: {reason}", path.display())]
    Compile { path: PathBuf, reason: String },
}

impl Engine {
    /// # Errors
    /// The processor or the operating system cannot do what the configuration asks.
    pub fn new(cache: CompiledCache) -> wasmtime::Result<Self> {
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

    /// Compiles the component file, or loads what a host of this machine compiled before.
    ///
    /// # Errors
    /// The file is missing or no component.
    pub fn compile(&self, path: &Path) -> Result<Compiled, CompileError> {
        let bytes = std::fs::read(path).map_err(|source| CompileError::Read { path: path.to_owned(), source })?;
        let digest = hex::encode(Sha256::digest(&bytes));
        let key = format!("{digest}-{:016x}", self.compatibility());
        if let Some((component, code)) = self.load(&key) {
            return Ok(Compiled { component, digest, from_cache: true, _code: Some(code) });
        }
        let _turn = self.cache.turn(&key);
        if let Some((component, code)) = self.load(&key) {
            return Ok(Compiled { component, digest, from_cache: true, _code: Some(code) });
        }
        let failed = |error: wasmtime::Error| CompileError::Compile { path: path.to_owned(), reason: one_line(&error) };
        let machine_code = self.wasmtime.precompile_component(&bytes).map_err(failed)?;
        let code = self
            .cache
            .store(&key, &machine_code)
            .inspect_err(|error| {
                tracing::warn!(file = %path.display(), "compiled code cannot be kept, so the next start compiles again: {error}");
            })
            .ok();
        let component = match &code {
            Some(code) => self.map(code),
            // SAFETY: this engine has just made it.
            #[expect(unsafe_code, reason = "the only way to load compiled code")]
            None => unsafe { Component::deserialize(&self.wasmtime, &machine_code) },
        };
        Ok(Compiled { component: component.map_err(failed)?, digest, from_cache: false, _code: code })
    }

    /// Removes code that no host needs any more from the cache.
    pub fn prune_cache(&self) {
        self.cache.prune();
    }

    fn load(&self, key: &str) -> Option<(Component, CachedCode)> {
        let code = self.cache.find(key)?;
        let loaded = self.map(&code).inspect_err(|error| {
            tracing::warn!(file = %code.path().display(), "compiled code is not usable, compiling again: {error:#}");
        });
        Some((loaded.ok()?, code))
    }

    fn map(&self, code: &CachedCode) -> wasmtime::Result<Component> {
        // SAFETY: only this user and root can write to the cache, its checksum says that the file is whole,
        // and its name carries the engine's compatibility hash.
        #[expect(unsafe_code, reason = "the only way to map compiled code")]
        unsafe {
            Component::deserialize_file(&self.wasmtime, code.path())
        }
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

/// An error chain as one line.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with nothing in it, in the binary format.
    const EMPTY: [u8; 8] = *b"\0asm\x0d\0\x01\0";

    struct Stage {
        folder: tempfile::TempDir,
    }

    impl Stage {
        fn new() -> Self {
            let stage = Self { folder: tempfile::tempdir().unwrap() };
            std::fs::write(stage.source(), EMPTY).unwrap();
            stage
        }

        fn source(&self) -> PathBuf {
            self.folder.path().join("empty.wasm")
        }

        fn cache(&self) -> PathBuf {
            self.folder.path().join("cache")
        }

        /// The engine of a host with a data directory of its own.
        fn engine(&self, data_dir: &str) -> Engine {
            let data_dir = self.folder.path().join(data_dir);
            Engine::new(CompiledCache::open(Some(&self.cache()), &data_dir).unwrap()).unwrap()
        }
    }

    #[test]
    fn what_one_host_compiled_a_host_with_another_data_directory_loads() {
        let stage = Stage::new();
        let first = stage.engine("one").compile(&stage.source()).unwrap();
        let second = stage.engine("other").compile(&stage.source()).unwrap();
        assert!(!first.from_cache && second.from_cache);
        assert_eq!(first.digest, second.digest);
    }

    #[test]
    fn a_damaged_file_of_the_cache_is_compiled_again() {
        let stage = Stage::new();
        drop(stage.engine("one").compile(&stage.source()).unwrap());
        let is_code = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "cwasm");
        let files = || std::fs::read_dir(stage.cache()).unwrap().map(|entry| entry.unwrap().path()).filter(is_code);
        let code = files().next().unwrap();
        let mut bytes = std::fs::read(&code).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&code, bytes).unwrap();
        assert!(!stage.engine("one").compile(&stage.source()).unwrap().from_cache);
        assert_eq!(files().count(), 1);
        assert!(stage.engine("one").compile(&stage.source()).unwrap().from_cache);
    }

    #[test]
    fn a_cache_that_cannot_be_written_stops_no_start() {
        let stage = Stage::new();
        let engine = stage.engine("one");
        std::fs::remove_dir_all(stage.cache()).unwrap();
        assert!(!engine.compile(&stage.source()).unwrap().from_cache);
    }
}
