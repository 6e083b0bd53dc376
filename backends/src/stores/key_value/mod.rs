//! Keys with exact lifetimes: sessions, counters and caches, in named buckets.
//!
//! One trait, three back ends: `memory` for caches of one process, `file` for what must survive a
//! restart of the embedded platform, `redis` for what replicas share. What the trait promises
//! (lifetimes to the millisecond, conditions that hold under concurrency, versions that never come
//! back), each back end keeps or answers an error; the suite in `tests/key_value.rs` runs over all.

mod file;
mod limits;
mod memory;
mod redis;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;

use crate::clock::Clock;
use crate::redis_server::{RedisUrl, RedisUrlError};

pub use memory::MEMORY_BYTES_MIN;
pub use mindflow_platform::key_value::{
    Condition, KEY_BYTES_MAX, KEYS_PER_CALL_MAX, KEYS_PER_LIST_MAX, TTL_MAX, TTL_MIN, VALUE_BYTES_MAX,
};

/// One bucket of keys.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// The key's entry; none when it is absent or its lifetime has ended.
    async fn get(&self, key: &str) -> Result<Option<Entry>, Error>;

    /// Each key's entry, in the order asked; at most [`KEYS_PER_CALL_MAX`] keys.
    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, Error>;

    /// The entries of `keys` and then those of `current`, where one of `keys` may be a copy in this process. The store says when one
    /// changes, so a copy is as old as what it says takes to come here, and a second at most. What this process has written before is
    /// seen. If one of the entries has to be asked for, as those of `current` have, all are as new as that answer. Absence is always
    /// asked for. At most [`KEYS_PER_CALL_MAX`] keys each.
    async fn recall(&self, keys: &[String], current: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        let current = if current.is_empty() { Vec::new() } else { self.get_many(current).await? };
        let mut entries = if keys.is_empty() { Vec::new() } else { self.get_many(keys).await? };
        entries.extend(current);
        Ok(entries)
    }

    /// Stores the value when the condition holds. `ttl` none: kept until deleted. An earlier
    /// lifetime of the key does not outlive the write.
    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>, when: Condition) -> Result<PutOutcome, Error>;

    /// Adds `delta` to a counter (absent: 0) and answers its new value, which `get` shows as its
    /// decimal digits. `ttl` applies only when this call creates the key.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the value is not such a number or the sum leaves the range of `i64`.
    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, Error>;

    /// Answers how many of the keys there were; at most [`KEYS_PER_CALL_MAX`] keys.
    async fn delete(&self, keys: &[String]) -> Result<u32, Error>;

    /// The keys that begin with `prefix`, in no order; at most [`KEYS_PER_LIST_MAX`].
    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Error>;

    /// Whether the bucket can serve now.
    async fn health(&self) -> Result<(), Error>;

    /// Ends the work in the background and releases the files. Later calls answer `Unavailable`.
    async fn close(&self);
}

/// A value and the version that this write gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub value: Bytes,
    /// Changes with every write of the key, and does not come back after a delete.
    pub version: u64,
}

/// What a `put` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// Written, with this version.
    Stored(u64),
    /// The condition did not hold; what is there now (none: the key is absent).
    Stale(Option<Entry>),
}

/// Why an operation failed. None of the texts carries a credential.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The back end cannot be reached now; the same call may succeed later.
    #[error("key-value bucket is unavailable: {0}")]
    Unavailable(String),
    /// The caller broke a limit or asked for arithmetic on what is not a number.
    #[error("{0}")]
    Invalid(String),
    /// The back end failed in a way that a retry does not fix.
    #[error("key-value bucket failed: {0}")]
    Other(String),
}

impl Error {
    fn unavailable(reason: impl Display) -> Self {
        Self::Unavailable(reason.to_string())
    }

    fn other(reason: impl Display) -> Self {
        Self::Other(reason.to_string())
    }
}

/// Why a bucket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("bucket name {name:?} must be 1 to 64 of a-z, 0-9 and '-'")]
    BucketName { name: String },
    #[error("bucket {bucket:?}: max-bytes is {max_bytes}; it must be at least {MEMORY_BYTES_MIN}")]
    MemoryTooSmall { bucket: String, max_bytes: u64 },
    #[error("key-value file {path}: cannot make its folder; check the data directory's permissions and space")]
    Folder {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "key-value file {path} is in use by another process; stop the other `mindflow` on this data directory, or give this one its own by --data-dir"
    )]
    Locked { path: PathBuf },
    #[error(
        "key-value file {path} cannot be read as a database; move it away to start with an empty bucket, or restore it from a backup"
    )]
    Corrupt {
        path: PathBuf,
        #[source]
        source: redb::Error,
    },
    #[error("key-value file {path} cannot be opened; check its permissions and the free space")]
    File {
        path: PathBuf,
        #[source]
        source: redb::Error,
    },
    #[error("key-value file {path}: its writer thread cannot be started")]
    Writer {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("bucket {bucket:?}")]
    Redis {
        bucket: String,
        #[source]
        source: RedisUrlError,
    },
}

/// Where a bucket lives, as in `runtime-config`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "backend", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Config {
    /// In this process; gone with it. The least recently used entries make room when it is full.
    #[serde(rename_all = "kebab-case")]
    Memory {
        #[serde(default = "default_memory_bytes")]
        max_bytes: u64,
    },
    /// In a file under the data directory; every answered write is on disk.
    File {},
    /// On a Redis (6.2 or later), shared by all replicas that give the same URL and prefix.
    #[serde(rename_all = "kebab-case")]
    Redis {
        url: RedisUrl,
        /// Before every key, such as `mindflow:`.
        #[serde(default)]
        prefix: String,
    },
}

/// 64 MiB: a dashboard of 20 entries is some 40 KiB, so this caches the dashboards of 1,500 users.
const fn default_memory_bytes() -> u64 {
    64 * 1024 * 1024
}

/// A bucket's name is part of a path and of Redis keys: 64 characters are plenty.
const BUCKET_NAME_BYTES_MAX: usize = 64;

/// Opens a bucket alone, as [`Buckets::open`].
///
/// # Errors
/// Those of [`Buckets::open`].
pub async fn open(
    config: &Config,
    bucket: &str,
    data_dir: &Path,
    clock: Clock,
) -> Result<Arc<dyn KeyValue>, OpenError> {
    Buckets::default().open(config, bucket, data_dir, clock).await
}

/// The buckets of one process. Those on the same Redis share a connection over which it says what changes, so what is read in one is
/// as new as what was read before in another.
#[derive(Default)]
pub struct Buckets {
    trackings: redis::Trackings,
}

impl Buckets {
    /// Opens the bucket. A Redis that is away now does not fail it: its calls answer `Unavailable`
    /// until it is back. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// See [`OpenError`]; each text names the bucket or the path and what to do.
    pub async fn open(
        &self,
        config: &Config,
        bucket: &str,
        data_dir: &Path,
        clock: Clock,
    ) -> Result<Arc<dyn KeyValue>, OpenError> {
        let fits = |name: &str| {
            (1..=BUCKET_NAME_BYTES_MAX).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !fits(bucket) {
            return Err(OpenError::BucketName { name: bucket.to_owned() });
        }
        Ok(match config {
            Config::Memory { max_bytes } if *max_bytes < MEMORY_BYTES_MIN => {
                return Err(OpenError::MemoryTooSmall { bucket: bucket.to_owned(), max_bytes: *max_bytes });
            }
            Config::Memory { max_bytes } => Arc::new(limits::Checked(memory::Memory::new(*max_bytes, clock))),
            Config::File {} => {
                let path = data_dir.join("key-value").join(format!("{bucket}.redb"));
                Arc::new(limits::Checked(file::File::open(path, clock).await?))
            }
            Config::Redis { url, prefix } => {
                let server = redis::Redis::open(url, prefix, bucket, &self.trackings)
                    .map_err(|source| OpenError::Redis { bucket: bucket.to_owned(), source })?;
                Arc::new(limits::Checked(server))
            }
        })
    }
}

/// Milliseconds since 1970 at which a lifetime that begins now ends.
fn deadline_ms(now_ms: i64, ttl: Option<Duration>) -> Option<i64> {
    ttl.map(|ttl| now_ms.saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)))
}

/// Where a bucket's versions begin: at the time in microseconds, so that a version remembered from
/// before a restart does not come back (short of a million writes a second).
fn first_version(clock: &Clock) -> u64 {
    u64::try_from(clock.now_us()).unwrap_or_default()
}

/// The sum for `increment`; `current` is the stored value (none: the key is absent).
fn sum(key: &str, current: Option<&[u8]>, delta: i64) -> Result<i64, Error> {
    let current = match current {
        None => 0,
        Some(bytes) => std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse::<i64>().ok().filter(|number| number.to_string() == text))
            .ok_or_else(|| Error::Invalid(format!("the value of {key:?} is not a counter")))?,
    };
    current
        .checked_add(delta)
        .ok_or_else(|| Error::Invalid(format!("the counter {key:?} would leave the range of s64")))
}
