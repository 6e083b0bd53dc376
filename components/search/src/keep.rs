//! One event, applied to the index. Applying it twice, or after a newer one, changes nothing: the index compares
//! versions. So the whole index is rebuilt by a replay.

use crate::{
    INDEX,
    entry::{self, Change},
    failure,
};
use mindflow_guest::{
    events::{Event, Failure},
    search_index,
};

pub async fn handle(event: &Event) -> Result<(), Failure> {
    let applied = match entry::change(event)? {
        Some(Change::Upsert(document)) => search_index::upsert(INDEX.into(), document).await,
        Some(Change::Delete { id, owner, version }) => search_index::delete(INDEX.into(), id, owner, version).await,
        None => Ok(()),
    };
    applied.map_err(|error| failure::of_keeping(error).into())
}
