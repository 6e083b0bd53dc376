//! What delivery promises, and how a run under faults is held to it: writers note what they asked for and were answered, the
//! evidence is what the stores have afterwards, and the checker compares. `docs/events.md` says what it proves.

pub mod checker;
pub mod evidence;
pub mod history;
pub mod writer;

/// The tables of the guest `counter`, for the read database.
pub const COUNTER: &str = include_str!("counter.sql");
