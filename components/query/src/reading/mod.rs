//! How each read is asked of the database: one statement, `$1` always the user whose rows it reads, so that
//! indexes serve it and row-level security only confirms it; and how its rows become what the contract shows.

pub mod entries;
pub mod insights;
pub mod profiles;

#[cfg(test)]
mod tests;
