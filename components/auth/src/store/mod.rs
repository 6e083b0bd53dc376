//! Where accounts, sessions and failed logins are kept: SQL and key-value calls, and nothing decided.

pub mod accounts;
pub mod erasures;
pub mod failures;
pub mod kept;
pub mod mails;
pub mod second_factors;
pub mod sessions;
pub mod written;
