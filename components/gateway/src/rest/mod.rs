//! The REST endpoints, thin over the services.

pub mod account;
pub mod entry;
pub mod journals;
pub mod links;
pub mod unsubscribe;

use crate::failure::{Failure, Kind};
use mindflow_guest::id;

/// # Errors
/// 404 for a text that is not an id.
fn existing_id(text: &str, what: &str) -> Result<(), Failure> {
    id::parse(text).map(drop).ok_or_else(|| not_found(what))
}

fn not_found(what: &str) -> Failure {
    Failure::new(Kind::NotFound, format!("There is no such {what}."))
}
