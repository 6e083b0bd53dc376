//! Figures over time, from facts that are only appended. Not yet a component: nothing calls this so far.
//!
//! `fact` says what an event leaves behind, `figures` how it is read, `streak` what runs of days there are.

mod fact;
pub mod figures;
mod statement;
pub mod streak;

#[cfg(test)]
mod database_tests;

pub use fact::{BadEvent, append};
pub use statement::Statement;
