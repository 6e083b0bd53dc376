//! Tags on their own. Renaming one publishes a single `TagRenamed`, not an event for every entry that carries it.

use super::{Request, known_id};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::tag_not_found;
use crate::quota;
use crate::store::{DATABASE, tags};
use crate::validation;
use mindflow_events::Tag;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::caller::Caller;
use mindflow_guest::failure::{self, conflict};
use mindflow_guest::journal::Mark;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::transaction;

/// A tag that exists already is returned as it is spelled.
pub async fn create(context: &CallContext, name: &str) -> Result<wit::WrittenTag, Error> {
    let request = Request::begin(context).await?;
    let name = validation::tag(name).map_err(Error::Invalid)?;
    let names = [name];
    let tags_max = quota::tags_max().await.map_err(Error::Internal)?;
    let tag = transaction(DATABASE, &request.caller.identity(), async |tx| {
        let taken = tags::take(tx, request.user_id, &names, None, request.now_us, tags_max).await?;
        for tag in &taken.made {
            tx.publish(request.events.tag_created(tag, false)?).await?;
        }
        taken.tags.into_iter().next().ok_or_else(|| failure::internal("a tag that was just made is not there").into())
    })
    .await?;
    Ok(written(tag, 1))
}

fn written(tag: Tag, sequence: u64) -> wit::WrittenTag {
    wit::WrittenTag { mark: Mark::tag(tag.id, sequence), tag: tag.into() }
}

pub async fn usage(context: &CallContext) -> Result<wit::Usage, Error> {
    let caller = Caller::prove(context).await?;
    let limit = quota::tags_max().await.map_err(Error::Internal)?;
    Ok(wit::Usage { used: tags::used(caller.user_id, caller.identity()).await?, limit })
}

pub async fn rename(context: &CallContext, id: &str, name: &str) -> Result<wit::WrittenTag, Error> {
    let request = Request::begin(context).await?;
    let name = validation::tag(name).map_err(Error::Invalid)?;
    let id = known_id(id, tag_not_found)?;
    let (tag, sequence) = transaction(DATABASE, &request.caller.identity(), async |tx| {
        let previous_name = tags::lock(tx, id, request.user_id).await?.ok_or_else(tag_not_found)?;
        let tag = Tag { id, name: name.name().to_owned() };
        if tag.name == previous_name {
            return Ok((tag, 1));
        }
        let Some(sequence) = tags::rename(tx, id, request.user_id, &name).await? else {
            return Err(
                conflict("name", Rule::Taken, format!("You already have another tag named “{}”.", tag.name)).into()
            );
        };
        tx.publish(request.events.tag_renamed(&tag, previous_name, sequence)?).await?;
        Ok((tag, sequence))
    })
    .await?;
    Ok(written(tag, sequence))
}
