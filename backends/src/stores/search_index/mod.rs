//! Indexes of documents that their owners search, by words and by meaning: one trait, and a suite in
//! `backends/tests/conformance/search_index` that runs over every back end. What a document is about is nothing to it.
//!
//! A query is read once, in [`query`], so that every back end takes the same words for the same; what a search
//! may cost is bounded there and by [`SEARCH_TIMEOUT`].

mod document;
mod highlight;
mod language;
mod nearest;
mod opensearch;
mod postgres;
mod query;
mod words;

pub use document::{Document, DocumentError, VECTOR_DIMENSIONS_MAX};
pub use postgres::ROLE as POSTGRES_ROLE;
pub use query::{Query, QueryError, WORDS_MAX as QUERY_WORDS_MAX};

use crate::{
    database::{postgres::Database, sql},
    secret::Secret,
};
use async_trait::async_trait;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use uuid::Uuid;

/// How long a search may take in the store. Everybody else's wait behind it; a good one takes milliseconds.
pub const SEARCH_TIMEOUT: Duration = Duration::from_secs(2);
/// Most hits of one answer: the largest page of the platform.
pub const HITS_MAX: u32 = 100;
/// Most vectors that the host compares for one search, the latest: a document a day for 27 years, and 15 MB at 384 dimensions.
pub const VECTORS_MAX: usize = 10_000;

/// One index.
#[async_trait]
pub trait SearchIndex: Send + Sync {
    /// Writes the document unless a newer version of it is there, or its deletion.
    async fn upsert(&self, document: &Document) -> Result<(), Error>;

    /// As [`Self::upsert`] for each document, of different ids. After an error some may be in the index.
    async fn upsert_all(&self, documents: &[Document]) -> Result<(), Error> {
        for document in documents {
            self.upsert(document).await?;
        }
        Ok(())
    }

    /// Takes the document out, for this version and all older ones.
    async fn delete(&self, id: &str, owner: Uuid, version: u64) -> Result<(), Error>;

    /// The owner's documents that match, best first.
    async fn search(&self, owner: Uuid, query: &Query, filter: &Filter, limit: u32) -> Result<TextHits, Error>;

    /// The owner's documents nearest to a vector: of the latest [`VECTORS_MAX`] where the host compares them.
    async fn nearest(&self, owner: Uuid, near: &Near<'_>, filter: &Filter) -> Result<Vec<VectorHit>, Error>;

    /// What the owner's document means; none when there is no such document or it has no vector.
    async fn vector(&self, owner: Uuid, id: &str) -> Result<Option<Vec<f32>>, Error>;
}

/// Which documents count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// All of these, regardless of case.
    pub keywords: Vec<String>,
    /// At or after this time, in microseconds since 1970-01-01T00:00:00Z.
    pub after: Option<i64>,
    /// Before this time.
    pub before: Option<i64>,
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

#[derive(Debug, Clone, PartialEq)]
pub struct TextHit {
    pub id: String,
    pub score: f64,
    /// HTML: escaped, with `<mark>`.
    pub highlights: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextHits {
    pub hits: Vec<TextHit>,
    /// Of all that match.
    pub total: u32,
}

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

/// Where an index is: `[search-index.NAME]` of the runtime configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "backend", rename_all = "kebab-case")]
pub enum Config {
    Postgres(PostgresConfig),
    #[serde(rename = "opensearch")]
    OpenSearch(OpenSearchConfig),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PostgresConfig {
    /// The database with the migrations of the index.
    pub database: String,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self { database: "read".into() }
    }
}

/// OpenSearch, or Elasticsearch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OpenSearchConfig {
    /// Such as `https://search.example.org:9200`, without a user.
    pub url: String,
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// Before the names of all indexes.
    #[serde(default = "default_prefix")]
    pub prefix: String,
}

fn default_prefix() -> String {
    "mindflow-".into()
}

/// Why an index cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("[search-index.{index}] database: there is no [databases.{database}]")]
    NoDatabase { index: String, database: String },
    #[error(
        "[search-index.{index}] url: {url:?} is no address, or names a user; write such as \"https://search.example.org:9200\""
    )]
    Url { index: String, url: String },
    #[error("[search-index.{index}] username and password go together; one of them is missing")]
    HalfCredentials { index: String },
    #[error(
        "the index is named {index:?} in OpenSearch: only lower-case letters, digits, `-` and `_`, and first a letter or a digit"
    )]
    Name { index: String },
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Opens the index `name`.
///
/// # Errors
/// A setting that makes no sense.
pub fn open(
    name: &str,
    config: &Config,
    databases: &BTreeMap<String, Database>,
) -> Result<Arc<dyn SearchIndex>, OpenError> {
    match config {
        Config::Postgres(PostgresConfig { database }) => match databases.get(database) {
            Some(found) => Ok(Arc::new(postgres::PostgresIndex::new(name, found.clone()))),
            None => Err(OpenError::NoDatabase { index: name.to_owned(), database: database.clone() }),
        },
        Config::OpenSearch(settings) => Ok(Arc::new(opensearch::OpenSearchIndex::open(name, settings)?)),
    }
}

/// At least one hit, at most [`HITS_MAX`].
fn checked(limit: u32) -> Result<u32, Error> {
    if (1..=HITS_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Error::Invalid(format!("limit must be from 1 to {HITS_MAX}.")))
    }
}
