//! What every back end of a capability promises, as stories for the suites of several crates: those of the host's back ends,
//! and those of Spin's adapter.

pub mod audit;
pub mod search_index;
