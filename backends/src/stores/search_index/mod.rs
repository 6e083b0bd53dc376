//! Indexes of documents that their owners search, by words and by meaning: one trait, and a suite in
//! `backends/tests/conformance/search_index` that runs over every back end. What a document is about is nothing to it.
//!
//! What a document, a query and a hit are, and the statements on PostgreSQL, is in [`mindflow_platform::search_index`].

mod opensearch;
mod postgres;

pub use mindflow_platform::search_index::{
    Document, DocumentError, Error, Filter, Near, Place, Query, QueryError, ROLE as POSTGRES_ROLE, SEARCH_TIMEOUT,
    TextHit, TextHits, VECTOR_DIMENSIONS_MAX, VECTORS_MAX, VectorHit, WORDS_MAX as QUERY_WORDS_MAX,
};

use crate::{database::postgres::Database, secret::Secret};
use async_trait::async_trait;
use mindflow_platform::search_index::{Marker, ROLE, checked, cut, highlight, language, nearest};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

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

    /// Deletes the owner's document of this id, or all of them, without a trace. Answers how many there were.
    async fn forget(&self, owner: Uuid, id: Option<&str>) -> Result<u64, Error>;

    /// The owner's documents that match, best first.
    async fn search(&self, owner: Uuid, query: &Query, filter: &Filter, limit: u32) -> Result<TextHits, Error>;

    /// The owner's documents nearest to a vector: of the latest [`VECTORS_MAX`] where the host compares them.
    async fn nearest(&self, owner: Uuid, near: &Near<'_>, filter: &Filter) -> Result<Vec<VectorHit>, Error>;

    /// How many of the owner's documents are at least that near to a vector, wherever in the ranking: of the latest [`VECTORS_MAX`]
    /// where the host compares them.
    async fn count_near(&self, owner: Uuid, vector: &[f32], score_min: f64, filter: &Filter) -> Result<u32, Error>;

    /// What the owner's document means; none when there is no such document or it has no vector.
    async fn vector(&self, owner: Uuid, id: &str) -> Result<Option<Vec<f32>>, Error>;
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
