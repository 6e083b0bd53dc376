//! What entries said before they were changed.

use super::DATABASE;
use super::trash::{PAGE_BYTES_MAX, Page};
use crate::statements;
use mindflow_events::{Date, Entry, Mood, Place, Tag, Time};
use mindflow_guest::call::Error;
use mindflow_guest::params;
use mindflow_guest::sql::{self, Abort, Identity, Json, Tx};
use serde::Deserialize;
use uuid::Uuid;

/// A row of `command.entry_versions`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    pub version: u32,
    pub title: String,
    pub content: String,
    pub mood: Option<Mood>,
    /// As they were named then.
    pub tags: Vec<Tag>,
    pub entry_date: Date,
    pub entry_time: Option<String>,
    pub place: Option<Place>,
    pub word_count: u32,
    pub updated_at: Time,
}

/// Keeps what the entry says until now, and as many versions as there may be.
pub async fn keep(tx: &Tx, entry: &Entry, versions_max: u64) -> Result<(), Abort> {
    let params = params![entry.id, entry.user_id, Json::columns(entry), versions_max];
    tx.execute(statements::KEEP_VERSION, params).await?;
    Ok(())
}

pub async fn read(tx: &Tx, id: Uuid, user_id: Uuid, version: u32) -> Result<Option<Version>, Abort> {
    let rows = tx.query(statements::READ_VERSION, params![id, user_id, version]).await?;
    Ok(rows.first().map(|row| row.read()).transpose()?)
}

/// The latest first, before that version if there is one. `None` when the user has no such entry, or it is deleted.
pub async fn page(
    id: Uuid,
    user_id: Uuid,
    identity: Identity,
    before: Option<i64>,
    first: u32,
) -> Result<Option<Page<Version>>, Error> {
    let asked = vec![
        (statements::VERSION_OF_ENTRY.to_owned(), params![id, user_id]),
        (statements::COUNT_VERSIONS.to_owned(), params![id, user_id]),
        (statements::PAGE_OF_VERSIONS.to_owned(), params![id, user_id, before, first, PAGE_BYTES_MAX]),
    ];
    let mut answers = sql::query_many(DATABASE, identity, asked).await?;
    if answers.first().is_none_or(sql::Rows::is_empty) {
        return Ok(None);
    }
    let [count, rows] = super::two(answers.split_off(1))?;
    let items = rows.map(|row| row.read())?;
    super::paged(items, &count, &rows).map(Some)
}
