//! A user's tags.

use super::DATABASE;
use crate::quota;
use crate::statements;
use crate::tag_name::TagName;
use mindflow_events::Tag;
use mindflow_guest::call::Error;
use mindflow_guest::sql::{self, Abort, Identity, Tx, violated_constraint};
use mindflow_guest::{id, params};
use uuid::Uuid;

/// How often the statement runs while other requests make or rename the same tags. The second run is enough unless a
/// tag is renamed back and forth meanwhile.
const RUNS_MAX: u32 = 5;

/// Tags as they are now.
#[derive(Debug, Default)]
pub struct Taken {
    /// All that were asked for, sorted by name.
    pub tags: Vec<Tag>,
    /// Those of them that are new.
    pub made: Vec<Tag>,
}

/// The user's tags of these names, which are distinct; missing ones are made, unless there are more than `tags_max` then. With an
/// `entry`, it has them from now on.
pub async fn take(
    tx: &Tx,
    user_id: Uuid,
    names: &[TagName],
    entry: Option<Uuid>,
    now_us: i64,
    tags_max: u64,
) -> Result<Taken, Abort> {
    if names.is_empty() {
        return Ok(Taken::default());
    }
    let mut made = Vec::new();
    for _ in 0..RUNS_MAX {
        let new_ids: Vec<Uuid> = names.iter().map(|_| id::new(now_us)).collect();
        let spelled: Vec<String> = names.iter().map(|tag| tag.name().to_owned()).collect();
        let keys: Vec<String> = names.iter().map(|tag| tag.key().to_owned()).collect();
        let rows = tx.query(statements::TAKE_TAGS, params![user_id, new_ids, spelled, keys, entry]).await?;
        let mut tags = Vec::with_capacity(names.len());
        for row in rows.iter() {
            let tag = Tag { id: row.get("id")?, name: row.get("name")? };
            if row.get("made")? {
                made.push(tag.clone());
            }
            tags.push(tag);
        }
        if tags.len() == names.len() {
            let taken = Taken { tags, made };
            fits(tx, user_id, &taken, tags_max).await?;
            return Ok(taken);
        }
    }
    Err(Error::Unavailable("the tags are being renamed by another request; try again".into()).into())
}

async fn fits(tx: &Tx, user_id: Uuid, taken: &Taken, tags_max: u64) -> Result<(), Abort> {
    let made = taken.made.len() as u64;
    if made == 0 {
        return Ok(());
    }
    let rows = tx.query(statements::TAGS_USED, params![user_id]).await?;
    let used: u64 = rows.first().map(|row| row.get("used")).transpose()?.unwrap_or_default();
    if used > tags_max {
        Err(quota::no_room_for_tags(used.saturating_sub(made), made, tags_max).into())
    } else {
        Ok(())
    }
}

/// How many tags the user has.
pub async fn used(user_id: Uuid, identity: Identity) -> Result<u64, Error> {
    let rows = sql::query(DATABASE, identity, statements::TAGS_USED, params![user_id]).await?;
    Ok(rows.first().map(|row| row.get("used")).transpose()?.unwrap_or_default())
}

/// The name of the user's tag, locked: no other transaction changes it or publishes it before the commit.
pub async fn lock(tx: &Tx, id: Uuid, user_id: Uuid) -> Result<Option<String>, Abort> {
    let rows = tx.query(statements::LOCK_TAG, params![id, user_id]).await?;
    Ok(rows.first().map(|row| row.get("name")).transpose()?)
}

/// The sequence of the event; `None` when another tag of the user has the name.
pub async fn rename(tx: &Tx, id: Uuid, user_id: Uuid, name: &TagName) -> Result<Option<u64>, Abort> {
    match tx.query(statements::RENAME_TAG, params![id, user_id, name.name(), name.key()]).await {
        Ok(rows) => Ok(rows.first().map(|row| row.get("event_sequence")).transpose()?),
        Err(error) if violated_constraint(&error) == Some(statements::TAG_NAME_CONSTRAINT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
