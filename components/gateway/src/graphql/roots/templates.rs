//! What new entries begin with: the user's templates, and questions.

use crate::graphql::meter::template_bytes;
use crate::graphql::scope::{self, ask};
use crate::graphql::types::page;
use crate::graphql::types::template::{EntryTemplate, EntryTemplateInput, Prompt};
use crate::services::templates;
use async_graphql::{Context, ID, Object, Result};

/// What there is to begin with.
#[derive(Default)]
pub struct TemplateReads;

#[Object]
impl TemplateReads {
    /// The user's templates by name; at most 100.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn templates(&self, ctx: &Context<'_>) -> Result<Option<Vec<EntryTemplate>>> {
        let templates = scope::with(ctx, |scope| async move {
            let templates = templates::all(scope.viewer.proven().await?).await?;
            let bytes = templates.iter().map(template_bytes).sum();
            scope.meter.take(bytes)?;
            scope.meter.answer(bytes)?;
            Ok(templates)
        });
        Ok(Some(templates.await?.into_iter().map(Into::into).collect()))
    }

    /// Questions to write about, that of the user's day first: each day begins with the one after that of the day before.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn prompts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; there may be fewer.", default_with = "Some(5)")] first: Option<i32>,
        #[graphql(
            desc = "Only of this theme: `day`, `gratitude`, `feelings`, `people`, `growth`, `future` or `memories`."
        )]
        theme: Option<String>,
    ) -> Result<Option<Vec<Prompt>>> {
        let prompts =
            ask(ctx, |context| async move { templates::prompts(context, page::size("first", first, 5)?, theme).await });
        Ok(Some(prompts.await?.into_iter().map(Into::into).collect()))
    }
}

/// Changes of templates.
#[derive(Default)]
pub struct TemplateWrites;

#[Object]
impl TemplateWrites {
    /// Creates a template.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn create_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The template.")] input: EntryTemplateInput,
    ) -> Result<Option<EntryTemplate>> {
        Ok(Some(ask(ctx, |context| templates::create(context, input.into())).await?.into()))
    }

    /// Changes a template: it is as the input says from now on.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn update_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The template's id.")] id: ID,
        #[graphql(desc = "The whole template.")] input: EntryTemplateInput,
    ) -> Result<Option<EntryTemplate>> {
        Ok(Some(ask(ctx, |context| templates::update(context, id.into(), input.into())).await?.into()))
    }

    /// Deletes a template. Entries that began with it stay as they are.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn delete_template(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The template's id.")] id: ID,
    ) -> Result<Option<bool>> {
        ask(ctx, |context| templates::delete(context, id.into())).await.map(|()| Some(true))
    }
}
