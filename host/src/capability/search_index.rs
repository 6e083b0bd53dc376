//! Search indexes, by the names that the manifest grants. Whose documents are searched, an access token proves.

use super::{
    Unproven,
    bindings::platform::search_index::{Document, Error, Filter, Host, HostWithStore, TextHit, TextHits, VectorHit},
    prove,
};
use crate::engine::State;
use mindflow_backends::search_index::{self as store, Query, SearchIndex};
use std::sync::Arc;
use uuid::Uuid;
use wasmtime::component::{Accessor, HasSelf};

impl Host for State {}

type Own<'a> = &'a Accessor<State, HasSelf<State>>;

fn granted(accessor: Own<'_>, index: &str) -> Result<Arc<dyn SearchIndex>, Error> {
    let grants = accessor.with(|mut store| Arc::clone(&store.get().grants));
    let found = grants.search_indexes.get(index).cloned();
    found.ok_or_else(|| Error::AccessDenied(format!("index `{index}` is not granted to `{}`", grants.component)))
}

/// The index, and who asks it.
async fn asked(accessor: Own<'_>, index: &str, token: &str) -> Result<(Arc<dyn SearchIndex>, Uuid), Error> {
    let index = granted(accessor, index)?;
    let grants = accessor.with(|mut store| Arc::clone(&store.get().grants));
    let (owner, _) = prove(&grants, token).await.map_err(|unproven| match unproven {
        Unproven::Denied(reason) => Error::AccessDenied(reason),
        Unproven::Unavailable(reason) => Error::Unavailable(reason),
    })?;
    Ok((index, owner))
}

fn owner(text: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|_| Error::Invalid(format!("the owner {text:?} is no UUID")))
}

impl HostWithStore<State> for HasSelf<State> {
    async fn upsert(accessor: Own<'_>, index: String, document: Document) -> wasmtime::Result<Result<(), Error>> {
        let write = async {
            let index = granted(accessor, &index)?;
            let Document { id, owner: of, version, title, body, keywords, labels, language, at, vector } = document;
            let document = store::Document {
                id,
                owner: owner(&of)?,
                version,
                title,
                body,
                keywords,
                labels,
                language,
                at,
                vector,
            };
            Ok(index.upsert(&document).await?)
        };
        Ok(write.await)
    }

    async fn delete(
        accessor: Own<'_>,
        index: String,
        id: String,
        of: String,
        version: u64,
    ) -> wasmtime::Result<Result<(), Error>> {
        let write = async { Ok(granted(accessor, &index)?.delete(&id, owner(&of)?, version).await?) };
        Ok(write.await)
    }

    async fn search_text(
        accessor: Own<'_>,
        index: String,
        token: String,
        query: String,
        filter: Filter,
        limit: u32,
    ) -> wasmtime::Result<Result<TextHits, Error>> {
        let search = async {
            let query = Query::parse(&query).map_err(store::Error::from)?;
            let (index, owner) = asked(accessor, &index, &token).await?;
            Ok(index.search(owner, &query, &filter.into(), limit).await?.into())
        };
        Ok(search.await)
    }

    async fn search_vector(
        accessor: Own<'_>,
        index: String,
        token: String,
        vector: Vec<f32>,
        filter: Filter,
        limit: u32,
        except: Option<String>,
    ) -> wasmtime::Result<Result<Vec<VectorHit>, Error>> {
        let search = async {
            let (index, owner) = asked(accessor, &index, &token).await?;
            let near = store::Near { vector: &vector, limit, except: except.as_deref() };
            let hits = index.nearest(owner, &near, &filter.into()).await?;
            Ok(hits.into_iter().map(|hit| VectorHit { id: hit.id, score: hit.score }).collect())
        };
        Ok(search.await)
    }

    async fn vector_of(
        accessor: Own<'_>,
        index: String,
        token: String,
        id: String,
    ) -> wasmtime::Result<Result<Option<Vec<f32>>, Error>> {
        let read = async {
            let (index, owner) = asked(accessor, &index, &token).await?;
            Ok(index.vector(owner, &id).await?)
        };
        Ok(read.await)
    }
}

impl From<Filter> for store::Filter {
    fn from(filter: Filter) -> Self {
        let Filter { keywords, after, before } = filter;
        Self { keywords, after, before }
    }
}

impl From<store::TextHits> for TextHits {
    fn from(found: store::TextHits) -> Self {
        let hit = |hit: store::TextHit| TextHit { id: hit.id, score: hit.score, highlights: hit.highlights };
        Self { hits: found.hits.into_iter().map(hit).collect(), total: found.total }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Invalid(rule) => Self::Invalid(rule),
            store::Error::Timeout => Self::Timeout,
            store::Error::Unavailable(_) => Self::Unavailable(error.to_string()),
            store::Error::Other(_) => Self::Failed(error.to_string()),
        }
    }
}
