//! What is only appended: the [`audit`] trail, kept for good, and the [`logs`], kept for some days. Both are on PostgreSQL or
//! on MongoDB, by one shape of configuration. The [`ledger`] of disclosures is in the database of the accounts that it is of, on PostgreSQL.

pub mod audit;
mod config;
pub mod ledger;
pub mod logs;
mod mongo;
mod open_error;

pub use config::{Config, PostgresConfig};
pub use mongo::MongoConfig;
pub use open_error::OpenError;
