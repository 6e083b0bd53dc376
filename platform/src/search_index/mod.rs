//! What the capability `search-index` is, on every provider: indexes of documents that their owners search, by words and by
//! meaning. A query is read once, in [`query`], so that every back end takes the same words for the same; what a search may
//! cost is bounded there and by [`SEARCH_TIMEOUT`]. The back end on PostgreSQL is here as a whole but for the connection.

mod document;
mod excerpt;
pub mod highlight;
pub mod language;
pub mod nearest;
mod postgres;
mod query;
mod statements;
mod tsquery;
mod words;

pub use document::{Document, DocumentError};
pub use excerpt::Marker;
pub use nearest::VECTOR_DIMENSIONS_MAX;
pub use postgres::{PostgresIndex, ROLE, Tables};
pub use query::{Clause, Query, QueryError, WORDS_MAX};
pub use words::{Cut, cut};

use crate::sql;
use std::time::Duration;

/// How long a search may take in the store. Everybody else's wait behind it; a good one takes milliseconds.
pub const SEARCH_TIMEOUT: Duration = Duration::from_secs(2);
/// Most hits of one answer: the largest page of the platform, and one more, which says that there are more.
pub const HITS_MAX: u32 = 101;
/// Most ids that a filter names: a page of hits.
pub const AMONG_MAX: usize = 100;
/// Most vectors that a provider compares for one search, the latest: a document a day for 27 years, and 15 MB at 384 dimensions.
pub const VECTORS_MAX: usize = 10_000;

/// Which documents count.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// All of these, regardless of case.
    pub keywords: Vec<String>,
    /// At or after this time, in microseconds since 1970-01-01T00:00:00Z.
    pub after: Option<i64>,
    /// Before this time.
    pub before: Option<i64>,
    /// None of these.
    pub without: Vec<Clause>,
    /// Only these documents, by their ids, at most [`AMONG_MAX`]; all when there is none.
    pub among: Vec<String>,
    /// Of the ranking, only what comes behind this one. Totals are those of the whole ranking.
    pub beyond: Option<Place>,
}

/// A hit's place in a ranking: hits are ordered by score, those of equal score by id. A document that is written again meanwhile may
/// move; all others are passed once.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub score: f64,
    pub id: String,
}

/// Makes filters, hits and errors of the interface and those of this module of each other: each program has types of its own for
/// that, made from the same WIT.
#[macro_export]
macro_rules! search_index_bindings {
    ($filter:ty, $hits:ty, $hit:ty, $error:ty) => {
        impl TryFrom<$filter> for $crate::search_index::Filter {
            type Error = $crate::search_index::Error;

            fn try_from(filter: $filter) -> Result<Self, Self::Error> {
                let without = $crate::search_index::Query::exclusions(&filter.without)?;
                let beyond =
                    filter.beyond.map(|place| $crate::search_index::Place { score: place.score, id: place.id });
                Self {
                    keywords: filter.keywords,
                    after: filter.after,
                    before: filter.before,
                    without,
                    among: filter.among,
                    beyond,
                }
                .bounded()
            }
        }

        impl From<$crate::search_index::TextHit> for $hit {
            fn from(hit: $crate::search_index::TextHit) -> Self {
                Self { id: hit.id, score: hit.score, highlights: hit.highlights }
            }
        }

        impl From<$crate::search_index::TextHits> for $hits {
            fn from(found: $crate::search_index::TextHits) -> Self {
                Self { hits: found.hits.into_iter().map(Into::into).collect(), total: found.total }
            }
        }

        impl From<$crate::search_index::Error> for $error {
            fn from(error: $crate::search_index::Error) -> Self {
                use $crate::search_index::Error as E;
                let text = error.to_string();
                match error {
                    E::Invalid(rule) => Self::Invalid(rule),
                    E::Timeout => Self::Timeout,
                    E::Unavailable(_) => Self::Unavailable(text),
                    E::Other(_) => Self::Failed(text),
                }
            }
        }
    };
}

impl Filter {
    /// The filter, if it is no larger than one may be.
    ///
    /// # Errors
    /// It names too many documents.
    pub fn bounded(self) -> Result<Self, Error> {
        if self.among.len() > AMONG_MAX {
            return Err(Error::Invalid(format!("a filter names at most {AMONG_MAX} documents.")));
        }
        Ok(self)
    }

    /// The same, wherever in the ranking and whichever documents it names.
    fn anywhere(&self) -> Self {
        Self { among: Vec::new(), beyond: None, ..self.clone() }
    }

    /// Whether it says by itself which documents count, so that these can be listed.
    #[must_use]
    pub fn selects(&self) -> bool {
        !self.keywords.is_empty() || self.after.is_some() || self.before.is_some()
    }
}

/// What to be near to.
#[derive(Debug, Clone, Copy)]
pub struct Near<'a> {
    pub vector: &'a [f32],
    /// 1 to [`HITS_MAX`].
    pub limit: u32,
    /// Not this one.
    pub except: Option<&'a str>,
}

/// A document that a query finds.
#[derive(Debug, Clone, PartialEq)]
pub struct TextHit {
    pub id: String,
    pub score: f64,
    /// HTML: escaped, with `<mark>`.
    pub highlights: Vec<String>,
}

/// What a query finds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextHits {
    pub hits: Vec<TextHit>,
    /// Of all that match.
    pub total: u32,
}

/// A document that is near.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorHit {
    pub id: String,
    /// Cosine similarity.
    pub score: f64,
}

/// Why an index did not do it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Invalid(String),
    #[error("the search took longer than {} s", SEARCH_TIMEOUT.as_secs())]
    Timeout,
    #[error("the search index is unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours.
    #[error("the search index failed: {0}")]
    Other(String),
}

impl From<sql::Error> for Error {
    fn from(error: sql::Error) -> Self {
        match error {
            sql::Error::Timeout => Self::Timeout,
            sql::Error::Unavailable(_) | sql::Error::PoolExhausted | sql::Error::Conflict(_) => {
                Self::Unavailable(error.to_string())
            }
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<DocumentError> for Error {
    fn from(error: DocumentError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// A number of hits that may be asked for.
///
/// # Errors
/// It is none from 1 to [`HITS_MAX`].
pub fn checked(limit: u32) -> Result<u32, Error> {
    if (1..=HITS_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::Invalid(format!("limit must be from 1 to {HITS_MAX}.")))
    }
}
