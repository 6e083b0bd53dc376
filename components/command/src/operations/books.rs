//! Journals that entries are in. The default one is always there: its id is its user's, and it is called `Journal` until it is renamed.

use super::{Request, known_id};
use crate::bindings::exports::mindflow::command::journal as wit;
use crate::quota;
use crate::store::DATABASE;
use crate::store::books::{self, Named};
use crate::tag_name::TagName;
use crate::validation;
use mindflow_events::{Book, DEFAULT_BOOK};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::failure::conflict;
use mindflow_guest::id;
use mindflow_guest::journal::Mark;
use mindflow_guest::rules::Rule;
use mindflow_guest::sql::{Abort, Tx, transaction};

pub async fn create(context: &CallContext, name: &str) -> Result<wit::WrittenBook, Error> {
    let request = Request::begin(context).await?;
    let name = validation::book(name).map_err(Error::Invalid)?;
    let book = Book { book_id: id::new(request.now_us), user_id: request.user_id, name: name.name().to_owned() };
    transaction(DATABASE, &request.caller.identity(), async |tx| {
        expect_other_than_default(tx, &request, &name).await?;
        match books::create(tx, &book, &name, quota::BOOKS_MAX).await? {
            Named::Written(_) => {}
            Named::Taken => return Err(taken(&name).into()),
            Named::Full => return Err(quota::no_room_for_books().into()),
        }
        tx.publish(request.events.book_created(&book)?).await?;
        Ok(())
    })
    .await?;
    Ok(written(book, 1))
}

pub async fn rename(context: &CallContext, id: &str, name: &str) -> Result<wit::WrittenBook, Error> {
    let request = Request::begin(context).await?;
    let name = validation::book(name).map_err(Error::Invalid)?;
    let id = known_id(id, not_found)?;
    let book = Book { book_id: id, user_id: request.user_id, name: name.name().to_owned() };
    let sequence = transaction(DATABASE, &request.caller.identity(), async |tx| {
        let held = books::lock(tx, id, request.user_id).await?;
        if id != request.user_id {
            if held.is_none() {
                return Err(not_found().into());
            }
            expect_other_than_default(tx, &request, &name).await?;
        }
        let (held_name, sequence) = held.unwrap_or((DEFAULT_BOOK.to_owned(), 0));
        if held_name == book.name {
            return Ok(sequence);
        }
        match books::rename(tx, &book, &name).await? {
            Named::Written(sequence) => {
                tx.publish(request.events.book_renamed(&book, sequence)?).await?;
                Ok(sequence)
            }
            Named::Taken => Err(taken(&name).into()),
            Named::Full => Err(not_found().into()),
        }
    })
    .await?;
    Ok(written(book, sequence))
}

/// Its entries need no change: what is in no other journal is in the default one.
pub async fn delete(context: &CallContext, id: &str) -> Result<Mark, Error> {
    let request = Request::begin(context).await?;
    let id = known_id(id, not_found)?;
    if id == request.user_id {
        let text =
            "The first journal cannot be deleted: entries that are in no other one are in it. Rename it instead.";
        return Err(conflict("id", Rule::InUse, text));
    }
    transaction(DATABASE, &request.caller.identity(), async |tx| {
        let sequence = books::delete(tx, id, request.user_id, request.now_us).await?.ok_or_else(not_found)?;
        tx.publish(request.events.book_deleted(id, sequence)?).await?;
        Ok(Mark::book(id, sequence))
    })
    .await
}

/// The default journal has a name, even while it has no row.
async fn expect_other_than_default(tx: &Tx, request: &Request<'_>, name: &TagName) -> Result<(), Abort> {
    let is_its = name.key() == TagName::new(DEFAULT_BOOK).key();
    if is_its && books::lock(tx, request.user_id, request.user_id).await?.is_none() {
        return Err(taken(name).into());
    }
    Ok(())
}

fn written(book: Book, sequence: u64) -> wit::WrittenBook {
    let is_default = book.book_id == book.user_id;
    let mark = Mark::book(book.book_id, sequence);
    let book = wit::Book { id: book.book_id.to_string(), name: book.name, is_default, entry_count: None };
    wit::WrittenBook { book, mark }
}

fn not_found() -> Error {
    Error::NotFound("There is no such journal.".into())
}

fn taken(name: &TagName) -> Error {
    conflict("name", Rule::Taken, format!("You already have a journal named “{}”.", name.name()))
}
