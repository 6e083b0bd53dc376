//! The capability `search-index` on PostgreSQL: the host's tables, rules and statements, reached by the capability's own role
//! (`search_index_dsn`). A search covers the documents of one owner, whom an access token proves; row-level security sees to it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use mindflow_platform::search_index::{self as rules, PostgresIndex, Query, Tables};
use mindflow_platform::sql::{self, Identity, Mode, Value};
use mindflow_spin_guest::postgres::Connection;
use mindflow_spin_guest::variables;
use uuid::Uuid;

use crate::bindings::exports::mindflow::platform::search_index::{
    Document, Error, Filter, Guest, TextHit, TextHits, VectorHit,
};
use crate::jwt::Unproven;
use crate::{Platform, grants, jwt};

/// For what a writer sends: as the host's databases give any statement.
const WRITE_MS_MAX: u32 = 30_000;

/// The tables, logged in as the capability's role.
#[derive(Debug)]
struct Connections;

impl Tables for Connections {
    async fn read(
        &self,
        owner: Uuid,
        within_ms: u32,
        statement: &str,
        params: &[Value],
    ) -> Result<Vec<Vec<Value>>, sql::Error> {
        let identity = Identity::Caller { user_id: owner, roles: Vec::new() };
        let connection = open().await?;
        connection.begin(&identity, Mode::ReadOnly, within_ms).await?;
        let answer = connection.query(statement, params).await;
        // Also when it failed: the next borrower of the connection finds no transaction.
        let _ = connection.rollback().await;
        answer.map(|answer| answer.rows)
    }

    async fn write(&self, statement: &str, each: &[Vec<Value>]) -> Result<(), sql::Error> {
        let connection = open().await?;
        let written = async {
            connection.begin(&Identity::Service, Mode::ReadWrite, WRITE_MS_MAX).await?;
            for params in each {
                connection.execute(statement, params).await?;
            }
            connection.commit().await
        };
        let written = written.await;
        if written.is_err() {
            let _ = connection.rollback().await;
        }
        written
    }
}

async fn open() -> Result<Connection, sql::Error> {
    let dsn = variables::get("search_index_dsn").await.map_err(sql::Error::Unavailable)?;
    let missing = || sql::Error::Unavailable("the variable `search_index_dsn` is not set".to_owned());
    Connection::open(&dsn.ok_or_else(missing)?).await
}

/// An index that the service may use.
fn granted(name: &str) -> Result<&'static PostgresIndex<Connections>, Error> {
    static INDEXES: OnceLock<BTreeMap<String, PostgresIndex<Connections>>> = OnceLock::new();
    let service = grants::service();
    service.index(name).map_err(Error::AccessDenied)?;
    let indexes = INDEXES.get_or_init(|| {
        let names = service.grants.search_index.iter();
        names.map(|name| (name.clone(), PostgresIndex::new(name, Connections))).collect()
    });
    indexes.get(name).ok_or_else(|| Error::Failed(format!("index `{name}` is granted and was not opened")))
}

/// The index, and the user who queries it.
async fn asked(name: &str, token: &str) -> Result<(&'static PostgresIndex<Connections>, Uuid), Error> {
    let index = granted(name)?;
    let (owner, _) = jwt::prove(token).await.map_err(|unproven| match unproven {
        Unproven::Denied(reason) => Error::AccessDenied(reason),
        Unproven::Unavailable(reason) => Error::Unavailable(reason),
    })?;
    Ok((index, owner))
}

impl Guest for Platform {
    async fn upsert(index: String, document: Document) -> Result<(), Error> {
        Ok(granted(&index)?.upsert(&stored(document)?).await?)
    }

    async fn upsert_batch(index: String, documents: Vec<Document>) -> Result<(), Error> {
        let documents = documents.into_iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        Ok(granted(&index)?.upsert_all(&documents).await?)
    }

    async fn delete(index: String, id: String, of: String, version: u64) -> Result<(), Error> {
        Ok(granted(&index)?.delete(&id, owner(&of)?, version).await?)
    }

    async fn forget(index: String, of: String, id: Option<String>) -> Result<u64, Error> {
        Ok(granted(&index)?.forget(owner(&of)?, id.as_deref()).await?)
    }

    async fn search_text(
        index: String,
        token: String,
        query: String,
        filter: Filter,
        limit: u32,
    ) -> Result<TextHits, Error> {
        let filter = rules::Filter::try_from(filter)?;
        let query = Query::within(&query, &filter).map_err(rules::Error::from)?;
        let (index, owner) = asked(&index, &token).await?;
        Ok(index.search(owner, &query, &filter, limit).await?.into())
    }

    async fn search_vector(
        index: String,
        token: String,
        vector: Vec<f32>,
        filter: Filter,
        limit: u32,
        except: Option<String>,
    ) -> Result<Vec<VectorHit>, Error> {
        let filter = rules::Filter::try_from(filter)?;
        let (index, owner) = asked(&index, &token).await?;
        let near = rules::Near { vector: &vector, limit, except: except.as_deref() };
        let hits = index.nearest(owner, &near, &filter).await?;
        Ok(hits.into_iter().map(|hit| VectorHit { id: hit.id, score: hit.score }).collect())
    }

    async fn count_vector(
        index: String,
        token: String,
        vector: Vec<f32>,
        filter: Filter,
        score_min: f64,
    ) -> Result<u32, Error> {
        let filter = rules::Filter::try_from(filter)?;
        let (index, owner) = asked(&index, &token).await?;
        Ok(index.count_near(owner, &vector, score_min, &filter).await?)
    }

    async fn vector_of(index: String, token: String, id: String) -> Result<Option<Vec<f32>>, Error> {
        let (index, owner) = asked(&index, &token).await?;
        Ok(index.vector(owner, &id).await?)
    }
}

fn owner(text: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|_| Error::Invalid(format!("the owner {text:?} is no UUID")))
}

fn stored(document: Document) -> Result<rules::Document, Error> {
    let Document { id, owner: of, version, title, body, keywords, labels, language, at, vector } = document;
    Ok(rules::Document { id, owner: owner(&of)?, version, title, body, keywords, labels, language, at, vector })
}

mindflow_platform::search_index_bindings!(Filter, TextHits, TextHit, Error);
