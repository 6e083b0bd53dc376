//! What of the user's texts has left the platform.

use crate::graphql::scope::ask;
use crate::graphql::types::disclosure::{self, DisclosureConnection};
use crate::graphql::types::page;
use async_graphql::{Context, Object, Result};

/// The user's ledger.
#[derive(Default)]
pub struct DisclosureReads;

#[Object]
impl DisclosureReads {
    /// Every request that carried a text of the user's outside of the platform, the last one first: to Claude, to a service of embeddings,
    /// to the user's own webhooks and browsers. Each was written down before it was sent, so one is here also when it did not arrive, and
    /// once for each time that it was tried.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn ai_ledger(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
    ) -> Result<Option<DisclosureConnection>> {
        let page =
            ask(ctx, |context| async move { disclosure::page(context, page::size("first", first, 50)?, after).await });
        page.await.map(Some)
    }
}
