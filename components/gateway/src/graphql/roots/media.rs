//! The user's uploads.

use crate::graphql::scope;
use crate::graphql::types::media::{MediaConnection, MediaKind};
use crate::graphql::types::page;
use crate::services::{files, reads};
use async_graphql::{Context, Object, Result};

/// What was uploaded.
#[derive(Default)]
pub struct MediaReads;

#[Object]
impl MediaReads {
    /// The user's uploads, the latest first, also those that no entry has yet.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn media(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(20)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "Only pictures, or only sounds.")] kind: Option<MediaKind>,
    ) -> Result<Option<MediaConnection>> {
        let page = scope::with(ctx, |scope| async move {
            let goes_on = after.is_some();
            let page = reads::PageRequest { first: page::size("first", first, 20)?, after };
            let page = files::page(scope.viewer.proven().await?, kind.map(Into::into), page).await?;
            Ok(MediaConnection::new(page, goes_on))
        });
        page.await.map(Some)
    }
}
