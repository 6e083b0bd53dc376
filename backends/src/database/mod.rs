//! PostgreSQL: [`postgres`] reaches the servers and prepares their databases, [`sql`] is what a component may run there.

pub mod postgres;
pub mod sql;
