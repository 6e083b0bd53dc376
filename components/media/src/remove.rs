//! A file that its owner no longer wants. What it took of the quota is free with its row.

use crate::caller::Caller;
use crate::files;
use crate::store::{self, Removal};
use http::StatusCode;
use mindflow_guest::call::Error;
use mindflow_guest::failure::conflict;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::Identity;
use mindflow_guest::web::Response;
use mindflow_guest::web::failure::Failure;
use uuid::Uuid;

/// The answer to a client's `DELETE`.
///
/// # Errors
/// As [`remove`].
pub async fn file(id: Uuid, caller: &Caller) -> Result<Response, Failure> {
    remove(id, caller.user_id, &caller.identity(), &caller.context.correlation_id).await?;
    Ok(Response::new(StatusCode::NO_CONTENT))
}

/// # Errors
/// `not-found`, or `conflict` while an entry has it that is not deleted.
pub async fn remove(id: Uuid, user_id: Uuid, identity: &Identity, correlation_id: &str) -> Result<(), Error> {
    match store::remove(id, user_id, identity).await? {
        Removal::Missing => Err(no_such_file()),
        Removal::InUse => Err(conflict("id", Rule::InUse, "An entry has this file: take it out of the entry first.")),
        Removal::Done => {
            // What stays in the container belongs to no row, and the sweep finds it.
            if let Err(error) = files::forget(id).await {
                eprintln!("warn correlation_id={correlation_id} the file {id} stays for a while: {error:?}");
            }
            Ok(())
        }
    }
}

pub fn no_such_file() -> Error {
    Error::NotFound("There is no such file.".into())
}
