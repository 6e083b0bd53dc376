//! Reads that answer accounts.

use super::ask;
use crate::{
    bindings::exports::mindflow::query::reads::{PageRequest, ProfilePage},
    calendar::month,
    quota,
    reading::profiles::{self as reading, Terms},
    request,
};
use mindflow_guest::{
    call::{CallContext, Error},
    caller::Caller,
    clock,
};

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

pub async fn free_entries() -> Result<u32, Error> {
    quota::entries_per_month().await.map_err(Error::Internal)
}
