//! Running components: the Wasmtime engine, compiled code kept on disk, and for each component a
//! provider with a pool of instances, its limits, its circuit breaker and its hot swap.

mod breaker;
mod budget;
mod generation;
mod instance;
mod log_stream;
mod outbound;
mod provider;
mod public;
mod purpose;
mod runtime;
mod state;

pub use breaker::BreakerState;
pub use instance::{Exports, HttpReply};
pub use outbound::Outbound;
pub(crate) use outbound::{HttpsConnector, connector};
pub use provider::{CallFailure, Provider, ProviderStatus, SwapError};
pub use public::Refused;
pub(crate) use runtime::one_line;
pub use runtime::{CompileError, Compiled, Engine, MEMORY_MIB_MAX};
pub use state::{GuestContext, State};
