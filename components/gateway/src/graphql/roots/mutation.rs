//! All mutations. Each answer is the written state, independent of the read side's progress.

use crate::graphql::meter::entry_bytes;
use crate::graphql::scope::{self, ask, ask_as_admin};
use crate::graphql::types::dead_letter;
use crate::graphql::types::entry::{JournalEntry, Tag};
use crate::graphql::types::inputs::{CreateJournalEntryInput, UpdateJournalEntryInput};
use crate::graphql::types::mood::{Mood, MoodPoint};
use crate::graphql::types::scalars::DateTime;
use crate::graphql::types::user::{Role, User};
use crate::read_your_writes;
use crate::services::{accounts, journal};
use async_graphql::{Context, ID, Object, Result};
use mindflow_guest::call::{CallContext, Error};

/// A write that returns an entry; the caller's reads wait for it from now on.
async fn write<F>(ctx: &Context<'_>, call: impl FnOnce(CallContext) -> F + Send) -> Result<JournalEntry>
where
    F: Future<Output = Result<journal::WrittenEntry, Error>>,
{
    let written = scope::with(ctx, |scope| async move {
        let written = call(scope.viewer.proven().await?).await?;
        read_your_writes::written(&written.entry).await;
        scope.meter.take(entry_bytes(&written.entry))?;
        Ok(written)
    });
    Ok(written.await?.into())
}

/// Entries, moods, tags, accounts and dead letters.
#[derive(Default)]
pub struct Writes;

#[Object]
impl Writes {
    /// Writes an entry.
    async fn create_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry.")] input: CreateJournalEntryInput,
    ) -> Result<JournalEntry> {
        write(ctx, |context| journal::create_entry(context, input.into())).await
    }

    /// Changes an entry.
    async fn update_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateJournalEntryInput,
    ) -> Result<JournalEntry> {
        write(ctx, |context| async move {
            let (id, change) = input.into_change()?;
            journal::update_entry(context, id, change).await
        })
        .await
    }

    /// Deletes an entry; `restoreJournalEntry` brings it back.
    async fn delete_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
    ) -> Result<bool> {
        scope::with(ctx, |scope| async move {
            let caller = scope.viewer.caller().await?;
            journal::delete_entry(scope.viewer.context(), id.to_string(), None).await?;
            read_your_writes::deleted(&caller.user_id, &id).await;
            Ok(true)
        })
        .await
    }

    /// Brings a deleted entry back.
    async fn restore_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
    ) -> Result<JournalEntry> {
        write(ctx, |context| journal::restore_entry(context, id.into())).await
    }

    /// Records a mood without an entry.
    async fn record_mood(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mood.")] mood: Mood,
        #[graphql(desc = "A word about it.")] note: Option<String>,
        #[graphql(desc = "When it was; now when left out, never in the future.")] at: Option<DateTime>,
    ) -> Result<MoodPoint> {
        let record = ask(ctx, |context| journal::record_mood(context, mood.into(), note, at.map(|at| at.0))).await?;
        Ok(record.into())
    }

    /// Creates a tag; one that exists already is returned as it is.
    async fn create_tag(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 50 characters; case-insensitive.")] name: String,
    ) -> Result<Tag> {
        Ok(ask(ctx, |context| journal::create_tag(context, name)).await?.into())
    }

    /// Renames a tag, on all entries that carry it.
    async fn rename_tag(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tag's id.")] id: ID,
        #[graphql(desc = "Its new name.")] name: String,
    ) -> Result<Tag> {
        Ok(ask(ctx, |context| journal::rename_tag(context, id.into(), name)).await?.into())
    }

    /// Asks the AI for new insights of an entry as it is. Premium.
    async fn reanalyze_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
    ) -> Result<JournalEntry> {
        write(ctx, |context| journal::reanalyze_entry(context, id.into())).await
    }

    /// Changes the user's own profile. What is left out stays as it is.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How the user wants to be called.")] display_name: Option<String>,
        #[graphql(desc = "IANA name, such as `Europe/Berlin`.")] timezone: Option<String>,
    ) -> Result<User> {
        let change = accounts::ProfileChange { display_name, timezone };
        Ok(ask(ctx, |context| accounts::update_profile(context, change)).await?.into())
    }

    /// Sets a user's roles. For administrators. Takes effect at the user's next request.
    async fn set_user_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's id.")] user_id: ID,
        #[graphql(desc = "All roles that the user is to have.")] roles: Vec<Role>,
    ) -> Result<User> {
        let roles = roles.into_iter().map(Into::into).collect();
        Ok(ask_as_admin(ctx, |context| accounts::set_roles(context, user_id.into(), roles)).await?.into())
    }

    /// Delivers a dead letter again, then what waits behind it, in order. False when it is not there. For
    /// administrators.
    async fn retry_dead_letter(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The dead letter's id.")] id: ID,
    ) -> Result<bool> {
        ask_as_admin(ctx, |_| dead_letter::retry(id.into())).await
    }

    /// Gives a dead letter up and goes on with what waits behind it. False when it is not there. For administrators.
    async fn discard_dead_letter(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The dead letter's id.")] id: ID,
    ) -> Result<bool> {
        ask_as_admin(ctx, |_| dead_letter::discard(id.into())).await
    }
}
