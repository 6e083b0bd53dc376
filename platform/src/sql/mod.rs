//! What the capability `sql` is, on both providers: the host with connections of its own, or the adapter for Spin with
//! Spin's. Both run one guarded statement at a time, in a transaction that carries a proven identity, on a connection that is
//! logged in as the component's own role. Row-level security in the database is what protects a user's rows; the guard keeps
//! a component from changing who it is.

mod decode;
mod error;
pub mod guard;
mod identity;
pub mod lexer;
pub mod literal;
pub mod mark;
pub mod numeric;
mod publish;
pub mod record;
mod value;

pub use decode::{EPOCH_SHIFT_DAYS, EPOCH_SHIFT_US, is_supported, is_text};
pub use error::{CACHED_PLAN_CHANGED, DbError, Error, is_unavailable};
#[cfg(feature = "driver")]
pub use error::{is_broken, is_stale_plan};
pub use guard::Refusal;
pub use identity::{Identity, Mode};
pub use mark::{Mark, MarkOutcome};
pub use publish::{Draft, NewEvent, PUBLISH};
pub use value::Value;

/// Most rows of one answer. A page has at most 100; a projection's rebuild reads in batches.
pub const ROWS_MAX: usize = 10_000;

/// Reads of one transaction: as many as a request may have of one service.
pub const READS_MAX: usize = 20;

/// How long a statement may run on the server. A request has at most 10 s at the gateway, so that an
/// answer that comes later has no reader.
pub const STATEMENT_TIMEOUT_MS_DEFAULT: u32 = 10_000;
