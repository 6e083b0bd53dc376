//! What a search finds.

use super::entry::JournalEntry;
use super::page::PageInfo;
use crate::services::finder;
use async_graphql::{Enum, SimpleObject};

/// How entries are found.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::finder::Mode")]
pub enum SearchMode {
    /// By their words: in any grammatical form, case and encoding, the last one also as a beginning, misspelt ones too.
    FullText,
    /// By what they mean.
    Semantic,
    /// Both, fused by rank.
    Hybrid,
}

/// An entry that was found.
#[derive(SimpleObject)]
pub struct SearchHit {
    /// The entry as it is now.
    entry: JournalEntry,
    /// Higher is better; comparable within one answer alone.
    score: f64,
    /// Parts of the entry with `<mark>` around what was found; everything else is escaped for HTML.
    highlights: Vec<String>,
}

impl SearchHit {
    pub fn new(entry: JournalEntry, hit: finder::Hit) -> Self {
        Self { entry, score: hit.score, highlights: hit.highlights }
    }
}

/// The answer to a search.
#[derive(SimpleObject)]
pub struct SearchResult {
    /// Best first.
    pub hits: Vec<SearchHit>,
    /// Where these lie among all that were found.
    pub page_info: PageInfo,
    /// Of all that were found, on all pages.
    pub total_count: u32,
    /// How long it took to find them, in milliseconds.
    pub took_ms: f64,
}
