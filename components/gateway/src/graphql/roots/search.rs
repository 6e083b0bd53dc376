//! Finding entries.

use crate::graphql::scope::{self, SharedScope};
use crate::graphql::types::page::{self, PageInfo};
use crate::graphql::types::search::{SearchHit, SearchMode, SearchResult};
use crate::services::finder;
use async_graphql::{Context, ID, Object, Result};
use futures::future::join_all;
use mindflow_guest::call::Error;

/// Searches.
#[derive(Default)]
pub struct SearchReads;

#[Object]
impl SearchReads {
    /// Finds the user's entries.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Words that must all be there, `\"phrases\"`, `-words` that must not; `tag:NAME`, `from:YYYY-MM-DD`, `to:YYYY-MM-DD`, which alone list the entries that fit, the latest first. Exclusions and filters hold in every mode. Operators in any case, quotes as any keyboard types them. At most 200 characters, counted as they are composed (NFC), and 20 words; an emoji is a word, and of Chinese, Japanese and Thai four letters count as one."
        )]
        query: String,
        #[graphql(desc = "How.", default_with = "Some(SearchMode::Hybrid)")] mode: Option<SearchMode>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(20)")] limit: Option<i32>,
        #[graphql(desc = "Go on behind this place: `pageInfo.endCursor` of the same search.")] after: Option<String>,
    ) -> Result<Option<SearchResult>> {
        let search = |scope: SharedScope| async move {
            let limit = page::size("limit", limit, 20)?;
            let mode = mode.unwrap_or(SearchMode::Hybrid).into();
            let found = finder::search(scope.viewer.proven().await?, query, mode, limit, after.clone()).await?;
            #[expect(clippy::cast_precision_loss, reason = "below 2^53 for the next 285 years")]
            let took_ms = found.took_us as f64 / 1_000.0;
            let page_info = PageInfo {
                has_next_page: found.has_next_page,
                has_previous_page: after.is_some(),
                start_cursor: found.hits.first().map(|hit| hit.cursor.clone()),
                end_cursor: found.hits.last().map(|hit| hit.cursor.clone()),
            };
            let (hits, total_count) = (entries(&scope, found.hits).await?, found.total_count);
            Ok(SearchResult { hits, page_info, total_count, took_ms })
        };
        scope::with(ctx, search).await.map(Some)
    }

    /// The user's other entries about the same, best first. Empty while the entry is too new to have been read.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn related_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To which entry.")] id: ID,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(5)")] limit: Option<i32>,
    ) -> Result<Option<Vec<SearchHit>>> {
        let related = |scope: SharedScope| async move {
            let limit = page::size("limit", limit, 5)?;
            let context = scope.viewer.proven().await?;
            let none = || Error::NotFound("There is no entry with this id.".into());
            let id = mindflow_guest::id::parse(&id).ok_or_else(none)?.to_string();
            scope.entry(id.clone()).await?.ok_or_else(none)?;
            entries(&scope, finder::related(context, id, limit).await?).await
        };
        scope::with(ctx, related).await.map(Some)
    }
}

/// The entries of the hits, read by one call. One that was just deleted is left out.
async fn entries(scope: &SharedScope, hits: Vec<finder::Hit>) -> Result<Vec<SearchHit>, Error> {
    let found = hits.into_iter().map(|hit| async move {
        let entry = scope.entry(hit.entry_id.clone()).await?;
        Ok(entry.map(|entry| SearchHit::new(entry.into(), hit)))
    });
    let found: Result<Vec<_>, Error> = join_all(found).await.into_iter().collect();
    Ok(found?.into_iter().flatten().collect())
}
