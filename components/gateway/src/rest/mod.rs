//! The REST endpoints of the contract, thin over the services.

pub mod account;
pub mod entry;
pub mod journals;
pub mod unsubscribe;

use crate::failure::{Failure, Kind};
use uuid::Uuid;

/// # Errors
/// 404: what has no valid id cannot exist.
fn existing_id(id: &str, what: &str) -> Result<(), Failure> {
    Uuid::try_parse(id).map(|_| ()).map_err(|_| not_found(what))
}

fn not_found(what: &str) -> Failure {
    Failure::new(Kind::NotFound, format!("There is no such {what}."))
}
