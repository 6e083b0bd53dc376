//! What an import asks: whose it is, and what is there already.

use super::DATABASE;
use crate::statements::imports as statements;
use mindflow_guest::call::Error;
use mindflow_guest::params;
use mindflow_guest::sql::{self, Identity};
use uuid::Uuid;

/// Whose import a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Importer {
    pub user_id: Uuid,
    pub premium: bool,
}

/// What there is of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    Nothing,
    /// An entry of the user's, or one in the trash.
    There,
    /// What is left of one that was removed for good.
    Ended,
}

/// `None` for a job that is not running, or none.
pub async fn importer(job: Uuid) -> Result<Option<Importer>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, statements::IMPORTER, params![job]).await?;
    let found = rows
        .first()
        .map(|row| Ok::<_, sql::RowError>(Importer { user_id: row.get("user_id")?, premium: row.get("premium")? }));
    Ok(found.transpose()?)
}

/// An entry of the user's.
pub async fn known(id: Uuid, user_id: Uuid) -> Result<Known, Error> {
    let rows = sql::query(DATABASE, Identity::Service, statements::KNOWN_ENTRY, params![id, user_id]).await?;
    Ok(match rows.first().map(|row| row.get::<bool>("ended")).transpose()? {
        None => Known::Nothing,
        Some(false) => Known::There,
        Some(true) => Known::Ended,
    })
}

pub async fn has_mood(id: Uuid, user_id: Uuid) -> Result<bool, Error> {
    let rows = sql::query(DATABASE, Identity::Service, statements::KNOWN_MOOD, params![id, user_id]).await?;
    Ok(!rows.is_empty())
}

pub async fn has_tag(key: &str, user_id: Uuid) -> Result<bool, Error> {
    let rows = sql::query(DATABASE, Identity::Service, statements::KNOWN_TAG, params![key, user_id]).await?;
    Ok(!rows.is_empty())
}

/// The user's book of that name, and the key of the default one's own name if it has one.
pub async fn book(key: &str, user_id: Uuid) -> Result<Option<Uuid>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, statements::KNOWN_BOOK, params![key, user_id]).await?;
    Ok(rows.first().map(|row| row.get("id")).transpose()?)
}

/// Whether the user has given the default book a name of its own.
pub async fn has_renamed_default(user_id: Uuid) -> Result<bool, Error> {
    let rows = sql::query(DATABASE, Identity::Service, statements::RENAMED_DEFAULT, params![user_id]).await?;
    Ok(!rows.is_empty())
}
