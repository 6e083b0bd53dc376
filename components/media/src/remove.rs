//! A file that its owner no longer wants. What it took of the quota is free with its row.

use crate::caller::Caller;
use crate::files;
use crate::store::{self, Removal};
use http::StatusCode;
use mindflow_guest::web::Response;
use mindflow_guest::web::failure::{Failure, Kind};
use uuid::Uuid;

pub async fn file(id: Uuid, caller: &Caller) -> Result<Response, Failure> {
    match store::remove(caller, id).await? {
        Removal::Missing => Err(Failure::new(Kind::NotFound, "There is no such file.")),
        Removal::InUse => Err(Failure::new(Kind::Conflict, "An entry has this file: take it out of the entry first.")),
        Removal::Done => {
            // What stays in the container belongs to no row, and the sweep finds it.
            if let Err(error) = files::forget(id).await {
                eprintln!(
                    "warn correlation_id={} the file {id} stays for a while: {error:?}",
                    caller.context.correlation_id
                );
            }
            Ok(Response::new(StatusCode::NO_CONTENT))
        }
    }
}
