//! Search indexes, by the names that the manifest grants. A search covers the documents of one owner, whom an access
//! token proves.

use super::{
    Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, Settings, State, Unbound, jwt::Unproven,
};
use mindflow_backends::stores::search_index::{self as store, Query, SearchIndex};
use mindflow_platform::refusal;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/search-index@0.1.0;");

use bindings::mindflow::platform::search_index::{
    self as wit, Document, Error, Filter, Host, HostWithStore, TextHit, TextHits, VectorHit,
};

/// The configured indexes. Readiness does not depend on them: without them everything but search works.
pub struct Indexes(BTreeMap<String, Arc<dyn SearchIndex>>);

impl Capability for Indexes {
    const GRANT: Option<&'static str> = Some("search-index");
    const SETTINGS: Option<&'static str> = Some("search-index");
    /// Names of indexes that a component may write and search.
    type Grant = Vec<String>;
    type Settings = BTreeMap<String, store::Config>;
    type Access = BTreeMap<String, Arc<dyn SearchIndex>>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = !grantee.grants.search_index.is_empty();
        (interface == "mindflow:platform/search-index")
            .then(|| Requirement::tool(granted, r#"search-index = ["INDEX"]"#))
    }

    fn check_grant(settings: &Settings, grant: &Self::Grant) -> Result<(), Unbound> {
        Unbound::first(grant, &settings.search_index, "search-index")
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let mut indexes = BTreeMap::new();
        for (name, settings) in &opening.settings.search_index {
            let index = store::open(name, settings, opening.databases).map_err(OpenError::new)?;
            indexes.insert(name.clone(), index);
        }
        Ok(Self(indexes))
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        let granted = |name: &String| Some((name.clone(), Arc::clone(self.0.get(name)?)));
        grantee.grants.search_index.iter().filter_map(granted).collect()
    }

    async fn shadow(_: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(BTreeMap::new())
    }
}

impl Host for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn granted(accessor: Store<'_>, index: &str) -> Result<Arc<dyn SearchIndex>, Error> {
    let access = accessor.with(|mut store| Arc::clone(&store.get().access));
    let found = access.search_index.get(index).cloned();
    found.ok_or_else(|| Error::AccessDenied(refusal::named("index", index, &access.component)))
}

/// The index, and the user who queries it.
async fn asked(accessor: Store<'_>, index: &str, token: &str) -> Result<(Arc<dyn SearchIndex>, Uuid), Error> {
    let index = granted(accessor, index)?;
    let tokens = accessor.with(|mut store| store.get().access.jwt.clone());
    let (owner, _) = tokens.prove(token).await.map_err(|unproven| match unproven {
        Unproven::Denied(reason) => Error::AccessDenied(reason),
        Unproven::Unavailable(reason) => Error::Unavailable(reason),
    })?;
    Ok((index, owner))
}

fn owner(text: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|_| Error::Invalid(format!("the owner {text:?} is no UUID")))
}

fn stored(document: Document) -> Result<store::Document, Error> {
    let Document { id, owner: of, version, title, body, keywords, labels, language, at, vector } = document;
    Ok(store::Document { id, owner: owner(&of)?, version, title, body, keywords, labels, language, at, vector })
}

impl HostWithStore<State> for HasSelf<State> {
    async fn upsert(accessor: Store<'_>, index: String, document: Document) -> wasmtime::Result<Result<(), Error>> {
        let write = async { Ok(granted(accessor, &index)?.upsert(&stored(document)?).await?) };
        Ok(write.await)
    }

    async fn upsert_batch(
        accessor: Store<'_>,
        index: String,
        documents: Vec<Document>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let write = async {
            let documents = documents.into_iter().map(stored).collect::<Result<Vec<_>, _>>()?;
            Ok(granted(accessor, &index)?.upsert_all(&documents).await?)
        };
        Ok(write.await)
    }

    async fn delete(
        accessor: Store<'_>,
        index: String,
        id: String,
        of: String,
        version: u64,
    ) -> wasmtime::Result<Result<(), Error>> {
        let write = async { Ok(granted(accessor, &index)?.delete(&id, owner(&of)?, version).await?) };
        Ok(write.await)
    }

    async fn forget(
        accessor: Store<'_>,
        index: String,
        of: String,
        id: Option<String>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let forget = async { Ok(granted(accessor, &index)?.forget(owner(&of)?, id.as_deref()).await?) };
        Ok(forget.await)
    }

    async fn search_text(
        accessor: Store<'_>,
        index: String,
        token: String,
        query: String,
        filter: Filter,
        limit: u32,
    ) -> wasmtime::Result<Result<TextHits, Error>> {
        let search = async {
            let filter = store::Filter::try_from(filter)?;
            let query = Query::within(&query, &filter).map_err(store::Error::from)?;
            let (index, owner) = asked(accessor, &index, &token).await?;
            Ok(index.search(owner, &query, &filter, limit).await?.into())
        };
        Ok(search.await)
    }

    async fn search_vector(
        accessor: Store<'_>,
        index: String,
        token: String,
        vector: Vec<f32>,
        filter: Filter,
        limit: u32,
        except: Option<String>,
    ) -> wasmtime::Result<Result<Vec<VectorHit>, Error>> {
        let search = async {
            let filter = store::Filter::try_from(filter)?;
            let (index, owner) = asked(accessor, &index, &token).await?;
            let near = store::Near { vector: &vector, limit, except: except.as_deref() };
            let hits = index.nearest(owner, &near, &filter).await?;
            Ok(hits.into_iter().map(|hit| VectorHit { id: hit.id, score: hit.score }).collect())
        };
        Ok(search.await)
    }

    async fn count_vector(
        accessor: Store<'_>,
        index: String,
        token: String,
        vector: Vec<f32>,
        filter: Filter,
        score_min: f64,
    ) -> wasmtime::Result<Result<u32, Error>> {
        let count = async {
            let filter = store::Filter::try_from(filter)?;
            let (index, owner) = asked(accessor, &index, &token).await?;
            Ok(index.count_near(owner, &vector, score_min, &filter).await?)
        };
        Ok(count.await)
    }

    async fn vector_of(
        accessor: Store<'_>,
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

mindflow_platform::search_index_bindings!(Filter, TextHits, TextHit, Error);
