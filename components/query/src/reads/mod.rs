//! The reads: prove the caller, check the arguments, read the cache, then the database.

pub mod entries;
pub mod leaving;
pub mod own;
pub mod own_writes;
pub mod profiles;

use crate::{DATABASE, calendar::today, reading::insights as gathered, request, statement::Statement};
use mindflow_guest::{
    cache::{self, Key, Owner},
    call::{CallContext, Error},
    caller::Caller,
    clock,
    sql::{self, Identity, Rows},
};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashMap;
use uuid::Uuid;

pub async fn tag_counts(context: &CallContext, ids: &[String]) -> Result<Vec<u32>, Error> {
    let caller = Caller::prove(context).await?;
    let ids = request::ids(ids)?;
    let known: Vec<Uuid> = ids.iter().flatten().copied().collect();
    if known.is_empty() {
        return Ok(vec![0; ids.len()]);
    }
    let rows = ask(caller.identity(), gathered::tag_counts(caller.user_id, known)).await?;
    let counts: HashMap<Uuid, u32> =
        rows.iter().map(|row| Ok((row.get("tag_id")?, row.get("entries")?))).collect::<Result<_, Error>>()?;
    Ok(ids.into_iter().map(|id| id.and_then(|id| counts.get(&id).copied()).unwrap_or(0)).collect())
}

/// The cached value, or what the statement answers the caller.
async fn through<T: Serialize + DeserializeOwned>(
    caller: &Caller,
    key: Key,
    statement: Statement,
    read: impl FnOnce(&Rows) -> Result<T, Error>,
) -> Result<T, Error> {
    let today = today(clock::now()).to_string();
    cache::through(&Owner::journal(caller.user_id), key, &today, async || {
        read(&ask(caller.identity(), statement).await?)
    })
    .await
}

async fn ask(identity: Identity, statement: Statement) -> Result<Rows, Error> {
    Ok(sql::query(DATABASE, identity, &statement.text, statement.params).await?)
}
