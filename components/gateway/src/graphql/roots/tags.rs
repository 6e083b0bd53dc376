//! Tags that go.

use crate::graphql::scope;
use crate::graphql::types::entry::Tag;
use crate::read_your_writes;
use crate::services::journal;
use async_graphql::{Context, ID, Object, Result};

/// Ends of tags.
#[derive(Default)]
pub struct TagWrites;

#[Object]
impl TagWrites {
    /// Takes the tag off all entries and deletes it; its name is free from then on. Where it has very many entries, one call may not be
    /// enough: the error is `UNAVAILABLE` then, and the next call goes on.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn delete_tag(&self, ctx: &Context<'_>, #[graphql(desc = "The tag's id.")] id: ID) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let marks = journal::delete_tag(scope.viewer.proven().await?, id.into()).await?;
            read_your_writes::written(&scope.viewer, marks).await;
            Ok(Some(true))
        })
        .await
    }

    /// Gives all entries that have one of the first tags the other one instead, and deletes the first ones. Where they have very many
    /// entries, it is as with `deleteTag`.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn merge_tags(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids of the tags that go, at most 100.")] ids: Vec<ID>,
        #[graphql(desc = "The id of the tag that stays.")] into: ID,
    ) -> Result<Option<Tag>> {
        let merged = scope::with(ctx, |scope| async move {
            let ids = ids.into_iter().map(Into::into).collect();
            let context = scope.viewer.proven().await?;
            let journal::MergedTags { into, marks } = journal::merge_tags(context, ids, into.into()).await?;
            read_your_writes::written(&scope.viewer, marks).await;
            Ok(into)
        });
        Ok(Some(merged.await?.into()))
    }
}
