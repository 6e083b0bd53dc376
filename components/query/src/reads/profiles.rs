//! Reads that answer accounts.

use super::ask;
use crate::{
    bindings::exports::mindflow::query::reads::{PageRequest, Profile, ProfilePage},
    calendar::{month, today},
    keys, quota,
    reading::profiles::{self as reading, Terms},
    request,
};
use mindflow_guest::{
    cache::{self, Found},
    call::{CallContext, Error},
    caller::Caller,
    clock,
};

pub async fn me(context: &CallContext) -> Result<Profile, Error> {
    let caller = Caller::prove(context).await?;
    let now = clock::now();
    let (owner, key) = (keys::of(caller.user_id), keys::profile(caller.user_id));
    let slot = match cache::find(&owner, key, &today(now).to_string()).await {
        Found::Hit(profile) => return Ok(profile),
        Found::Miss(slot) => slot,
    };
    let terms = Terms { free_entries: free_entries().await?, month: month(now) };
    let rows = ask(caller.identity(), reading::one(caller.user_id, terms.month)).await?;
    let row = rows.first().ok_or_else(|| Error::Internal("the profile's statement answers no row".into()))?;
    match reading::profile(&row, terms)? {
        Some(profile) => {
            slot.fill(&profile).await;
            Ok(profile)
        }
        None => Ok(reading::of_caller(&caller, row.get("used")?, terms)),
    }
}

pub async fn users(context: &CallContext, search: Option<&str>, page: &PageRequest) -> Result<ProfilePage, Error> {
    let caller = Caller::prove(context).await?;
    if !caller.has_role("admin") {
        return Err(Error::Forbidden("Only administrators see other users' accounts.".into()));
    }
    let (search, page) = request::users(search, page)?;
    let terms = Terms { free_entries: free_entries().await?, month: month(clock::now()) };
    let rows = ask(caller.identity(), reading::page(terms.month, search.as_deref(), &page)).await?;
    reading::paged(&rows, &page, terms)
}

async fn free_entries() -> Result<u32, Error> {
    quota::entries_per_month().await.map_err(Error::Internal)
}
