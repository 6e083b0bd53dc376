//! Tags that are deleted, or merged into another. Their entries lose them one transaction after the other, each entry with an event of its
//! own, which consumers apply as they do any other change; the last transaction deletes the tags. An interrupted deletion goes on when it is
//! requested again: until then the tags exist, with fewer entries.
//!
//! A transaction locks entries before tags, as every other one does. One that finds an entry with the tag after it has locked the tags
//! commits what it did, and the next one takes that entry.

use super::{Request, known_id, mark};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::tag_not_found;
use crate::store::{DATABASE, ended_tags};
use mindflow_events::{Reason, Tag};
use mindflow_guest::call::{CallContext, Error, FieldError};
use mindflow_guest::failure::field;
use mindflow_guest::id;
use mindflow_guest::journal::{MARKS_MAX, Mark, PAGE_MAX};
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::{Abort, Tx, transaction};
use uuid::Uuid;

/// More than 100,000 entries: the call's deadline comes before.
const TRANSACTIONS_MAX: usize = 1_000;

pub async fn delete(context: &CallContext, id: &str) -> Result<Vec<Mark>, Error> {
    let request = Request::begin(context).await?;
    let id = known_id(id, tag_not_found)?;
    Ok(end(&request, &[id], None).await?.marks)
}

pub async fn merge(context: &CallContext, ids: &[String], into: &str) -> Result<wit::MergedTags, Error> {
    let request = Request::begin(context).await?;
    let into = known_id(into, tag_not_found)?;
    let ids = going(ids, into).map_err(Error::Invalid)?;
    let Ended { into, marks } = end(&request, &ids, Some(into)).await?;
    Ok(wit::MergedTags { into: into.ok_or_else(tag_not_found)?.into(), marks })
}

/// The tags that go, each once.
fn going(ids: &[String], into: Uuid) -> Result<Vec<Uuid>, Vec<FieldError>> {
    let most = PAGE_MAX as usize;
    let refused = |name: String, rule: Rule, text: String| Err(vec![field(name, rule, text)]);
    if ids.is_empty() {
        return refused("ids".into(), Rule::Required, "Name the tags that go.".into());
    }
    if ids.len() > most {
        return refused(
            "ids".into(),
            Rule::items(most, ids.len()),
            format!("At most {most} tags are merged at a time."),
        );
    }
    let mut going = Vec::with_capacity(ids.len());
    for (index, text) in ids.iter().enumerate() {
        match id::parse(text) {
            None => return refused(format!("ids[{index}]"), Rule::NotFound, "You have no such tag.".into()),
            Some(id) if id == into => {
                return refused(format!("ids[{index}]"), Rule::InUse, "A tag is not merged into itself.".into());
            }
            Some(id) if going.contains(&id) => {}
            Some(id) => going.push(id),
        }
    }
    going.sort_unstable();
    Ok(going)
}

/// What is there when the tags are gone.
struct Ended {
    into: Option<Tag>,
    /// Of the tags, and of the entries that were changed last.
    marks: Vec<Mark>,
}

async fn end(request: &Request<'_>, ids: &[Uuid], into: Option<Uuid>) -> Result<Ended, Error> {
    for _ in 0..TRANSACTIONS_MAX {
        let ended =
            transaction(DATABASE, &request.caller.identity(), async |tx| part(tx, request, ids, into).await).await?;
        if let Some(ended) = ended {
            return Ok(ended);
        }
    }
    Err(Error::Unavailable("the tags have more entries than one call changes; ask once more".into()))
}

/// One transaction. `None` when entries are left.
async fn part(tx: &Tx, request: &Request<'_>, ids: &[Uuid], into: Option<Uuid>) -> Result<Option<Ended>, Abort> {
    let user_id = request.user_id;
    if ended_tags::known(tx, user_id, ids).await? < ids.len() {
        return Err(tag_not_found().into());
    }
    let entries = ended_tags::tagged(tx, user_id, ids).await?;
    let into = match into {
        Some(id) => Some(ended_tags::hold(tx, user_id, id).await?.ok_or_else(tag_not_found)?),
        None => None,
    };
    let into_id = into.as_ref().map(|tag| tag.id);
    let changed =
        if entries.is_empty() { Vec::new() } else { ended_tags::retag(tx, user_id, entries, ids, into_id).await? };
    for stored in &changed {
        tx.publish(request.events.entry_updated(stored, request.premium, Reason::Retagged)?).await?;
    }
    let Some(ended) = ended_tags::end(tx, user_id, ids, into_id, request.now_us).await? else { return Ok(None) };
    let mut marks = Vec::with_capacity(ended.len() + changed.len());
    for (id, sequence) in ended {
        tx.publish(request.events.tag_deleted(id, into_id, sequence)?).await?;
        marks.push(Mark::tag(id, sequence));
    }
    marks.extend(changed.iter().map(mark));
    marks.truncate(MARKS_MAX);
    Ok(Some(Ended { into, marks }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_go_are_named_once_and_are_others_than_the_one_that_stays() {
        let [first, second, into] = [1, 2, 3].map(Uuid::from_u128);
        let names = |ids: &[Uuid]| ids.iter().map(Uuid::to_string).collect::<Vec<_>>();
        assert_eq!(going(&names(&[second, first, second]), into), Ok(vec![first, second]));
        let mut wrong = names(&[first]);
        wrong.push("x".into());
        for (ids, name, rule) in [
            (Vec::new(), "ids", "required"),
            (wrong, "ids[1]", "not-found"),
            (names(&[first, into]), "ids[1]", "in-use"),
            (names(&[first; 101]), "ids", "too-many"),
        ] {
            let errors = going(&ids, into).unwrap_err();
            assert_eq!((errors[0].field.as_str(), errors[0].rule.as_str()), (name, rule));
        }
    }
}
