//! Files for other components: what is shown with an entry, and what can be attached to one.

use crate::bindings::exports::mindflow::media::files::File;
use crate::shown::Addresses;
use crate::{route, store};
use mindflow_guest::{
    call::{CallContext, Error},
    caller::Caller,
    clock,
    failure::invalid,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What callers gather into one call.
const IDS_MAX: usize = 100;

pub async fn by_id(context: &CallContext, ids: &[String]) -> Result<Vec<Option<File>>, Error> {
    let caller = Caller::prove(context).await?;
    let found = store::shown(&caller, uuids(ids)?, &Addresses::now().await?).await?;
    let found: HashMap<String, File> = found.into_iter().map(|file| (file.id.clone(), file)).collect();
    Ok(ids.iter().map(|id| found.get(&id.to_ascii_lowercase()).cloned()).collect())
}

pub async fn hold(context: &CallContext, ids: &[String]) -> Result<Vec<bool>, Error> {
    let caller = Caller::prove(context).await?;
    let held: HashSet<Uuid> = store::hold(&caller, uuids(ids)?, clock::now_us()).await?.into_iter().collect();
    Ok(ids.iter().map(|id| route::uuid(id).is_some_and(|id| held.contains(&id))).collect())
}

/// What is no id names nothing.
fn uuids(ids: &[String]) -> Result<Vec<Uuid>, Error> {
    if ids.len() > IDS_MAX {
        return Err(invalid("ids", format!("At most {IDS_MAX} can be asked for; these are {}.", ids.len())));
    }
    Ok(ids.iter().filter_map(|id| route::uuid(id)).collect())
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
