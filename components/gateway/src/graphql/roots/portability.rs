//! A journal out, and in.

use crate::graphql::scope::ask;
use crate::graphql::types::portability::{ExportFormat, ExportJob, ImportInput, ImportJob};
use crate::services::jobs;
use async_graphql::{Context, ID, Object, Result};

/// What became of exports and imports.
#[derive(Default)]
pub struct PortabilityReads;

#[Object]
impl PortabilityReads {
    /// The user's exports of the last 30 days, the latest first; at most 50.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn exports(&self, ctx: &Context<'_>) -> Result<Option<Vec<ExportJob>>> {
        Ok(Some(ask(ctx, jobs::exports).await?.into_iter().map(Into::into).collect()))
    }

    /// The user's imports of the last 30 days, the latest first; at most 50.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn imports(&self, ctx: &Context<'_>) -> Result<Option<Vec<ImportJob>>> {
        Ok(Some(ask(ctx, jobs::imports).await?.into_iter().map(Into::into).collect()))
    }
}

/// Its changes.
#[derive(Default)]
pub struct PortabilityWrites;

#[Object]
impl PortabilityWrites {
    /// Begins to write the user's journal into a file, in the background. One export at a time: `CONFLICT` while another is under way.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn request_export(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is written as.", default_with = "Some(ExportFormat::Mindflow)")] format: Option<
            ExportFormat,
        >,
    ) -> Result<Option<ExportJob>> {
        let format = format.unwrap_or(ExportFormat::Mindflow).into();
        Ok(Some(ask(ctx, |context| jobs::request_export(context, format)).await?.into()))
    }

    /// Ends an export that is under way, or removes the file of one that is ready.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn cancel_export(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The export's id.")] id: ID,
    ) -> Result<Option<bool>> {
        ask(ctx, |context| jobs::cancel_export(context, id.into())).await.map(|()| Some(true))
    }

    /// Begins to import what was uploaded, in the background. What is imported takes nothing of the month's quota, and the same again
    /// makes nothing twice. One import at a time: `CONFLICT` while another is under way.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn begin_import(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The import.")] input: ImportInput,
    ) -> Result<Option<ImportJob>> {
        Ok(Some(ask(ctx, |context| jobs::begin_import(context, input.into())).await?.into()))
    }

    /// Ends an import that is under way. What is imported stays.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn cancel_import(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The import's id.")] id: ID,
    ) -> Result<Option<bool>> {
        ask(ctx, |context| jobs::cancel_import(context, id.into())).await.map(|()| Some(true))
    }
}
