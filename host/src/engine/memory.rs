//! The memory of one instance. A growth beyond its limit is a trap with a clear message, and is remembered as what the
//! call in progress cost.

use super::ending::{Cost, Ending};
use metrics::{Gauge, gauge};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use wasmtime::{Error, ResourceLimiter, Result, StoreLimits, StoreLimitsBuilder};

/// Elements of an instance's core tables: what Rust guests have, with room.
const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Memories grow by whole pages.
const PAGE_BYTES: u32 = 64 << 10;

pub struct MemoryLimit {
    limits: StoreLimits,
    ending: Arc<Ending>,
    /// The metric of what all instances of the component have.
    all: Gauge,
    footprint: Arc<Footprint>,
}

/// How much linear memory an instance has.
#[derive(Debug, Default)]
pub struct Footprint(AtomicU64);

// === impl Footprint ===

impl Footprint {
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// As a gauge takes it, in whole pages.
fn gauged(bytes: u64) -> f64 {
    let pages = u32::try_from(bytes / u64::from(PAGE_BYTES)).unwrap_or(u32::MAX);
    f64::from(pages) * f64::from(PAGE_BYTES)
}

// === impl MemoryLimit ===

impl MemoryLimit {
    pub fn new(component: &str, memory_mib_max: u32, ending: Arc<Ending>, footprint: Arc<Footprint>) -> Self {
        let limits = StoreLimitsBuilder::new()
            .memory_size((memory_mib_max as usize) << 20)
            .table_elements(TABLE_ELEMENTS_MAX)
            .trap_on_grow_failure(true)
            .build();
        let all = gauge!("mindflow_component_memory_bytes", "component" => component.to_owned());
        Self { limits, ending, all, footprint }
    }

    fn grew(&self, bytes: u64) {
        self.footprint.0.fetch_add(bytes, Ordering::Relaxed);
        self.all.increment(gauged(bytes));
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        self.all.decrement(gauged(self.footprint.bytes()));
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let answer = self.limits.memory_growing(current, desired, maximum);
        if matches!(answer, Ok(true)) {
            self.grew(desired.saturating_sub(current) as u64);
        } else {
            self.ending.exceeded(Cost::Memory);
        }
        answer
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.limits.memory_grow_failed(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.limits.table_growing(current, desired, maximum)
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.limits.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growth_beyond_the_limit_traps_and_is_what_the_call_cost() {
        let ending = Arc::new(Ending::default());
        ending.begin_serving();
        let footprint = Arc::<Footprint>::default();
        let mut limit = MemoryLimit::new("greedy", 1, Arc::clone(&ending), Arc::clone(&footprint));
        assert!(
            limit.memory_growing(0, 1 << 19, None).unwrap() && limit.memory_growing(1 << 19, 1 << 20, None).unwrap()
        );
        assert_eq!(ending.cost(), None);
        let error = limit.memory_growing(1 << 20, (1 << 20) + 1, None).unwrap_err();
        assert!(error.to_string().contains("memory"), "{error}");
        assert_eq!(ending.cost(), Some(Cost::Memory));
        assert_eq!(footprint.bytes(), 1 << 20, "what was refused is not counted");
    }
}
