//! Key-value buckets, by the names that the manifest grants.

use super::bindings::platform::key_value::{self as wit, Condition, Entry, Error, PutOutcome};
use crate::engine::State;
use mindflow_backends::key_value::{self as store, KeyValue};
use std::{sync::Arc, time::Duration};
use wasmtime::component::{Accessor, HasSelf, Resource};

/// An open bucket.
#[derive(Clone)]
pub struct Bucket(Arc<dyn KeyValue>);

impl wit::Host for State {}
impl wit::HostBucket for State {}

type Own<'a> = &'a Accessor<State, HasSelf<State>>;

fn bucket(accessor: Own<'_>, handle: &Resource<Bucket>) -> wasmtime::Result<Arc<dyn KeyValue>> {
    Ok(accessor.with(|mut store| store.get().resource(handle))?.0)
}

impl wit::HostBucketWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Own<'_>, handle: Resource<Bucket>) -> wasmtime::Result<()> {
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }

    async fn open(accessor: Own<'_>, name: String) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        accessor.with(|mut store| {
            let state = store.get();
            let granted = state.grants.buckets.get(&name).cloned();
            match granted {
                Some(bucket) => Ok(Ok(state.table.push(Bucket(bucket))?)),
                None => Ok(Err(Error::AccessDenied(format!(
                    "bucket `{name}` is not granted to `{}`",
                    state.grants.component
                )))),
            }
        })
    }

    async fn get(
        accessor: Own<'_>,
        handle: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Entry>, Error>> {
        Ok(bucket(accessor, &handle)?.get(&key).await.map(|entry| entry.map(Into::into)).map_err(Into::into))
    }

    async fn get_many(
        accessor: Own<'_>,
        handle: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Option<Entry>>, Error>> {
        let entries = bucket(accessor, &handle)?.get_many(&keys).await;
        Ok(entries.map(|entries| entries.into_iter().map(|entry| entry.map(Into::into)).collect()).map_err(Into::into))
    }

    async fn put(
        accessor: Own<'_>,
        handle: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
        when: Condition,
    ) -> wasmtime::Result<Result<PutOutcome, Error>> {
        let bucket = bucket(accessor, &handle)?;
        let outcome = bucket.put(&key, value.into(), ttl_ms.map(Duration::from_millis), when.into()).await;
        Ok(outcome.map(Into::into).map_err(Into::into))
    }

    async fn increment(
        accessor: Own<'_>,
        handle: Resource<Bucket>,
        key: String,
        delta: i64,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<i64, Error>> {
        Ok(bucket(accessor, &handle)?
            .increment(&key, delta, ttl_ms.map(Duration::from_millis))
            .await
            .map_err(Into::into))
    }

    async fn delete(
        accessor: Own<'_>,
        handle: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<u32, Error>> {
        Ok(bucket(accessor, &handle)?.delete(&keys).await.map_err(Into::into))
    }

    async fn list_keys(
        accessor: Own<'_>,
        handle: Resource<Bucket>,
        prefix: String,
    ) -> wasmtime::Result<Result<Vec<String>, Error>> {
        Ok(bucket(accessor, &handle)?.list_keys(&prefix).await.map_err(Into::into))
    }
}

impl From<store::Entry> for Entry {
    fn from(entry: store::Entry) -> Self {
        Self { value: entry.value.into(), version: entry.version }
    }
}

impl From<Condition> for store::Condition {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Always => Self::Always,
            Condition::IfAbsent => Self::IfAbsent,
            Condition::IfVersion(version) => Self::IfVersion(version),
        }
    }
}

impl From<store::PutOutcome> for PutOutcome {
    fn from(outcome: store::PutOutcome) -> Self {
        match outcome {
            store::PutOutcome::Stored(version) => Self::Stored(version),
            store::PutOutcome::Stale(entry) => Self::Stale(entry.map(Into::into)),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Unavailable(reason) => Self::Unavailable(reason),
            store::Error::Invalid(reason) => Self::Invalid(reason),
            store::Error::Other(reason) => Self::Other(reason),
        }
    }
}
