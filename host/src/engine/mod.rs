//! Running components: the Wasmtime engine, compiled code kept on disk, and for each component a
//! provider with a pool of instances, its limits, its circuit breaker and its hot swap.

mod admission;
mod attempt;
mod breaker;
mod budget;
mod caller;
mod client;
mod compiled_cache;
mod ending;
mod failure;
mod generation;
pub mod handlers;
mod instance;
mod job;
mod limits;
mod log_stream;
mod memory;
mod offenders;
mod provider;
mod purpose;
mod runtime;
mod supervised;
mod tally;
mod tasks;
mod websocket;

pub use breaker::BreakerState;
pub use budget::CpuBudget;
pub use caller::{Caller, Callers, KnownCaller, Origin, network};
pub use client::{BodyProgress, Client};
pub use compiled_cache::{CacheError, CompiledCache};
pub use ending::{Cost, Ending};
pub use failure::{CallFailure, REFUSED, TOO_COSTLY};
pub use instance::Exports;
pub use job::HttpReply;
pub use limits::{Instances, InstancesMode};
pub use log_stream::{LogContext, LogStream};
pub use memory::MemoryLimit;
pub use provider::{Observation, Provider, ProviderStatus, Unhealthy};
pub(crate) use runtime::one_line;
pub use runtime::{CompileError, Compiled, Engine, MEMORY_MIB_MAX};
pub use tally::Latency;
pub use tasks::Tasks;
