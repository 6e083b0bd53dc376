//! Documents in PostgreSQL: the connection for what [`mindflow_platform::search_index`] has of it.

use super::{Document, Error, Filter, Near, Query, ROLE, SearchIndex, TextHits, VectorHit};
use crate::database::{
    postgres::Database,
    sql::{self, Identity, Value},
};
use async_trait::async_trait;
use futures::future::join_all;
use mindflow_platform::search_index::{self as platform, Tables};
use uuid::Uuid;

pub(super) struct PostgresIndex(platform::PostgresIndex<Connections>);

/// Logged in as the capability's role.
struct Connections(Database);

impl PostgresIndex {
    pub fn new(name: &str, database: Database) -> Self {
        Self(platform::PostgresIndex::new(name, Connections(database)))
    }
}

impl Tables for Connections {
    async fn read(
        &self,
        owner: Uuid,
        within_ms: u32,
        statement: &str,
        params: &[Value],
    ) -> Result<Vec<Vec<Value>>, sql::Error> {
        let identity = Identity::Caller { user_id: owner, roles: Vec::new() };
        let rowset = self.0.query_within(within_ms, ROLE, &identity, statement, params).await?;
        Ok(rowset.rows)
    }

    /// The statements are sent together.
    async fn write(&self, statement: &str, each: &[Vec<Value>]) -> Result<(), sql::Error> {
        let transaction = self.0.begin(ROLE, &Identity::Service).await?;
        let written = join_all(each.iter().map(|params| transaction.execute(statement, params))).await;
        written.into_iter().try_for_each(|written| written.map(drop))?;
        transaction.commit().await
    }
}

#[async_trait]
impl SearchIndex for PostgresIndex {
    async fn upsert(&self, document: &Document) -> Result<(), Error> {
        self.0.upsert(document).await
    }

    async fn upsert_all(&self, documents: &[Document]) -> Result<(), Error> {
        self.0.upsert_all(documents).await
    }

    async fn delete(&self, id: &str, owner: Uuid, version: u64) -> Result<(), Error> {
        self.0.delete(id, owner, version).await
    }

    async fn forget(&self, owner: Uuid, id: Option<&str>) -> Result<u64, Error> {
        self.0.forget(owner, id).await
    }

    async fn search(&self, owner: Uuid, query: &Query, filter: &Filter, limit: u32) -> Result<TextHits, Error> {
        self.0.search(owner, query, filter, limit).await
    }

    async fn nearest(&self, owner: Uuid, near: &Near<'_>, filter: &Filter) -> Result<Vec<VectorHit>, Error> {
        self.0.nearest(owner, near, filter).await
    }

    async fn count_near(&self, owner: Uuid, vector: &[f32], score_min: f64, filter: &Filter) -> Result<u32, Error> {
        self.0.count_near(owner, vector, score_min, filter).await
    }

    async fn vector(&self, owner: Uuid, id: &str) -> Result<Option<Vec<f32>>, Error> {
        self.0.vector(owner, id).await
    }
}
