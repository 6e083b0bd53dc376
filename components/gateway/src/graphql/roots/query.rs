//! All queries.

use crate::graphql::scope::{self, ask_as_admin};
use crate::graphql::types::dead_letter::{self, DeadLetterConnection};
use crate::graphql::types::entry::{Insight, JournalEntry, Tag};
use crate::graphql::types::inputs::JournalFilter;
use crate::graphql::types::page::{self, JournalEntryConnection, UserConnection};
use crate::graphql::types::scalars::Date;
use crate::graphql::types::user::User;
use crate::read_your_writes;
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

    /// One of the user's own entries; null when there is none with this id.
    async fn journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
    ) -> Result<Option<JournalEntry>> {
        let entry = scope::with(ctx, |scope| async move {
            let caller = scope.viewer.caller().await?;
            let Some(id) = mindflow_guest::id::parse(&id) else { return Ok(None) };
            let id = id.to_string();
            let known = scope.entry(id.clone()).await?;
            read_your_writes::caught_up(scope.viewer.context(), &caller.user_id, &id, known).await
        });
        Ok(entry.await?.map(Into::into))
    }

    /// The user's entries, newest first.
    async fn journal_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "Which ones.")] filter: Option<JournalFilter>,
    ) -> Result<JournalEntryConnection> {
        let page = scope::with(ctx, |scope| async move {
            let page = reads::PageRequest { first: page::size("first", first, 20)?, after };
            scope.page(filter.unwrap_or_default().into(), page).await
        });
        Ok(page.await?.into())
    }

    /// The user's latest entries.
    async fn recent_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(10)")] limit: Option<i32>,
    ) -> Result<Vec<JournalEntry>> {
        let entries = scope::with(ctx, |scope| async move {
            scope.own_entries(OwnRead::RecentEntries(page::size("limit", limit, 10)?)).await
        });
        Ok(entries.await?.into_iter().map(Into::into).collect())
    }

    /// The user's entries about the same day of earlier years.
    async fn on_this_day(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The day; today (UTC) when left out.")] date: Option<Date>,
    ) -> Result<Vec<JournalEntry>> {
        let entries =
            scope::with(
                ctx,
                |scope| async move { scope.own_entries(OwnRead::OnThisDay(date.map(|date| date.0))).await },
            );
        Ok(entries.await?.into_iter().map(Into::into).collect())
    }

    /// The AI's latest thoughts about the user's entries.
    async fn insights(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(10)")] limit: Option<i32>,
    ) -> Result<Vec<Insight>> {
        let values = scope::values(ctx);
        let insights = scope::with(ctx, |scope| async move {
            let insights = scope.insights(page::size("limit", limit, 10)?).await?;
            scope.meter.rows(insights.len(), values)?;
            Ok(insights)
        });
        Ok(insights.await?.into_iter().map(Into::into).collect())
    }

    /// The user's tags.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Vec<Tag>> {
        let values = scope::values(ctx);
        let tags = scope::with(ctx, |scope| async move {
            let tags = scope.tags().await?;
            scope.meter.rows(tags.len(), values)?;
            Ok(tags)
        });
        Ok(tags.await?.into_iter().map(Into::into).collect())
    }

    /// All accounts. For administrators.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "Part of an e-mail address or a name.")] search: Option<String>,
    ) -> Result<UserConnection> {
        let page = ask_as_admin(ctx, |context| async move {
            let page = reads::PageRequest { first: page::size("first", first, 20)?, after };
            reads::users(context, search, page).await
        });
        Ok(page.await?.into())
    }

    /// Events that a consumer gave up on, newest first. For administrators.
    async fn dead_letters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this consumer's.")] consumer: Option<String>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<DeadLetterConnection> {
        let page =
            ask_as_admin(
                ctx,
                |_| async move { dead_letter::page(consumer, page::size("first", first, 50)?, after).await },
            );
        page.await
    }
}
