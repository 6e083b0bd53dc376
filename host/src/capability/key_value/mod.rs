//! Key-value buckets, by the names that the manifest grants.

use super::{
    Capability, Grantee, HealthError, HealthState, OpenError, Opening, Own, Requirement, Scratch, Settings, State,
    Unbound,
};
use mindflow_backends::stores::key_value::{self as store, KeyValue};
use mindflow_platform::refusal;
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use wasmtime::component::{Accessor, HasSelf, Linker, Resource};

bindings!(
    "import mindflow:platform/key-value@0.1.0;",
    with: { "mindflow:platform/key-value.bucket": super::Bucket }
);

use bindings::mindflow::platform::key_value::{self as wit, Condition, Entry, Error, PutOutcome};

/// The size of a shadow's bucket: the default of a live one in memory.
const SHADOW_BYTES: u64 = 64 * 1024 * 1024;

/// The configured buckets.
pub struct Buckets(BTreeMap<String, Arc<dyn KeyValue>>);

/// An open bucket.
#[derive(Clone)]
pub struct Bucket(Arc<dyn KeyValue>);

impl Capability for Buckets {
    const GRANT: Option<&'static str> = Some("key-value");
    const SETTINGS: Option<&'static str> = Some("key-value");
    /// Names of buckets.
    type Grant = Vec<String>;
    type Settings = BTreeMap<String, store::Config>;
    type Access = BTreeMap<String, Arc<dyn KeyValue>>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = !grantee.grants.key_value.is_empty();
        (interface == "mindflow:platform/key-value").then(|| Requirement::tool(granted, r#"key-value = ["BUCKET"]"#))
    }

    fn check_grant(settings: &Settings, grant: &Self::Grant) -> Result<(), Unbound> {
        Unbound::first(grant, &settings.key_value, "key-value")
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let opened = store::Buckets::default();
        let mut buckets = BTreeMap::new();
        for (name, settings) in &opening.settings.key_value {
            let bucket = opened.open(settings, name, opening.data_dir, opening.clock.clone()).await;
            buckets.insert(name.clone(), bucket.map_err(OpenError::new)?);
        }
        Ok(Self(buckets))
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        let granted = |name: &String| Some((name.clone(), Arc::clone(self.0.get(name)?)));
        grantee.grants.key_value.iter().filter_map(granted).collect()
    }

    /// Empty buckets in memory.
    async fn shadow(live: &Self::Access, scratch: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        let memory = store::Config::Memory { max_bytes: SHADOW_BYTES };
        let mut buckets = BTreeMap::new();
        for name in live.keys() {
            let bucket = store::open(&memory, name, Path::new(""), scratch.clock.clone()).await;
            buckets.insert(name.clone(), bucket.map_err(OpenError::new)?);
        }
        Ok(buckets)
    }

    async fn health(&self) -> Vec<(String, HealthState)> {
        futures::future::join_all(self.0.iter().map(async |(name, bucket)| {
            (format!("key-value:{name}"), bucket.health().await.map_err(|error| HealthError::new(&error)))
        }))
        .await
    }

    async fn close(&self) {
        for bucket in self.0.values() {
            bucket.close().await;
        }
    }
}

impl wit::Host for State {}
impl wit::HostBucket for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn bucket(accessor: Store<'_>, handle: &Resource<Bucket>) -> wasmtime::Result<Arc<dyn KeyValue>> {
    Ok(accessor.with(|mut store| store.get().resource(handle))?.0)
}

fn answered(entries: Vec<Option<store::Entry>>) -> Vec<Option<Entry>> {
    entries.into_iter().map(|entry| entry.map(Into::into)).collect()
}

impl wit::HostBucketWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Store<'_>, handle: Resource<Bucket>) -> wasmtime::Result<()> {
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }

    async fn open(accessor: Store<'_>, name: String) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        accessor.with(|mut store| {
            let state = store.get();
            let granted = state.access.key_value.get(&name).cloned();
            match granted {
                Some(bucket) => Ok(Ok(state.table.push(Bucket(bucket))?)),
                None => Ok(Err(Error::AccessDenied(refusal::named("bucket", &name, &state.access.component)))),
            }
        })
    }

    async fn get(
        accessor: Store<'_>,
        handle: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Entry>, Error>> {
        Ok(bucket(accessor, &handle)?.get(&key).await.map(|entry| entry.map(Into::into)).map_err(Into::into))
    }

    async fn get_many(
        accessor: Store<'_>,
        handle: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Option<Entry>>, Error>> {
        let entries = bucket(accessor, &handle)?.get_many(&keys).await;
        Ok(entries.map(answered).map_err(Into::into))
    }

    async fn recall(
        accessor: Store<'_>,
        handle: Resource<Bucket>,
        keys: Vec<String>,
        current: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Option<Entry>>, Error>> {
        let entries = bucket(accessor, &handle)?.recall(&keys, &current).await;
        Ok(entries.map(answered).map_err(Into::into))
    }

    async fn put(
        accessor: Store<'_>,
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
        accessor: Store<'_>,
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
        accessor: Store<'_>,
        handle: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<u32, Error>> {
        Ok(bucket(accessor, &handle)?.delete(&keys).await.map_err(Into::into))
    }

    async fn list_keys(
        accessor: Store<'_>,
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
