//! Journals that entries are in.

use crate::statements;
use crate::tag_name::TagName;
use mindflow_events::Book;
use mindflow_guest::failure::invalid;
use mindflow_guest::params;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::{Abort, Rows, Time, Tx, violated_constraint};
use uuid::Uuid;

/// What came of a name for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// With the sequence of the event.
    Written(u64),
    /// Another one of the user has the name.
    Taken,
    /// There are as many as a user can have.
    Full,
}

/// That an entry can go into the user's book.
///
/// # Errors
/// `invalid` when there is none of this id.
pub async fn expect(tx: &Tx, id: Option<Uuid>, user_id: Uuid) -> Result<(), Abort> {
    let Some(id) = id else { return Ok(()) };
    if tx.query(statements::HOLD_BOOK, params![id, user_id]).await?.is_empty() {
        return Err(invalid("journalId", Rule::NotFound, "You have no such journal: make it first.").into());
    }
    Ok(())
}

/// The name of the user's book and the sequence of its last event, locked. `None` of the default one that was never renamed, too.
pub async fn lock(tx: &Tx, id: Uuid, user_id: Uuid) -> Result<Option<(String, u64)>, Abort> {
    let rows = tx.query(statements::LOCK_BOOK, params![id, user_id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((row.get("name")?, row.get("event_sequence")?)))
}

pub async fn create(tx: &Tx, book: &Book, name: &TagName, books_max: u64) -> Result<Named, Abort> {
    let params = params![book.book_id, book.user_id, name.name(), name.key(), books_max];
    named(tx.query(statements::CREATE_BOOK, params).await, |rows| {
        Ok(if rows.is_empty() { Named::Full } else { Named::Written(1) })
    })
}

pub async fn rename(tx: &Tx, book: &Book, name: &TagName) -> Result<Named, Abort> {
    let params = params![book.book_id, book.user_id, name.name(), name.key()];
    named(tx.query(statements::RENAME_BOOK, params).await, |rows| {
        let sequence = rows.first().map(|row| row.get("event_sequence")).transpose()?;
        Ok(sequence.map_or(Named::Full, Named::Written))
    })
}

fn named(
    answered: Result<Rows, mindflow_guest::sql::Error>,
    read: impl FnOnce(Rows) -> Result<Named, Abort>,
) -> Result<Named, Abort> {
    match answered {
        Ok(rows) => read(rows),
        Err(error) if violated_constraint(&error) == Some(statements::BOOK_NAME_CONSTRAINT) => Ok(Named::Taken),
        Err(error) => Err(error.into()),
    }
}

/// The sequence of the event; `None` when there is no such book.
pub async fn delete(tx: &Tx, id: Uuid, user_id: Uuid, now_us: i64) -> Result<Option<u64>, Abort> {
    let rows = tx.query(statements::DELETE_BOOK, params![id, user_id, Time(now_us)]).await?;
    Ok(rows.first().map(|row| row.get("event_sequence")).transpose()?)
}
