//! What an entry said before it was changed, and giving it that back.

use super::{Request, known_id, update};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::cursor::{self, Cursor};
use crate::entry::{Change, entry_not_found};
use crate::store::versions::Version;
use crate::store::{DATABASE, entries, versions};
use crate::tag_name::{TagName, deduplicated};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::failure::invalid;
use mindflow_guest::journal::PageRequest;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::transaction;
use uuid::Uuid;

pub async fn page(context: &CallContext, id: &str, asked: PageRequest) -> Result<wit::VersionPage, Error> {
    let request = Request::begin(context).await?;
    let (first, after) = cursor::page(asked.first, asked.after.as_deref())?;
    let id = known_id(id, entry_not_found)?;
    let before = after.map(|cursor| cursor.number);
    let page = versions::page(id, request.user_id, request.caller.identity(), before, first).await?;
    let page = page.ok_or_else(entry_not_found)?;
    Ok(wit::VersionPage {
        versions: page.items.into_iter().map(|version| shown(id, version)).collect(),
        has_next_page: page.has_next_page,
        total_count: page.total,
    })
}

fn shown(id: Uuid, version: Version) -> wit::EntryVersion {
    wit::EntryVersion {
        cursor: Cursor { number: i64::from(version.version), id }.encode(),
        version: version.version,
        title: version.title,
        content: version.content,
        mood: version.mood.map(Into::into),
        tags: version.tags.into_iter().map(|tag| tag.name).collect(),
        entry_date: version.entry_date.to_string(),
        entry_time: version.entry_time,
        place: version.place.map(Into::into),
        word_count: version.word_count,
        saved_at: version.updated_at.0,
    }
}

/// A change as any other, so that what the entry said until now is a version as well.
pub async fn restore(
    context: &CallContext,
    id: &str,
    version: u32,
    expected_version: Option<u32>,
) -> Result<wit::WrittenEntry, Error> {
    let request = Request::begin(context).await?;
    let id = known_id(id, entry_not_found)?;
    let limits = update::Limits::now().await?;
    let written = transaction(DATABASE, &request.caller.identity(), async |tx| {
        let Some(kept) = versions::read(tx, id, request.user_id, version).await? else {
            entries::version(tx, id, request.user_id).await?.ok_or_else(entry_not_found)?;
            let text = "The entry has no such earlier version, or it is no longer kept.";
            return Err(invalid("version", Rule::NotFound, text).into());
        };
        update::write(tx, &request, id, change_to(kept), expected_version, limits).await
    })
    .await?;
    Ok(written.answer(&request))
}

/// Files, the journal and marks stay as they are.
fn change_to(version: Version) -> Change {
    Change {
        title: Some(version.title),
        content: Some(version.content),
        mood: Some(version.mood),
        tags: Some(deduplicated(version.tags.iter().map(|tag| TagName::new(&tag.name)).collect())),
        entry_date: Some(version.entry_date),
        entry_time: Some(version.entry_time),
        place: Some(version.place),
        ..Change::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::tests::entry;
    use mindflow_events::Entry;

    #[test]
    fn a_version_gives_back_what_the_entry_said_and_leaves_where_it_is_kept() {
        let was = entry();
        let version = Version {
            version: was.version,
            title: was.title.clone(),
            content: was.content.clone(),
            mood: was.mood,
            tags: was.tags.clone(),
            entry_date: was.entry_date,
            entry_time: was.entry_time.clone(),
            place: was.place.clone(),
            word_count: was.word_count,
            updated_at: was.updated_at,
        };
        let now = Entry { title: "Another".into(), content: "Text".into(), mood: None, pinned: true, ..was.clone() };
        let change = change_to(version);
        assert_eq!(change.new_tags(&now), None);
        assert_eq!(change.of(now), Entry { pinned: true, ..was });
    }
}
