//! Changing an entry. Every change of its content raises the version; a request that changes nothing does not, nor does one that moves
//! the entry into another journal, pins it or makes it a favourite.

use super::{Request, attachments, known_id};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{Change, Stored, entry_not_found, expect_version, is_marked_alone};
use crate::quota;
use crate::store::{DATABASE, books, entries, tags, versions};
use crate::validation;
use mindflow_events::Reason;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::sql::{Abort, Tx, transaction};
use uuid::Uuid;

pub async fn update(context: &CallContext, id: &str, input: wit::EntryChange) -> Result<wit::WrittenEntry, Error> {
    let request = Request::begin(context).await?;
    let expected_version = input.expected_version;
    let named = input.attachment_ids.clone().unwrap_or_default();
    let known = known_id(id, entry_not_found);
    let change = match validation::change(input.clone(), request.user_id, request.now_us, false) {
        Err(errors) if validation::lacks_title_alone(&errors) => {
            // Only then it matters what it is a change of.
            let of_draft = match &known {
                Ok(id) => entries::is_draft(*id, request.user_id, request.caller.identity()).await?,
                Err(_) => false,
            };
            if !of_draft {
                return Err(Error::Invalid(errors));
            }
            validation::change(input, request.user_id, request.now_us, true)
        }
        checked => checked,
    }
    .map_err(Error::Invalid)?;
    let id = known?;
    attachments::hold(context, change.attachment_ids.as_deref().unwrap_or_default(), &named).await?;
    let limits = Limits::now().await?;
    let written = transaction(DATABASE, &request.caller.identity(), async |tx| {
        write(tx, &request, id, change.clone(), expected_version, limits).await
    })
    .await?;
    Ok(written.answer(&request))
}

/// How much there may be.
#[derive(Clone, Copy)]
pub struct Limits {
    tags: u64,
    versions: u64,
}

impl Limits {
    pub async fn now() -> Result<Self, Error> {
        let tags = quota::tags_max().await.map_err(Error::Internal)?;
        Ok(Self { tags, versions: quota::versions_max().await.map_err(Error::Internal)? })
    }
}

/// What came of a change.
pub struct Written {
    stored: Stored,
    /// Whether its content stays, and so what is known about it.
    is_marked: bool,
}

impl Written {
    pub fn answer(self, request: &Request<'_>) -> wit::WrittenEntry {
        let answer = request.answer(self.stored);
        wit::WrittenEntry { analysis_requested: answer.analysis_requested && !self.is_marked, ..answer }
    }
}

pub async fn write(
    tx: &Tx,
    request: &Request<'_>,
    id: Uuid,
    change: Change,
    expected_version: Option<u32>,
    limits: Limits,
) -> Result<Written, Abort> {
    let stored = entries::read_for_change(tx, id, request.user_id).await?;
    let stored = stored.filter(|stored| !stored.is_deleted()).ok_or_else(entry_not_found)?;
    expect_version(stored.entry.version, expected_version)?;
    if let Some(Some(book)) = change.book_id.filter(|book| *book != stored.entry.book_id) {
        books::expect(tx, Some(book), request.user_id).await?;
    }
    let tags = match change.new_tags(&stored.entry) {
        None => None,
        Some(names) => {
            let taken = tags::take(tx, request.user_id, names, Some(id), request.now_us, limits.tags).await?;
            let private = stored.entry.draft || change.private.unwrap_or(stored.entry.private);
            for tag in &taken.made {
                tx.publish(request.events.tag_created(tag, private)?).await?;
            }
            Some(taken.tags)
        }
    };
    let writes_content = change.content.is_some();
    let mut changed = change.of(stored.entry.clone());
    // An entry that is older than this rule can still get another title.
    let takes_away = changed.content != stored.entry.content || changed.attachment_ids != stored.entry.attachment_ids;
    if takes_away && !changed.draft {
        validation::has_something(&changed, writes_content)?;
    }
    if changed.title.is_empty() && !changed.draft {
        // It was published meanwhile.
        validation::publishable(&changed)?;
    }
    changed.tags = tags.unwrap_or(changed.tags);
    if changed == stored.entry {
        return Ok(Written { stored, is_marked: false });
    }
    let is_marked = is_marked_alone(&changed, &stored.entry);
    let (stored, reason) = if is_marked {
        (entries::mark(tx, &stored, changed).await?, Reason::Marked)
    } else {
        if !changed.draft {
            versions::keep(tx, &stored.entry, limits.versions).await?;
        }
        (entries::change(tx, &stored, changed, request.now_us).await?, Reason::Edited)
    };
    tx.publish(request.events.entry_updated(&stored, request.premium, reason)?).await?;
    Ok(Written { stored, is_marked })
}
