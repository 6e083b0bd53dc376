//! The statement of each read, and how its rows become the answer. `$1` is always the user whose rows it reads, so that
//! indexes serve it and row-level security only confirms it.

pub mod books;
pub mod days;
pub mod entries;
pub mod insights;
pub mod own_writes;
pub mod profiles;

#[cfg(test)]
mod tests;
