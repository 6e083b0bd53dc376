//! Reads that answer whole entries.

use super::{ask, through};
use crate::{
    bindings::exports::mindflow::query::reads::{AnalyzedEntry, EntryOrder, EntryPage, Filter, PageRequest},
    keys,
    reading::entries::{self as reading, View},
    request,
};
use mindflow_guest::{
    call::{CallContext, Error},
    caller::Caller,
    sql::Identity,
};
use std::collections::HashMap;
use uuid::Uuid;

pub async fn one(context: &CallContext, id: &str) -> Result<Option<AnalyzedEntry>, Error> {
    Ok(by_id(context, &[id.to_owned()]).await?.into_iter().next().flatten())
}

pub async fn by_id(context: &CallContext, ids: &[String]) -> Result<Vec<Option<AnalyzedEntry>>, Error> {
    let caller = Caller::prove(context).await?;
    let ids = request::ids(ids)?;
    let known: Vec<Uuid> = ids.iter().flatten().copied().collect();
    if known.is_empty() {
        return Ok(vec![None; ids.len()]);
    }
    let rows = ask(caller.identity(), reading::by_id(caller.user_id, known)).await?;
    let found: HashMap<String, AnalyzedEntry> = reading::all(&rows, "ids", reading::PAGE_BYTES_MAX)?
        .into_iter()
        .map(|entry| (entry.entry.id.clone(), entry))
        .collect();
    Ok(ids.into_iter().map(|id| found.get(&id?.to_string()).cloned()).collect())
}

/// A user's own entries; for administrators those of another user, without their content.
pub async fn page(
    context: &CallContext,
    user_id: Option<&str>,
    filter: &Filter,
    order: Option<EntryOrder>,
    page: &PageRequest,
) -> Result<EntryPage, Error> {
    let caller = Caller::prove(context).await?;
    let owner = user_id.map(request::user_id).transpose()?.unwrap_or(caller.user_id);
    let (selection, order, page) = request::entries(filter, order, page)?;
    if owner == caller.user_id {
        let statement = reading::page(owner, View::Whole, &selection, order, &page);
        let key = keys::page(owner, &selection, order, &page);
        return through(&caller, key, statement, |rows| reading::paged(rows, order, &page)).await;
    }
    if !caller.has_role("admin") {
        return Err(Error::Forbidden("These are another user's entries.".into()));
    }
    if selection.concerns_content() {
        return Err(Error::Forbidden(
            "Administrators cannot search what other users write; filter by date only.".into(),
        ));
    }
    // Row-level security hides other users' entries from callers, so the service itself reads the columns to show.
    let rows = ask(Identity::Service, reading::page(owner, View::WithoutContent, &selection, order, &page)).await?;
    reading::paged(&rows, order, &page)
}
