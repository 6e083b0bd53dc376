//! How a component is run: its bulkhead and its limits, as `instances = { … }` of its manifest entry.

use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstancesMode {
    /// Instances are kept and used again.
    #[default]
    Shared,
    /// A new instance for every call: for what handles hostile input.
    PerCall,
}

/// The bulkhead and the limits of a component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Instances {
    pub mode: InstancesMode,
    /// Instances at the same time; with `concurrency`, the bulkhead.
    pub max: u32,
    /// Calls at the same time in one instance. Above 1 only for what mostly waits: a trap ends all of them.
    pub concurrency: u32,
    /// Calls after which an instance is replaced, so that a slow leak cannot grow forever.
    pub uses_max: u32,
    /// Linear memory of one instance.
    pub memory_mib_max: u32,
    /// CPU time of one call, less the time in which its instance waits; checked every 10 ms.
    pub cpu_ms_max: u32,
    /// Wall-clock time of one call, waiting for an instance included.
    pub deadline_ms: u32,
}

impl Default for Instances {
    fn default() -> Self {
        Self {
            mode: InstancesMode::Shared,
            max: 16,
            concurrency: 1,
            uses_max: 100_000,
            memory_mib_max: 64,
            cpu_ms_max: 2_000,
            deadline_ms: 10_000,
        }
    }
}

impl Instances {
    /// Calls at the same time, in all instances.
    pub fn calls_max(&self) -> usize {
        self.max as usize * self.concurrency as usize
    }
}
