//! What the adapters for Spin share: a connection to PostgreSQL that speaks in the values of `sql`, a connection to Redis, delivery's
//! store, variables and the clock. What Spin's interfaces do otherwise than the host's drivers is made good here, so that no adapter has to know it.

mod bindings;
pub mod clock;
#[cfg(feature = "delivery")]
pub mod data_keys;
#[cfg(feature = "delivery")]
pub mod delivery;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod json;
pub mod postgres;
pub mod redis;
pub mod time;
pub mod turns;
pub mod variables;

/// For adapters that bind a world of their own.
pub use bindings::spin;
pub use mindflow_platform::error;
