//! Journals that entries are in. Services call them books.

use crate::graphql::scope;
use async_graphql::{ComplexObject, Context, ID, Result, SimpleObject};
use mindflow_guest::journal::Book;

/// A journal. Each entry is in one.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Journal {
    /// A UUID; that of the default one is the user's.
    id: ID,
    /// At most 50 characters. The default one is called `Journal` until it is renamed.
    name: String,
    /// Whether it is the one that is always there, for entries that are in no other.
    is_default: bool,
    #[graphql(skip)]
    count: Option<u32>,
}

#[ComplexObject]
impl Journal {
    /// How many entries are in it. Drafts and deleted ones do not count.
    /// Null, with an error, when it cannot be read; the journal is there.
    async fn entry_count(&self, ctx: &Context<'_>) -> Result<Option<u32>> {
        if self.count.is_some() {
            return Ok(self.count);
        }
        let books = scope::with(ctx, |scope| async move { scope.books().await }).await?;
        Ok(books.into_iter().find(|book| book.id == self.id.as_str()).and_then(|book| book.entry_count))
    }
}

impl Journal {
    /// The one of an entry, among all of the user's: the default one, if its own is none of them.
    pub fn of_entry(books: Vec<Book>, id: Option<&str>) -> Option<Self> {
        let (mut default, mut own) = (None, None);
        for book in books {
            if Some(book.id.as_str()) == id {
                own = Some(book);
            } else if book.is_default {
                default = Some(book);
            }
        }
        own.or(default).map(Into::into)
    }
}

impl From<Book> for Journal {
    fn from(Book { id, name, is_default, entry_count }: Book) -> Self {
        Self { id: id.into(), name, is_default, count: entry_count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_a_journal_that_is_not_there_is_in_the_default_one() {
        let book = |id: &str, is_default| Book { id: id.into(), name: id.into(), is_default, entry_count: Some(1) };
        let name = |id: Option<&str>| {
            Journal::of_entry(vec![book("user", true), book("dreams", false)], id).map(|journal| journal.name)
        };
        assert_eq!(name(Some("dreams")).as_deref(), Some("dreams"));
        for other in [None, Some("gone"), Some("user")] {
            assert_eq!(name(other).as_deref(), Some("user"));
        }
    }
}
