//! Files that are too large for a database: containers by name, keys in them, contents in pieces. Each
//! container is a folder of the data directory or a bucket that speaks the S3 API; the crate `object_store`
//! is the trait with both behind it.
//!
//! A file is there whole or not at all: an upload is written under a temporary name and moved to its key by
//! [`Upload::finish`]; one that is dropped before leaves nothing.

mod download;
mod upload;

pub use download::Download;
pub use mindflow_platform::blob::LIST_MAX;
pub use upload::Upload;

use crate::stores::objects::{self, Config, StoreError};
use futures::{StreamExt, TryStreamExt};
use mindflow_platform::{
    blob::{S3_PART_BYTES, check_key, empty_range},
    broken_rule::BrokenRule,
};
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt};
use std::{collections::BTreeMap, ops::Range, path::Path, sync::Arc};

/// A folder takes any size; this many bytes are written together.
const DIRECTORY_PART_BYTES: usize = 256 << 10;

/// One named place for files.
#[derive(Debug, Clone)]
pub struct Container {
    store: Arc<dyn ObjectStore>,
    part_bytes: usize,
    /// Whether the store lists its keys in their order, so that a listing can stop early.
    ordered: bool,
}

/// What is known of a file without its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    pub key: String,
    pub bytes: u64,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub modified_us: i64,
}

/// Why a file was not written, read or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{field}: {rule}")]
    Invalid { field: &'static str, rule: String },
    #[error("there is no such file")]
    NotFound,
    /// More than the upload's own limit.
    #[error("the file has more than {0} bytes")]
    TooLarge(u64),
    /// Not now.
    #[error("files cannot be reached now: {0}")]
    Unavailable(String),
}

/// Opens a container; without settings it is `blob/NAME` in the data directory.
///
/// # Errors
/// The folder cannot be made, or the settings make no sense. Whether a server answers is seen at first use.
pub fn open(settings: Option<&Config>, name: &str, data_dir: &Path) -> Result<Container, StoreError> {
    let default = Config::Directory { path: data_dir.join("blob").join(name) };
    let settings = settings.unwrap_or(&default);
    let s3 = matches!(settings, Config::S3 { .. });
    let part_bytes = if s3 { S3_PART_BYTES } else { DIRECTORY_PART_BYTES };
    Ok(Container { store: objects::open(settings)?, part_bytes, ordered: s3 })
}

/// The key as the store knows it.
fn path(key: &str) -> Result<object_store::path::Path, Error> {
    check_key(key)?;
    Ok(object_store::path::Path::from(key))
}

// === impl Container ===

impl Container {
    /// Begins to write a file of at most `bytes_max`; what is there under the key stays until it is finished.
    ///
    /// # Errors
    /// A key that breaks a rule, or a store that is away.
    pub async fn put(&self, key: &str, bytes_max: u64) -> Result<Upload, Error> {
        let parts = self.store.put_multipart(&path(key)?).await?;
        Ok(Upload::new(parts, self.part_bytes, bytes_max))
    }

    /// The file, or those of its bytes that the range names; a range may reach beyond the end.
    ///
    /// # Errors
    /// No such file; a range that begins behind the end or is empty; a store that is away.
    pub async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<(Info, Download), Error> {
        let location = path(key)?;
        if range.as_ref().is_some_and(Range::is_empty) {
            return Err(empty_range().into());
        }
        let start = range.as_ref().map(|range| range.start);
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        match self.store.get_opts(&location, options).await {
            Ok(found) => Ok((Info::from(found.meta.clone()), Download::new(found.into_stream()))),
            Err(object_store::Error::NotFound { .. }) => Err(Error::NotFound),
            // Each store says in its own way that the range lies behind the end.
            Err(error) => match (start, self.head(key).await) {
                (Some(start), Ok(info)) if start >= info.bytes => Err(empty_range().into()),
                _ => Err(error.into()),
            },
        }
    }

    /// # Errors
    /// No such file, or a store that is away.
    pub async fn head(&self, key: &str) -> Result<Info, Error> {
        Ok(self.store.head(&path(key)?).await?.into())
    }

    /// Removes files; those that are not there are no error.
    ///
    /// # Errors
    /// A key that breaks a rule, before anything is removed; a store that is away.
    pub async fn delete(&self, keys: &[String]) -> Result<(), Error> {
        let paths = keys.iter().map(|key| path(key)).collect::<Result<Vec<_>, _>>()?;
        for path in &paths {
            match self.store.delete(path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The files in a folder (all for an empty one) in the order of their keys, from behind `after` on.
    ///
    /// # Errors
    /// A folder or key that breaks a rule, or a store that is away.
    pub async fn list(&self, folder: &str, after: Option<&str>, limit: usize) -> Result<Vec<Info>, Error> {
        let limit = limit.min(LIST_MAX);
        let folder = if folder.is_empty() { None } else { Some(path(folder)?) };
        let after = after.map(path).transpose()?;
        let found = match &after {
            Some(after) => self.store.list_with_offset(folder.as_ref(), after),
            None => self.store.list(folder.as_ref()),
        };
        if self.ordered {
            return Ok(found.take(limit).map_ok(Info::from).try_collect().await?);
        }
        // The first of all that there are, with no more than those in memory.
        let mut first = BTreeMap::new();
        let mut found = std::pin::pin!(found);
        while let Some(info) = found.try_next().await?.map(Info::from) {
            first.insert(info.key.clone(), info);
            if first.len() > limit {
                first.pop_last();
            }
        }
        Ok(first.into_values().collect())
    }

    /// # Errors
    /// What is wrong with the store.
    pub async fn health(&self) -> Result<(), Error> {
        self.store.list(None).next().await.transpose()?;
        Ok(())
    }
}

// === impl Info ===

impl From<ObjectMeta> for Info {
    fn from(meta: ObjectMeta) -> Self {
        Self { key: meta.location.to_string(), bytes: meta.size, modified_us: meta.last_modified.timestamp_micros() }
    }
}

// === impl Error ===

impl From<BrokenRule> for Error {
    fn from(BrokenRule { field, rule }: BrokenRule) -> Self {
        Self::Invalid { field, rule }
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::NotFound,
            other => Self::Unavailable(other.to_string()),
        }
    }
}
