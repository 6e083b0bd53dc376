//! What an export says about itself: one manifest a month, next to the month's objects.
//!
//! ```text
//! archive/2026-11/manifest.json
//! archive/2026-11/part-00001.jsonl.zst
//! archive/2026-11/part-00002.jsonl.zst
//! ```
//!
//! A part holds a run of positions in their order, as JSON lines under zstd. A sealed part is full, or its
//! month is over: it never changes again. The manifest is written after each part, so that it never
//! speaks of one that is not there.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};

use super::{ArchiveError, Month};

/// Of the layout and of the lines.
pub(super) const FORMAT: u32 = 1;
/// Under which everything lies.
const ROOT: &str = "archive";
const NAME: &str = "manifest.json";

/// One month's objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub format: u32,
    pub month: Month,
    /// In order of position.
    pub parts: Vec<Part>,
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its name, in the manifest's folder.
    pub object: String,
    pub events: u64,
    pub first_position: i64,
    pub last_position: i64,
    /// Compressed.
    pub bytes: u64,
    /// Of the compressed bytes, in hexadecimal.
    pub sha256: String,
    /// Whether it never changes any more.
    pub sealed: bool,
}

// === impl Manifest ===

impl Manifest {
    pub(super) fn new(month: Month) -> Self {
        Self { format: FORMAT, month, parts: Vec::new() }
    }

    pub(super) fn path(month: Month) -> Path {
        Path::from_iter([ROOT, &month.to_string(), NAME])
    }

    pub(super) fn path_of(&self, object: &str) -> Path {
        Path::from_iter([ROOT, &self.month.to_string(), object])
    }

    pub(super) fn root() -> Path {
        Path::from(ROOT)
    }

    /// The month whose manifest lies at `path`.
    pub(super) fn month_at(path: &Path) -> Option<Month> {
        let mut parts = path.parts().skip(1);
        let month = parts.next()?.as_ref().parse().ok()?;
        (Self::path(month) == *path).then_some(month)
    }

    /// None: the month was never exported.
    pub(super) async fn load(store: &dyn ObjectStore, month: Month) -> Result<Option<Self>, ArchiveError> {
        let path = Self::path(month);
        let bytes = match store.get(&path).await {
            Ok(found) => found.bytes().await.map_err(ArchiveError::object(&path))?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(ArchiveError::object(&path)(error)),
        };
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|source| ArchiveError::Manifest { path: path.to_string(), source })?;
        manifest.check(month)?;
        Ok(Some(manifest))
    }

    pub(super) async fn save(&self, store: &dyn ObjectStore) -> Result<(), ArchiveError> {
        let path = Self::path(self.month);
        let text = serde_json::to_vec_pretty(self).map_err(ArchiveError::Write)?;
        store.put(&path, Bytes::from(text).into()).await.map_err(ArchiveError::object(&path))?;
        Ok(())
    }

    fn check(&self, month: Month) -> Result<(), ArchiveError> {
        let path = || Self::path(month).to_string();
        if self.format != FORMAT {
            return Err(ArchiveError::Format { path: path(), format: self.format });
        }
        let refuse = |reason: &str| Err(ArchiveError::Inconsistent { path: path(), reason: reason.to_owned() });
        if self.month != month {
            return refuse("it is another month's");
        }
        let mut last = month.first_position() - 1;
        for part in &self.parts {
            if part.first_position <= last || part.last_position < part.first_position {
                return refuse("its parts are not in order");
            }
            last = part.last_position;
        }
        if last >= month.next().first_position() {
            return refuse("its parts reach into the next month");
        }
        Ok(())
    }
}
