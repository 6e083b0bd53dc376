//! Drafts, journals, the trash, earlier versions, and moods and days: what a journal has besides its entries.

use super::mutation::write;
use crate::graphql::scope::{self, SharedScope};
use crate::graphql::types::entry::JournalEntry;
use crate::graphql::types::inputs::JournalFilter;
use crate::graphql::types::journal::Journal;
use crate::graphql::types::mood::{CalendarDay, MoodRecord};
use crate::graphql::types::page::{self, JournalEntryConnection};
use crate::graphql::types::past::{DeletedEntryConnection, EntryVersionConnection};
use crate::graphql::types::scalars::Date;
use crate::read_your_writes;
use crate::services::{journal, reads};
use async_graphql::{Context, ID, Object, Result};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::failure::invalid;
use mindflow_guest::journal::Mark;
use mindflow_guest::rules::Rule;

/// What a journal has besides its entries.
#[derive(Default)]
pub struct JournalReads;

#[Object]
impl JournalReads {
    /// The user's drafts, the one that was changed last first.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn drafts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<Option<JournalEntryConnection>> {
        let page = scope::with(ctx, |scope| async move {
            let page = reads::PageRequest { first: page::size("first", first, 20)?, after };
            let drafts = reads::Filter { drafts: true, ..JournalFilter::default().into() };
            scope.page(drafts, Some(reads::EntryOrder::ChangedDescending), page).await
        });
        Ok(Some(page.await?.into()))
    }

    /// The user's journals: the default one, then the others by name.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn journals(&self, ctx: &Context<'_>) -> Result<Option<Vec<Journal>>> {
        let books = scope::with(ctx, |scope| async move { scope.books().await });
        Ok(Some(books.await?.into_iter().map(Into::into).collect()))
    }

    /// The trash, the entry that was deleted last first.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn deleted_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<Option<DeletedEntryConnection>> {
        let page = scope::with(ctx, |scope| async move {
            let goes_on = after.is_some();
            let page = reads::PageRequest { first: page::size("first", first, 20)?, after };
            Ok(DeletedEntryConnection::new(scope.deleted(page).await?, goes_on))
        });
        page.await.map(Some)
    }

    /// What one of the user's entries said before it was changed, the latest first. The last 50 versions are kept, unless the operator
    /// has set another number.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn entry_versions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<Option<EntryVersionConnection>> {
        let page = scope::with(ctx, |scope| async move {
            let goes_on = after.is_some();
            let page = reads::PageRequest { first: page::size("first", first, 20)?, after };
            Ok(EntryVersionConnection::new(scope.versions(id.into(), page).await?, goes_on))
        });
        page.await.map(Some)
    }

    /// Moods that were recorded without an entry on these days, the latest first; at most 1,000 of at most 366 days.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn mood_records(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day.")] from: Date,
        #[graphql(desc = "The last day.")] to: Date,
    ) -> Result<Option<Vec<MoodRecord>>> {
        let values = scope::values(ctx);
        let moods = scope::with(ctx, |scope| async move {
            let moods = scope.recorded_moods(span(from, to)).await?;
            scope.meter.rows(moods.len(), values)?;
            Ok(moods)
        });
        Ok(Some(moods.await?.into_iter().map(Into::into).collect()))
    }

    /// The days, at most 366, that an entry is about or a mood was recorded on, in order.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn calendar(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day.")] from: Date,
        #[graphql(desc = "The last day.")] to: Date,
    ) -> Result<Option<Vec<CalendarDay>>> {
        let values = scope::values(ctx);
        let days = scope::with(ctx, |scope| async move {
            let days = scope.calendar(span(from, to)).await?;
            scope.meter.rows(days.len(), values)?;
            Ok(days)
        });
        Ok(Some(days.await?.into_iter().map(Into::into).collect()))
    }
}

fn span(from: Date, to: Date) -> reads::DaySpan {
    reads::DaySpan { from_date: from.0, to_date: to.0 }
}

/// Changes of what a journal has besides its entries.
#[derive(Default)]
pub struct JournalWrites;

#[Object]
impl JournalWrites {
    /// Makes a draft an entry: it counts from now on. It has to have a title and a content by then. What is an entry already is answered
    /// as it is.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn publish_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The draft's id.")] id: ID,
        #[graphql(desc = "The version that the user sees; another one is a `CONFLICT`.")] expected_version: Option<i32>,
    ) -> Result<Option<JournalEntry>> {
        write(ctx, |context| async move {
            journal::publish_entry(context, id.into(), version("expectedVersion", expected_version)?).await
        })
        .await
        .map(Some)
    }

    /// Gives an entry the title, content, mood, tags, day, time and place of an earlier version. What it says until now is a version then,
    /// too. Its files, its journal and its marks stay.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn restore_entry_version(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
        #[graphql(desc = "The number of the earlier version.")] version: i32,
        #[graphql(desc = "The version that the user sees; another one is a `CONFLICT`.")] expected_version: Option<i32>,
    ) -> Result<Option<JournalEntry>> {
        write(ctx, |context| async move {
            let earlier = self::version("version", Some(version))?.unwrap_or_default();
            let expected = self::version("expectedVersion", expected_version)?;
            journal::restore_version(context, id.into(), earlier, expected).await
        })
        .await
        .map(Some)
    }

    /// Creates a journal.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn create_journal(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "1 to 50 characters. `CONFLICT` when another one has it, in any case.")] name: String,
    ) -> Result<Option<Journal>> {
        let created = write_book(ctx, |context| journal::create_book(context, name)).await?;
        Ok(Some(mindflow_guest::journal::Book { entry_count: Some(0), ..created }.into()))
    }

    /// Renames a journal.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn rename_journal(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The journal's id.")] id: ID,
        #[graphql(desc = "Its new name.")] name: String,
    ) -> Result<Option<Journal>> {
        Ok(Some(write_book(ctx, |context| journal::rename_book(context, id.into(), name)).await?.into()))
    }

    /// Deletes a journal. Its entries are in the default one from now on, which cannot be deleted itself.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn delete_journal(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The journal's id.")] id: ID,
    ) -> Result<Option<bool>> {
        mark(ctx, |context| journal::delete_book(context, id.into())).await
    }

    /// Takes a recorded mood back: it was never there.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn take_back_mood(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recorded mood's id.")] id: ID,
    ) -> Result<Option<bool>> {
        mark(ctx, |context| journal::take_back_mood(context, id.into())).await
    }
}

/// A write that is done or not; the caller's reads wait for it from now on.
async fn mark<F>(ctx: &Context<'_>, call: impl FnOnce(CallContext) -> F + Send) -> Result<Option<bool>>
where
    F: Future<Output = Result<Mark, Error>>,
{
    scope::with(ctx, |scope: SharedScope| async move {
        let mark = call(scope.viewer.proven().await?).await?;
        read_your_writes::written(&scope.viewer, vec![mark]).await;
        Ok(Some(true))
    })
    .await
}

/// The same, of a journal.
async fn write_book<F>(
    ctx: &Context<'_>,
    call: impl FnOnce(CallContext) -> F + Send,
) -> Result<mindflow_guest::journal::Book>
where
    F: Future<Output = Result<journal::WrittenBook, Error>>,
{
    scope::with(ctx, |scope: SharedScope| async move {
        let journal::WrittenBook { book, mark } = call(scope.viewer.proven().await?).await?;
        read_your_writes::written(&scope.viewer, vec![mark]).await;
        Ok(book)
    })
    .await
}

fn version(name: &'static str, given: Option<i32>) -> std::result::Result<Option<u32>, Error> {
    let wrong = |_| invalid(name, Rule::range(1, i32::MAX), "Must be 1 or more.");
    given.map(u32::try_from).transpose().map_err(wrong)
}
