//! All queries.

use crate::graphql::scope::{self, ask_as_admin};
use crate::graphql::types::dead_letter::{self, DeadLetterConnection};
use crate::graphql::types::entry::{Insight, JournalEntry, Tag};
use crate::graphql::types::inputs::{JournalFilter, JournalOrder};
use crate::graphql::types::node::{self, Node};
use crate::graphql::types::page::{self, JournalEntryConnection, UserConnection};
use crate::graphql::types::scalars::Date;
use crate::graphql::types::user::User;
use crate::services::reads::{self, OwnRead};
use async_graphql::{Context, ID, Object, Result};

/// Entries, accounts and dead letters.
#[derive(Default)]
pub struct Reads;

#[Object]
impl Reads {
    /// The user who asks.
    async fn me(&self, ctx: &Context<'_>) -> Result<User> {
        Ok(scope::with(ctx, |scope| async move { scope.profile().await }).await?.into())
    }

    /// One of the user's own things by its id: an entry, a tag, a file, a webhook, or the account. Null when there is none with this
    /// id.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The thing's id.")] id: ID) -> Result<Option<Node>> {
        scope::with(ctx, |scope| async move { node::find(&scope, &id).await }).await
    }

    /// One of the user's own entries; null when there is none with this id.
    async fn journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
    ) -> Result<Option<JournalEntry>> {
        let entry = scope::with(ctx, |scope| async move {
            scope.viewer.caller().await?;
            let Some(id) = mindflow_guest::id::parse(&id) else { return Ok(None) };
            scope.entry(id.to_string()).await
        });
        Ok(entry.await?.map(Into::into))
    }

    /// The user's entries, newest first by the days that they are about.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn journal_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "Which ones.")] filter: Option<JournalFilter>,
        #[graphql(
            desc = "In which order. Left out, it is that of the page that `after` is from, and without `after` `ENTRY_DATE_DESC`."
        )]
        order_by: Option<JournalOrder>,
    ) -> Result<Option<JournalEntryConnection>> {
        let page = scope::with(ctx, |scope| async move {
            let page = reads::PageRequest { first: page::size("first", first, 20)?, after };
            scope.page(filter.unwrap_or_default().into(), order_by.map(Into::into), page).await
        });
        Ok(Some(page.await?.into()))
    }

    /// The user's latest entries by the days that they are about, then by when they were written.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn recent_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(10)")] limit: Option<i32>,
    ) -> Result<Option<Vec<JournalEntry>>> {
        let entries = scope::with(ctx, |scope| async move {
            scope.own_entries(OwnRead::RecentEntries(page::size("limit", limit, 10)?)).await
        });
        Ok(Some(entries.await?.into_iter().map(Into::into).collect()))
    }

    /// The user's entries about the same day of earlier years.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn on_this_day(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The day; today in the user's time zone when left out.")] date: Option<Date>,
    ) -> Result<Option<Vec<JournalEntry>>> {
        let entries =
            scope::with(
                ctx,
                |scope| async move { scope.own_entries(OwnRead::OnThisDay(date.map(|date| date.0))).await },
            );
        Ok(Some(entries.await?.into_iter().map(Into::into).collect()))
    }

    /// The AI's latest thoughts about the user's entries.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn insights(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(10)")] limit: Option<i32>,
    ) -> Result<Option<Vec<Insight>>> {
        let values = scope::values(ctx);
        let insights = scope::with(ctx, |scope| async move {
            let insights = scope.insights(page::size("limit", limit, 10)?).await?;
            scope.meter.rows(insights.len(), values)?;
            Ok(insights)
        });
        Ok(Some(insights.await?.into_iter().map(Into::into).collect()))
    }

    /// The user's tags.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Option<Vec<Tag>>> {
        let values = scope::values(ctx);
        let tags = scope::with(ctx, |scope| async move {
            let tags = scope.tags().await?;
            scope.meter.rows(tags.len(), values)?;
            Ok(tags)
        });
        Ok(Some(tags.await?.into_iter().map(Into::into).collect()))
    }

    /// All accounts. For administrators.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "Part of an e-mail address or a name.")] search: Option<String>,
    ) -> Result<Option<UserConnection>> {
        let page = scope::with(ctx, |scope| async move {
            let context = scope.viewer.proven_admin().await?;
            let page = reads::PageRequest { first: page::size("first", first, 20)?, after };
            scope.viewer.await_views().await;
            reads::users(context, search, page).await
        });
        Ok(Some(page.await?.into()))
    }

    /// Events that a consumer gave up on, newest first. For administrators.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn dead_letters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this consumer's.")] consumer: Option<String>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<Option<DeadLetterConnection>> {
        let page =
            ask_as_admin(
                ctx,
                |_| async move { dead_letter::page(consumer, page::size("first", first, 50)?, after).await },
            );
        page.await.map(Some)
    }
}
