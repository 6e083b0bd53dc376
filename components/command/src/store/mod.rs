//! The statements as functions over one open transaction: rows in, rows out, no decisions.

pub mod entries;
pub mod tags;

/// The write database, as the manifest grants it.
pub const DATABASE: &str = "write";
