//! Files in containers, by the names that the manifest grants.

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, State};
use mindflow_backends::{stores::blob as store, stores::objects as object_store};
use mindflow_platform::refusal;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::sync::Mutex;
use wasmtime::component::{Accessor, HasSelf, Linker, Resource};

bindings!(
    "import mindflow:platform/blob@0.1.0;",
    with: {
        "mindflow:platform/blob.upload": super::Upload,
        "mindflow:platform/blob.download": super::Download,
    }
);

use bindings::mindflow::platform::blob::{self as wit, Error, Info, Range};

/// The containers that some component is granted.
pub struct Containers(BTreeMap<String, store::Container>);

/// A container cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("[blob.{name}]")]
struct ContainerError {
    name: String,
    source: object_store::StoreError,
}

impl Capability for Containers {
    const GRANT: Option<&'static str> = Some("blob");
    const SETTINGS: Option<&'static str> = Some("blob");
    /// Names of containers.
    type Grant = Vec<String>;
    /// A container without an entry is the folder `blob/NAME` of the data directory.
    type Settings = BTreeMap<String, object_store::Config>;
    type Access = BTreeMap<String, store::Container>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = !grantee.grants.blob.is_empty();
        (interface == "mindflow:platform/blob").then(|| Requirement::tool(granted, r#"blob = ["CONTAINER"]"#))
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let names: BTreeSet<_> = opening.grants.iter().flat_map(|grants| &grants.blob).collect();
        let mut containers = BTreeMap::new();
        for name in names {
            let container = store::open(opening.settings.blob.get(name), name, opening.data_dir)
                .map_err(|source| OpenError::new(ContainerError { name: name.clone(), source }))?;
            containers.insert(name.clone(), container);
        }
        Ok(Self(containers))
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        let granted = |name: &String| Some((name.clone(), self.0.get(name)?.clone()));
        grantee.grants.blob.iter().filter_map(granted).collect()
    }

    /// None: files are no part of a replay.
    async fn shadow(_: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(BTreeMap::new())
    }

    async fn health(&self) -> Vec<(String, super::HealthState)> {
        futures::future::join_all(self.0.iter().map(async |(name, container)| {
            (format!("blob:{name}"), container.health().await.map_err(|error| super::HealthError::new(&error)))
        }))
        .await
    }
}

/// A file that a component writes.
#[derive(Clone)]
pub struct Upload(Arc<Mutex<store::Upload>>);

/// A file that a component reads.
#[derive(Clone)]
pub struct Download(Arc<Mutex<store::Download>>);

impl wit::Host for State {}
impl wit::HostUpload for State {}
impl wit::HostDownload for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn granted(accessor: Store<'_>, name: &str) -> Result<store::Container, Error> {
    accessor.with(|mut store| {
        let access = &store.get().access;
        let denied = || Error::AccessDenied(refusal::named("container", name, &access.component));
        access.blob.get(name).cloned().ok_or_else(denied)
    })
}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn put(
        accessor: Store<'_>,
        container: String,
        key: String,
        bytes_max: u64,
    ) -> wasmtime::Result<Result<Resource<Upload>, Error>> {
        let container = match granted(accessor, &container) {
            Ok(container) => container,
            Err(denied) => return Ok(Err(denied)),
        };
        match container.put(&key, bytes_max).await {
            Ok(upload) => {
                let upload = Upload(Arc::new(Mutex::new(upload)));
                Ok(Ok(accessor.with(|mut store| store.get().table.push(upload))?))
            }
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn get(
        accessor: Store<'_>,
        container: String,
        key: String,
        range: Option<Range>,
    ) -> wasmtime::Result<Result<(Info, Resource<Download>), Error>> {
        let container = match granted(accessor, &container) {
            Ok(container) => container,
            Err(denied) => return Ok(Err(denied)),
        };
        match container.get(&key, range.map(|range| range.start..range.end)).await {
            Ok((info, download)) => {
                let download = Download(Arc::new(Mutex::new(download)));
                let handle = accessor.with(|mut store| store.get().table.push(download))?;
                Ok(Ok((info.into(), handle)))
            }
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn head(accessor: Store<'_>, container: String, key: String) -> wasmtime::Result<Result<Info, Error>> {
        match granted(accessor, &container) {
            Ok(container) => Ok(container.head(&key).await.map(Into::into).map_err(Into::into)),
            Err(denied) => Ok(Err(denied)),
        }
    }

    async fn delete(accessor: Store<'_>, container: String, keys: Vec<String>) -> wasmtime::Result<Result<(), Error>> {
        match granted(accessor, &container) {
            Ok(container) => Ok(container.delete(&keys).await.map_err(Into::into)),
            Err(denied) => Ok(Err(denied)),
        }
    }

    async fn list(
        accessor: Store<'_>,
        container: String,
        folder: String,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<Info>, Error>> {
        let container = match granted(accessor, &container) {
            Ok(container) => container,
            Err(denied) => return Ok(Err(denied)),
        };
        let limit = usize::try_from(limit).unwrap_or(store::LIST_MAX);
        let found = container.list(&folder, after.as_deref(), limit).await;
        Ok(found.map(|found| found.into_iter().map(Into::into).collect()).map_err(Into::into))
    }
}

impl wit::HostUploadWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Store<'_>, handle: Resource<Upload>) -> wasmtime::Result<()> {
        let upload = accessor.with(|mut store| store.get().table.delete(handle))?;
        upload.0.lock().await.discard().await;
        Ok(())
    }

    async fn write(
        accessor: Store<'_>,
        handle: Resource<Upload>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let upload = accessor.with(|mut store| store.get().resource(&handle))?;
        let written = upload.0.lock().await.write(bytes.into()).await;
        Ok(written.map_err(Into::into))
    }

    async fn finish(accessor: Store<'_>, handle: Resource<Upload>) -> wasmtime::Result<Result<u64, Error>> {
        let upload = accessor.with(|mut store| store.get().resource(&handle))?;
        let finished = upload.0.lock().await.finish().await;
        Ok(finished.map_err(Into::into))
    }
}

impl wit::HostDownloadWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Store<'_>, handle: Resource<Download>) -> wasmtime::Result<()> {
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }

    async fn next(accessor: Store<'_>, handle: Resource<Download>) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let download = accessor.with(|mut store| store.get().resource(&handle))?;
        let piece = download.0.lock().await.next().await;
        Ok(piece.map(|piece| piece.map(Into::into)).map_err(Into::into))
    }
}

impl From<store::Info> for Info {
    fn from(info: store::Info) -> Self {
        Self { key: info.key, bytes: info.bytes, modified_us: info.modified_us }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Invalid { .. } => Self::Invalid(error.to_string()),
            store::Error::NotFound => Self::NotFound,
            store::Error::TooLarge(bytes) => Self::TooLarge(bytes),
            store::Error::Unavailable(_) => Self::Unavailable(error.to_string()),
        }
    }
}
