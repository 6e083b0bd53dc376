//! How much is kept of a user, and how much may be. Each number is the service's that keeps it.

use super::scalars::Bytes;
use crate::graphql::scope;
use crate::services::{accounts, files, journal, notices};
use async_graphql::{Context, Object, Result, SimpleObject};
use mindflow_guest::journal::Usage;

/// Of the viewer.
pub struct Storage;

/// What is kept for a user, and how much of it may be. Beyond a limit, nothing is added (`QUOTA_EXCEEDED`); what is there stays.
#[Object]
impl Storage {
    /// Uploaded files with their smaller sizes, and uploads in progress.
    /// Null, with an error, when it cannot be read; the others are there.
    async fn media_bytes(&self, ctx: &Context<'_>) -> Result<Option<UsedBytes>> {
        let Usage { used, limit } = scope::ask(ctx, files::media_usage).await?;
        Ok(Some(UsedBytes { used: Bytes(used), limit: Bytes(limit) }))
    }

    /// Tags that the user has made.
    /// Null, with an error, when it cannot be read; the others are there.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Option<Used>> {
        Ok(Some(scope::ask(ctx, journal::tag_usage).await?.into()))
    }

    /// Webhooks, also those that are not active.
    /// Null, with an error, when it cannot be read; the others are there.
    async fn webhooks(&self, ctx: &Context<'_>) -> Result<Option<Used>> {
        Ok(Some(scope::ask(ctx, notices::webhook_usage).await?.into()))
    }

    /// Sessions that the user is logged in with. With one more than the limit, the one ends that was not used for the longest time.
    /// Null, with an error, when it cannot be read; the others are there.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Option<Used>> {
        Ok(Some(scope::ask(ctx, accounts::session_usage).await?.into()))
    }
}

/// How many there are, and how many there may be.
#[derive(SimpleObject)]
pub struct Used {
    /// More than the limit where that was lowered.
    used: u64,
    /// With so many, none can be added.
    limit: u64,
}

/// How much there is, and how much there may be.
#[derive(SimpleObject)]
pub struct UsedBytes {
    /// More than the limit where that was lowered.
    used: Bytes,
    /// Nothing is added that would exceed it.
    limit: Bytes,
}

impl From<Usage> for Used {
    fn from(Usage { used, limit }: Usage) -> Self {
        Self { used, limit }
    }
}
