//! Goal: what a component can and cannot do with a database. Method: raw transactions of a component's
//! role on a private database, without any service's own checks.

mod connections;
mod identity;
mod records;
pub mod stage;
mod transactions;
mod values;
mod walls;
