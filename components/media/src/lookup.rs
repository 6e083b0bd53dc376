//! Files for other components: to show with an entry, and to attach to one.

use crate::bindings::exports::mindflow::media::files::{File, FilePage, Kind, PageRequest};
use crate::view::Addresses;
use crate::{quota, remove, store};
use mindflow_guest::{
    call::{CallContext, Error},
    caller::Caller,
    clock,
    failure::invalid,
    journal::{PAGE_MAX, Usage},
    rules::{Format, Rule},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// As many as callers batch into one call.
const IDS_MAX: usize = PAGE_MAX as usize;

pub async fn by_id(context: &CallContext, ids: &[String]) -> Result<Vec<Option<File>>, Error> {
    let caller = Caller::prove(context).await?;
    let found = store::shown(&caller, uuids(ids)?, &Addresses::now().await?).await?;
    let found: HashMap<String, File> = found.into_iter().map(|file| (file.id.clone(), file)).collect();
    Ok(ids.iter().map(|id| found.get(&id.to_ascii_lowercase()).cloned()).collect())
}

pub async fn page(context: &CallContext, kind: Option<Kind>, asked: &PageRequest) -> Result<FilePage, Error> {
    let caller = Caller::prove(context).await?;
    if !(1..=PAGE_MAX).contains(&asked.first) {
        return Err(invalid("first", Rule::range(1, PAGE_MAX), format!("Ask for 1 to {PAGE_MAX} files.")));
    }
    let after = match &asked.after {
        Some(text) => Some(
            mindflow_guest::id::parse(text)
                .ok_or_else(|| invalid("after", Format::Cursor, "This is not a cursor of this list."))?,
        ),
        None => None,
    };
    let more = asked.first.saturating_add(1);
    let store::Page { mut files, total_count, total_bytes } =
        store::page(&caller, kind, after, more, &Addresses::now().await?).await?;
    let has_next_page = files.len() > asked.first as usize;
    files.truncate(asked.first as usize);
    Ok(FilePage { files, has_next_page, total_count, total_bytes })
}

pub async fn hold(context: &CallContext, ids: &[String]) -> Result<Vec<bool>, Error> {
    let caller = Caller::prove(context).await?;
    let held: HashSet<Uuid> = store::hold(&caller, uuids(ids)?, clock::now_us()).await?.into_iter().collect();
    Ok(ids.iter().map(|id| mindflow_guest::id::parse(id).is_some_and(|id| held.contains(&id))).collect())
}

pub async fn remove(context: &CallContext, id: &str) -> Result<(), Error> {
    let caller = Caller::prove(context).await?;
    let id = mindflow_guest::id::parse(id).ok_or_else(remove::no_such_file)?;
    remove::remove(id, caller.user_id, &caller.identity(), &context.correlation_id).await
}

pub async fn usage(context: &CallContext) -> Result<Usage, Error> {
    let caller = Caller::prove(context).await?;
    quota::usage(caller.user_id, caller.identity(), clock::now_us()).await
}

/// The ids among these texts; a text that is not an id is skipped.
fn uuids(ids: &[String]) -> Result<Vec<Uuid>, Error> {
    if ids.len() > IDS_MAX {
        return Err(invalid(
            "ids",
            Rule::items(IDS_MAX, ids.len()),
            format!("At most {IDS_MAX} can be asked for; these are {}.", ids.len()),
        ));
    }
    Ok(ids.iter().filter_map(|id| mindflow_guest::id::parse(id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_ids_than_a_call_takes_are_refused_and_what_is_no_id_is_left_out() {
        let id = "0190f3b2-7c1d-7a45-9d1e-0123456789ab".to_owned();
        assert_eq!(uuids(&[id.clone(), "7".to_owned()]).unwrap().len(), 1);
        assert!(matches!(uuids(&vec![id; IDS_MAX + 1]), Err(Error::Invalid(_))));
    }
}
