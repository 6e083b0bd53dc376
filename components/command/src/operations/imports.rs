//! What an import writes. No user is asked: the job is, and it says whose it is. Each thing has an id that is the same in each run of
//! the import, so a thing that is there already is known, and nothing is made twice.

use super::attachments;
use crate::announce::Events;
use crate::bindings::exports::mindflow::command::imports as wit;
use crate::entry::Stored;
use crate::quota::{self, Month};
use crate::store::imports::{self, Importer, Known};
use crate::store::{DATABASE, books, entries, entries::Created, tags};
use crate::tag_name::TagName;
use crate::validation::{self, Draft};
use jiff::tz::TimeZone;
use mindflow_events::{Book, DEFAULT_BOOK, Date, Entry, Mood, MoodRecorded, Time};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::sql::{Identity, transaction};
use mindflow_guest::{clock, id};
use uuid::Uuid;
use wit::Outcome;

/// 0001-01-01T00:00:00Z. Of earlier years not even the forms of dates agree, and databases refuse most.
const MADE_AT_US_MIN: i64 = -62_135_596_800_000_000;

/// A mood of an import.
pub struct Recorded {
    pub id: String,
    pub mood: wit::Mood,
    pub note: Option<String>,
    pub at: i64,
}

pub async fn entry(
    context: &CallContext,
    job: &str,
    imported: wit::ImportedEntry,
    dry_run: bool,
) -> Result<Outcome, Error> {
    let importer = importer(job).await?;
    let now_us = clock::now_us();
    let former = imported.former_id.as_deref().and_then(id::parse);
    let named = imported.entry.attachment_ids.clone();
    let mut draft = match validation::new_entry(imported.entry, importer.user_id, &TimeZone::UTC, now_us) {
        Ok(draft) => draft,
        Err(broken) => return Ok(Outcome::Refused(broken)),
    };
    dated(&mut draft.entry, imported.created_at, imported.updated_at, now_us);
    let is_draft = draft.entry.draft;
    // A draft counts when it is published, as any other does.
    draft.entry.imported = !is_draft;
    draft.entry.published_at = plausible(imported.published_at).filter(|_| !is_draft).map(|at| Time(at.min(now_us)));
    if let Some(former) = former
        && imports::known(former, importer.user_id).await? == Known::There
    {
        return Ok(Outcome::Duplicate);
    }
    match imports::known(draft.entry.id, importer.user_id).await? {
        Known::There => return Ok(Outcome::Duplicate),
        Known::Ended => return Ok(Outcome::Ended),
        Known::Nothing if dry_run => return Ok(Outcome::Created),
        Known::Nothing => {}
    }
    let missing = attachments::missing_of(context, job, &draft.entry.attachment_ids, &named).await?;
    if !missing.is_empty() {
        return Ok(Outcome::Refused(missing));
    }
    match write(context, importer, &draft, now_us).await {
        Err(Error::Invalid(broken)) => Ok(Outcome::Refused(broken)),
        written => written,
    }
}

/// What an archive says, unless it is no time of a journal.
fn plausible(at: Option<i64>) -> Option<i64> {
    at.filter(|at| *at >= MADE_AT_US_MIN)
}

/// As the source says it, but never later than now.
fn dated(entry: &mut Entry, created_at: Option<i64>, updated_at: Option<i64>, now_us: i64) {
    let created_at = plausible(created_at).unwrap_or(now_us).min(now_us);
    entry.created_at = Time(created_at);
    entry.updated_at = Time(updated_at.unwrap_or(created_at).clamp(created_at, now_us));
}

async fn write(context: &CallContext, importer: Importer, draft: &Draft, now_us: i64) -> Result<Outcome, Error> {
    let tags_max = quota::tags_max().await.map_err(Error::Internal)?;
    let events = Events { context, user_id: importer.user_id };
    transaction(DATABASE, &Identity::Service, async |tx| {
        let entry = &draft.entry;
        books::expect(tx, entry.book_id, importer.user_id).await?;
        match entries::import(tx, entry, Month::of(now_us)).await? {
            Created::Written => {}
            // Another user's, or one that was written since it was looked for.
            Created::Repeated | Created::BeyondQuota | Created::IdTaken => return Ok(Outcome::Ended),
        }
        let taken = tags::take(tx, importer.user_id, &draft.tags, Some(entry.id), now_us, tags_max).await?;
        for tag in &taken.made {
            tx.publish(events.tag_created(tag, entry.private || entry.draft)?).await?;
        }
        let entry = Entry { tags: taken.tags, ..entry.clone() };
        let stored = Stored { entry, event_sequence: 1, deleted_at: None };
        tx.publish(events.entry_created(&stored, importer.premium)?).await?;
        Ok(Outcome::Created)
    })
    .await
}

pub async fn mood(context: &CallContext, job: &str, recorded: Recorded, dry_run: bool) -> Result<Outcome, Error> {
    let importer = importer(job).await?;
    let id = id::parse(&recorded.id).ok_or_else(validation::unusable_id)?;
    let now_us = clock::now_us();
    let (note, at) = match validation::mood_record(recorded.note.as_deref(), Some(recorded.at), now_us) {
        Ok(kept) => kept,
        Err(broken) => return Ok(Outcome::Refused(broken)),
    };
    if imports::has_mood(id, importer.user_id).await? {
        return Ok(Outcome::Duplicate);
    }
    if dry_run {
        return Ok(Outcome::Created);
    }
    let date = Some(Date(clock::day_of(&TimeZone::UTC, at)));
    let recorded = MoodRecorded {
        mood_id: id,
        user_id: importer.user_id,
        mood: Mood::from(recorded.mood),
        note,
        at: Time(at),
        date,
    };
    let events = Events { context, user_id: importer.user_id };
    transaction(DATABASE, &Identity::Service, async |tx| {
        entries::record_mood(tx, &recorded).await?;
        tx.publish(events.mood_recorded(recorded.clone())?).await?;
        Ok(())
    })
    .await?;
    Ok(Outcome::Created)
}

pub async fn tag(context: &CallContext, job: &str, name: &str, dry_run: bool) -> Result<Outcome, Error> {
    let importer = importer(job).await?;
    let name = match validation::tag(name) {
        Ok(name) => name,
        Err(broken) => return Ok(Outcome::Refused(broken)),
    };
    if imports::has_tag(name.key(), importer.user_id).await? {
        return Ok(Outcome::Duplicate);
    }
    if dry_run {
        return Ok(Outcome::Created);
    }
    let (names, now_us) = ([name], clock::now_us());
    let tags_max = quota::tags_max().await.map_err(Error::Internal)?;
    let events = Events { context, user_id: importer.user_id };
    transaction(DATABASE, &Identity::Service, async |tx| {
        let taken = tags::take(tx, importer.user_id, &names, None, now_us, tags_max).await?;
        for tag in &taken.made {
            tx.publish(events.tag_created(tag, false)?).await?;
        }
        Ok(())
    })
    .await?;
    Ok(Outcome::Created)
}

/// The id of the journal, `None` of the default one or where none is made, and whether it was made.
pub async fn book(
    context: &CallContext,
    job: &str,
    name: &str,
    dry_run: bool,
) -> Result<(Option<String>, bool), Error> {
    let importer = importer(job).await?;
    let name = validation::book(name).map_err(Error::Invalid)?;
    if let Some(found) = imports::book(name.key(), importer.user_id).await? {
        return Ok(((found != importer.user_id).then(|| found.to_string()), false));
    }
    let is_default = name.key() == TagName::new(DEFAULT_BOOK).key();
    if is_default && !imports::has_renamed_default(importer.user_id).await? {
        return Ok((None, false));
    }
    if dry_run {
        return Ok((None, true));
    }
    let book = Book { book_id: id::new(clock::now_us()), user_id: importer.user_id, name: name.name().to_owned() };
    let events = Events { context, user_id: importer.user_id };
    transaction(DATABASE, &Identity::Service, async |tx| {
        match books::create(tx, &book, &name, quota::BOOKS_MAX).await? {
            books::Named::Written(_) => {}
            books::Named::Taken | books::Named::Full => return Err(quota::no_room_for_books().into()),
        }
        tx.publish(events.book_created(&book)?).await?;
        Ok(())
    })
    .await?;
    Ok((Some(book.book_id.to_string()), true))
}

async fn importer(job: &str) -> Result<Importer, Error> {
    let no_job = || Error::NotFound("There is no such import that runs.".into());
    let job: Uuid = id::parse(job).ok_or_else(no_job)?;
    imports::importer(job).await?.ok_or_else(no_job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::tests::entry;

    #[test]
    fn an_entry_was_made_when_its_source_says_and_now_where_that_cannot_be() {
        let now_us = 1_700_000_000_000_000;
        let of = |created_at, updated_at| {
            let mut entry = entry();
            dated(&mut entry, created_at, updated_at, now_us);
            (entry.created_at.0, entry.updated_at.0)
        };
        assert_eq!(of(Some(5), Some(9)), (5, 9));
        assert_eq!(of(Some(5), Some(1)), (5, 5));
        assert_eq!(of(Some(i64::MAX), None), (now_us, now_us));
        assert_eq!(of(Some(MADE_AT_US_MIN), None), (MADE_AT_US_MIN, MADE_AT_US_MIN));
        assert_eq!(of(Some(MADE_AT_US_MIN - 1), Some(9)), (now_us, now_us));
        assert_eq!(plausible(Some(MADE_AT_US_MIN - 1)), None);
    }
}
