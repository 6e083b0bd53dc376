//! Files that an import brings. They lie in the container already, and are the user's whose import the job is.

use crate::kind::{self, FILE_BYTES_MAX};
use crate::upload::{self, Owner, Received};
use crate::{file_name, files, quota, store};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::failure::invalid;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::Identity;
use mindflow_guest::{clock, id};
use std::collections::HashSet;
use uuid::Uuid;

/// Whether the file is new.
pub async fn adopt(context: &CallContext, job: &str, id: &str, name: &str, bytes: u64) -> Result<bool, Error> {
    let user_id = importer(job).await?;
    let id = id::parse(id).ok_or_else(|| invalid("id", Rule::NotFound, "There is no such upload."))?;
    if store::is_of(id, user_id).await? {
        files::forget_upload(id).await?;
        return Ok(false);
    }
    let now_us = clock::now_us();
    let room = bytes.clamp(1, FILE_BYTES_MAX);
    quota::take(user_id, &Identity::Service, id, room, now_us).await?;
    let taken = take(context, user_id, id, name, room, now_us).await;
    if let Err(error) = &taken {
        // What is not taken is for the import to report; nothing of it stays.
        if let Err(left) = forget(user_id, id).await {
            eprintln!(
                "warn correlation_id={} {id} was refused ({error:?}) and stays: {left:?}",
                context.correlation_id
            );
        }
    }
    taken.map(|()| true)
}

async fn take(context: &CallContext, user_id: Uuid, id: Uuid, name: &str, room: u64, now_us: i64) -> Result<(), Error> {
    let head = files::head(id, kind::HEAD_BYTES as u64).await?;
    let kind =
        kind::of(&head).map_err(|refused| invalid("file", Rule::Unsupported, refused.public_text().to_owned()))?;
    let owner = Owner { user_id, identity: Identity::Service, context };
    let received = Received { file_name: file_name::plain(Some(name)), kind };
    upload::record(&owner, id, received, room, now_us).await?;
    Ok(())
}

async fn forget(user_id: Uuid, id: Uuid) -> Result<(), Error> {
    files::forget(id).await?;
    quota::give_back(user_id, &Identity::Service, id).await
}

/// Which of the files are the user's; they are kept for a day.
pub async fn hold(job: &str, ids: &[String]) -> Result<Vec<bool>, Error> {
    let user_id = importer(job).await?;
    let known = ids.iter().filter_map(|id| id::parse(id)).collect();
    let held: HashSet<Uuid> = store::hold_as(user_id, known, clock::now_us()).await?.into_iter().collect();
    Ok(ids.iter().map(|id| id::parse(id).is_some_and(|id| held.contains(&id))).collect())
}

async fn importer(job: &str) -> Result<Uuid, Error> {
    let no_job = || Error::NotFound("There is no such import that runs.".into());
    let job = id::parse(job).ok_or_else(no_job)?;
    store::importer(job).await?.ok_or_else(no_job)
}
