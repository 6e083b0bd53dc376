//! Creating an entry: exactly once for a client's mutation id, and never beyond the quota.

use super::{Request, attachments};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{Stored, entry_not_found};
use crate::fingerprint;
use crate::quota::{self, Month};
use crate::store::{DATABASE, books, entries, entries::Created, tags};
use crate::validation::{self, Draft};
use mindflow_events::Entry;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::failure::conflict;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::{Abort, Tx, transaction};

pub async fn create(context: &CallContext, input: wit::NewEntry) -> Result<wit::WrittenEntry, Error> {
    let request = Request::begin(context).await?;
    let named = input.attachment_ids.clone();
    let sent = input.client_mutation_id.is_some().then(|| input.clone());
    let zone = request.caller.time_zone();
    let draft = validation::new_entry(input, request.user_id, &zone, request.now_us).map_err(Error::Invalid)?;
    attachments::hold(context, &draft.entry.attachment_ids, &named).await?;
    let limits = Limits {
        entries: quota::limit(request.premium, quota::free_entries_per_month().await.map_err(Error::Internal)?),
        tags: quota::tags_max().await.map_err(Error::Internal)?,
    };
    let stored = transaction(DATABASE, &request.caller.identity(), async |tx| {
        write(tx, &request, &draft, sent.as_ref(), limits).await
    })
    .await?;
    Ok(request.answer(stored))
}

/// How much the user may have.
#[derive(Clone, Copy)]
struct Limits {
    entries: Option<u32>,
    tags: u64,
}

/// `sent`: the request as it came, if the client numbered it.
async fn write(
    tx: &Tx,
    request: &Request<'_>,
    draft: &Draft,
    sent: Option<&wit::NewEntry>,
    limits: Limits,
) -> Result<Stored, Abort> {
    let month = Month::of(request.now_us);
    if let Err(error) = books::expect(tx, draft.entry.book_id, request.user_id).await {
        // What was written before is answered, also when its journal was deleted since.
        return if is_repeated(tx, request, draft).await? {
            earlier(tx, request, draft, sent).await
        } else {
            Err(error)
        };
    }
    match entries::create(tx, &draft.entry, draft.mutation.as_ref(), month, limits.entries).await? {
        Created::Repeated => return earlier(tx, request, draft, sent).await,
        Created::BeyondQuota => {
            let used = entries::used(tx, request.user_id, month).await?;
            return Err(quota::exceeded(used, limits.entries, month).into());
        }
        Created::IdTaken => return Err(validation::unusable_id().into()),
        Created::Written => {}
    }
    let (user_id, entry) = (request.user_id, Some(draft.entry.id));
    let taken = tags::take(tx, user_id, &draft.tags, entry, request.now_us, limits.tags).await?;
    for tag in &taken.made {
        tx.publish(request.events.tag_created(tag, draft.entry.private || draft.entry.draft)?).await?;
    }
    let entry = Entry { tags: taken.tags, ..draft.entry.clone() };
    let stored = Stored { entry, event_sequence: 1, deleted_at: None };
    tx.publish(request.events.entry_created(&stored, request.premium)?).await?;
    Ok(stored)
}

async fn is_repeated(tx: &Tx, request: &Request<'_>, draft: &Draft) -> Result<bool, Abort> {
    let Some(mutation) = &draft.mutation else { return Ok(false) };
    Ok(entries::find_mutation(tx, request.user_id, &mutation.id).await?.is_some())
}

/// The entry that the same mutation created before, as it is now. Nothing of another content, or of an entry that is gone,
/// would be written, so neither is answered as if it were. The id of an entry that is gone says no more than any other that cannot be used.
async fn earlier(tx: &Tx, request: &Request<'_>, draft: &Draft, sent: Option<&wit::NewEntry>) -> Result<Stored, Abort> {
    let mutation = draft.mutation.as_ref().ok_or_else(entry_not_found)?;
    let found = entries::find_mutation(tx, request.user_id, &mutation.id).await?;
    let (id, fingerprint) = found.ok_or_else(entry_not_found)?;
    // One that was purged cannot be read.
    let stored = entries::read(tx, id, request.user_id).await?.filter(|stored| !stored.is_deleted());
    if draft.names_id && stored.is_none() {
        return Err(validation::unusable_id().into());
    }
    let field = if mutation.id == draft.entry.id.to_string() { "id" } else { "clientMutationId" };
    let reused =
        |why: &str| conflict(field, Rule::Reused, format!("The {field} {:?} {why}: send another one.", mutation.id));
    let is_same =
        |kept: &Vec<u8>| *kept == mutation.fingerprint || sent.is_some_and(|sent| *kept == fingerprint::of_sent(sent));
    if fingerprint.is_some_and(|kept| !is_same(&kept)) {
        return Err(reused("was sent before with another content").into());
    }
    stored.ok_or_else(|| reused("was sent before, and the entry that it created was deleted").into())
}
