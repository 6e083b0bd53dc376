//! All mutations. Each answer is the written state, independent of the read side's progress.

use crate::graphql::meter::entry_bytes;
use crate::graphql::scope::{self, ask_as_admin};
use crate::graphql::types::dead_letter;
use crate::graphql::types::entry::{JournalEntry, Tag};
use crate::graphql::types::inputs::{Changes, CreateJournalEntryInput, UpdateJournalEntryInput};
use crate::graphql::types::mood::{Mood, MoodPoint};
use crate::graphql::types::scalars::DateTime;
use crate::graphql::types::user::{Role, User};
use crate::read_your_writes;
use crate::services::{accounts, files, journal};
use async_graphql::{Context, ID, MaybeUndefined, Object, Result};
use mindflow_guest::call::{CallContext, Error};

/// A write that returns an entry; the caller's reads wait for it from now on.
pub async fn write<F>(ctx: &Context<'_>, call: impl FnOnce(CallContext) -> F + Send) -> Result<JournalEntry>
where
    F: Future<Output = Result<journal::WrittenEntry, Error>>,
{
    let written = scope::with(ctx, |scope| async move {
        let written = call(scope.viewer.proven().await?).await?;
        read_your_writes::written(&scope.viewer, written.marks.clone()).await;
        scope.meter.take(entry_bytes(&written.entry))?;
        Ok(written)
    });
    Ok(written.await?.into())
}

/// The same for a tag.
async fn write_tag<F>(ctx: &Context<'_>, call: impl FnOnce(CallContext) -> F + Send) -> Result<Tag>
where
    F: Future<Output = Result<journal::WrittenTag, Error>>,
{
    let written = scope::with(ctx, |scope| async move {
        let journal::WrittenTag { tag, mark } = call(scope.viewer.proven().await?).await?;
        read_your_writes::written(&scope.viewer, vec![mark]).await;
        Ok(tag)
    });
    Ok(written.await?.into())
}

/// Entries, moods, tags, accounts and dead letters.
#[derive(Default)]
pub struct Writes;

#[Object]
impl Writes {
    /// Writes an entry.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn create_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry.")] input: CreateJournalEntryInput,
    ) -> Result<Option<JournalEntry>> {
        write(ctx, |context| journal::create_entry(context, input.into())).await.map(Some)
    }

    /// Changes an entry.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn update_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The change.")] input: UpdateJournalEntryInput,
    ) -> Result<Option<JournalEntry>> {
        let user = scope::with(ctx, |scope| async move { Ok(scope.viewer.caller().await?.user_id.clone()) }).await?;
        write(ctx, |context| async move {
            let (id, change) = input.into_change(&user)?;
            journal::update_entry(context, id, change).await
        })
        .await
        .map(Some)
    }

    /// Deletes an entry: it is gone from all lists but `deletedEntries`, from where `restoreJournalEntry` brings it back until it is removed
    /// for good.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn delete_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let mark = journal::delete_entry(scope.viewer.proven().await?, id.to_string(), None).await?;
            read_your_writes::written(&scope.viewer, vec![mark]).await;
            Ok(true)
        })
        .await
        .map(Some)
    }

    /// Brings a deleted entry back, without files that were deleted meanwhile. `CONFLICT` when neither a text that is seen nor a file is
    /// left of it.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn restore_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
    ) -> Result<Option<JournalEntry>> {
        write(ctx, |context| journal::restore_entry(context, id.into())).await.map(Some)
    }

    /// Records a mood without an entry.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn record_mood(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The mood.")] mood: Mood,
        #[graphql(desc = "A word about it.")] note: Option<String>,
        #[graphql(desc = "When it was; now when left out, never in the future.")] at: Option<DateTime>,
    ) -> Result<Option<MoodPoint>> {
        let recorded = scope::with(ctx, |scope| async move {
            let context = scope.viewer.proven().await?;
            let recorded = journal::record_mood(context, mood.into(), note, at.map(|at| at.0)).await?;
            read_your_writes::written(&scope.viewer, vec![recorded.mark.clone()]).await;
            Ok(recorded)
        });
        Ok(Some(recorded.await?.into()))
    }

    /// Creates a tag; one that exists already is returned as it is.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn create_tag(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 50 characters; case-insensitive.")] name: String,
    ) -> Result<Option<Tag>> {
        write_tag(ctx, |context| journal::create_tag(context, name)).await.map(Some)
    }

    /// Renames a tag, on all entries that carry it.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn rename_tag(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tag's id.")] id: ID,
        #[graphql(desc = "Its new name.")] name: String,
    ) -> Result<Option<Tag>> {
        write_tag(ctx, |context| journal::rename_tag(context, id.into(), name)).await.map(Some)
    }

    /// Deletes an uploaded file with its smaller sizes, which frees what it took of the quota. `CONFLICT` while an entry has it that is not
    /// deleted.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn delete_media(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file's id.")] id: ID,
    ) -> Result<Option<bool>> {
        scope::ask(ctx, |context| files::remove(context, id.into())).await?;
        Ok(Some(true))
    }

    /// Asks the AI for new insights of an entry as it is. Premium.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn reanalyze_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
    ) -> Result<Option<JournalEntry>> {
        write(ctx, |context| journal::reanalyze_entry(context, id.into())).await.map(Some)
    }

    /// Changes the user's own profile. What is left out stays as it is; none of it can be null. What follows in the same request is done
    /// in the new time zone.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How the user wants to be called.")] display_name: MaybeUndefined<String>,
        #[graphql(desc = "IANA name, such as `Europe/Berlin`.")] timezone: MaybeUndefined<String>,
        #[graphql(
            desc = "Whether services outside of the platform may read what the user writes. It holds from now on, also for what waits to be sent."
        )]
        ai_consent: MaybeUndefined<bool>,
    ) -> Result<Option<User>> {
        let changed = scope::with(ctx, |scope| async move {
            let context = scope.viewer.proven().await?;
            let mut changes = Changes::default();
            let display_name = changes.of("displayName", display_name);
            let timezone = changes.of("timezone", timezone);
            let ai_consent = changes.of("aiConsent", ai_consent);
            changes.finish()?;
            let change = accounts::ProfileChange { display_name, timezone, ai_consent };
            let changed = accounts::update_profile(context, change).await;
            // Also when it failed: some of it may be done.
            scope.viewer.renew();
            let changed = changed?;
            scope.viewer.own_writes().add(changed.mark.as_slice());
            Ok(changed.user)
        });
        Ok(Some(changed.await?.into()))
    }

    /// Sets a user's roles. For administrators. Takes effect at the user's next request.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn set_user_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user's id.")] user_id: ID,
        #[graphql(desc = "All roles that the user is to have.")] roles: Vec<Role>,
    ) -> Result<Option<User>> {
        let roles = roles.into_iter().map(Into::into).collect();
        let changed = scope::with(ctx, |scope| async move {
            let changed = accounts::set_roles(scope.viewer.proven_admin().await?, user_id.into(), roles).await;
            // An administrator may be the user.
            scope.viewer.renew();
            let changed = changed?;
            scope.viewer.own_writes().add(changed.mark.as_slice());
            Ok(changed.user)
        });
        Ok(Some(changed.await?.into()))
    }

    /// Delivers a dead letter again, then what waits behind it, in order. False when it is not there. For
    /// administrators.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn retry_dead_letter(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The dead letter's id.")] id: ID,
    ) -> Result<Option<bool>> {
        ask_as_admin(ctx, |_| dead_letter::retry(id.into())).await.map(Some)
    }

    /// Gives a dead letter up and goes on with what waits behind it. False when it is not there. For administrators.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn discard_dead_letter(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The dead letter's id.")] id: ID,
    ) -> Result<Option<bool>> {
        ask_as_admin(ctx, |_| dead_letter::discard(id.into())).await.map(Some)
    }
}
