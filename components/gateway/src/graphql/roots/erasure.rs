//! The end of an account, and of an entry.

use crate::graphql::scope;
use crate::graphql::types::erasure::{AccountDeletion, EntryPurge, ErasureReceipt};
use crate::rate;
use crate::read_your_writes;
use crate::services::{erasures, journal};
use async_graphql::{Context, ID, Object, Result};

/// What shows that nothing is left.
#[derive(Default)]
pub struct ErasureReads;

#[Object]
impl ErasureReads {
    /// What was deleted by an erasure, and what remains. No login is needed, since there is none after an account's end: anyone who has
    /// the id, which cannot be guessed, may read it. Null when there is no such erasure, also of an account whose deletion was cancelled.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn erasure_receipt(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As `deleteAccount` or `purgeJournalEntry` answered it.")] id: ID,
    ) -> Result<Option<ErasureReceipt>> {
        let receipt =
            scope::with(ctx, |scope| async move { erasures::receipt_of(scope.viewer.context(), id.into()).await });
        Ok(receipt.await?.map(Into::into))
    }
}

/// What begins it.
#[derive(Default)]
pub struct ErasureWrites;

#[Object]
impl ErasureWrites {
    /// Has the account go, with all that is the user's, at `dueAt`: two weeks later unless the platform is set up otherwise. Until then it
    /// can be used as before, and `cancelAccountDeletion` keeps it; all other sessions end, and the user gets a mail. Asked again, it answers
    /// the same. Five wrong passwords of a session lock this for 15 minutes.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn delete_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The current password. Send it as a variable.")] password: String,
    ) -> Result<Option<AccountDeletion>> {
        let deletion = scope::with(ctx, |scope| async move {
            let context = scope.viewer.presented()?;
            rate::of_guess(&scope.viewer).await?;
            erasures::delete_account(context, password).await
        });
        Ok(Some(deletion.await?.into()))
    }

    /// Keeps the account that was to go. False when it was not.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn cancel_account_deletion(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move { erasures::cancel_account_deletion(scope.viewer.presented()?).await })
            .await
            .map(Some)
    }

    /// Deletes an entry for good, also one that was deleted before: its text, its files that no other entry has, and all that was made of
    /// it. Nothing brings it back.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn purge_journal_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The entry's id.")] id: ID,
    ) -> Result<Option<EntryPurge>> {
        let purged = scope::with(ctx, |scope| async move {
            let purged = journal::purge_entry(scope.viewer.proven().await?, id.into()).await?;
            read_your_writes::written(&scope.viewer, purged.mark.iter().cloned().collect()).await;
            Ok(purged)
        });
        Ok(Some(purged.await?.into()))
    }
}
