//! Keys in a file, for what must survive a restart of the embedded platform: sessions above all.
//!
//! [redb](https://docs.rs/redb) keeps the file sound through a `kill -9`. Reads go to the database
//! directly and never wait for a write. Writes go through one thread (`writer`), which commits
//! all that has gathered meanwhile together, so that concurrent writers share one `fsync`.

mod table;
mod writer;

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, StorageError};
use tokio::sync::{mpsc, oneshot};

use self::writer::Command;
use super::{Condition, Entry, Error, KeyValue, OpenError, PutOutcome};
use crate::clock::Clock;

/// redb's page cache: the working set of some 10,000 sessions.
const CACHE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Waiting writes; at worst each has a value of 1 MiB. More make their callers wait.
const WAITING_WRITES_MAX: usize = 256;
/// How often the expired are removed. Readers do not see them from then on; this only frees space.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// A process that has just been stopped or killed lets go of the file within moments.
const LOCK_WITHIN: Duration = Duration::from_secs(2);
const LOCK_RETRY_EVERY: Duration = Duration::from_millis(20);

pub(super) struct File {
    shared: Arc<Shared>,
    writes: mpsc::Sender<Command>,
}

/// What readers and the writer share.
struct Shared {
    path: PathBuf,
    /// `None`: closed, or being reopened after an I/O error.
    database: RwLock<Option<Arc<Database>>>,
    /// The file system refused something (a full disk); redb must be reopened.
    broken: AtomicBool,
    clock: Clock,
}

// === impl File ===

impl File {
    pub(super) async fn open(path: PathBuf, clock: Clock) -> Result<Self, OpenError> {
        let opening = path.clone();
        let database = tokio::task::spawn_blocking(move || open_unlocked(&opening)).await.unwrap_or_else(|panic| {
            Err(OpenError::Corrupt { path: path.clone(), source: redb::Error::Corrupted(panic.to_string()) })
        })?;
        let shared = Arc::new(Shared {
            path: path.clone(),
            database: RwLock::new(Some(Arc::new(database))),
            broken: AtomicBool::new(false),
            clock,
        });
        let (writes, waiting) = mpsc::channel(WAITING_WRITES_MAX);
        writer::start(shared.clone(), waiting).map_err(|source| OpenError::Writer { path, source })?;
        tokio::spawn(sweep_regularly(writes.downgrade()));
        Ok(Self { shared, writes })
    }

    async fn write<T>(&self, command: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Command) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.writes.send(command(answer)).await.map_err(|_| Error::unavailable("it is closed"))?;
        answered.await.map_err(|_| Error::unavailable("it is closed"))?
    }

    fn read<T>(&self, read: impl FnOnce(&Database, i64) -> Result<T, redb::Error>) -> Result<T, Error> {
        let database = self.shared.database()?;
        read(&database, self.shared.clock.now_ms()).map_err(|error| {
            self.shared.broken.store(true, Ordering::SeqCst);
            // A full queue means that the writer is about to look at it anyway.
            let _ = self.writes.try_send(Command::Sweep);
            self.shared.failed(&error)
        })
    }
}

#[async_trait]
impl KeyValue for File {
    async fn get(&self, key: &str) -> Result<Option<Entry>, Error> {
        self.read(|database, now_ms| {
            let transaction = database.begin_read()?;
            table::get(&table::open_read(&transaction)?, key, now_ms)
        })
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        self.read(|database, now_ms| {
            let transaction = database.begin_read()?;
            let entries = table::open_read(&transaction)?;
            keys.iter().map(|key| table::get(&entries, key, now_ms)).collect()
        })
    }

    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>, when: Condition) -> Result<PutOutcome, Error> {
        let key = key.to_owned();
        self.write(|answer| Command::Put { key, value, ttl, when, answer }).await
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, Error> {
        let key = key.to_owned();
        self.write(|answer| Command::Increment { key, delta, ttl, answer }).await
    }

    async fn delete(&self, keys: &[String]) -> Result<u32, Error> {
        let keys = keys.to_vec();
        self.write(|answer| Command::Delete { keys, answer }).await
    }

    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        self.read(|database, now_ms| {
            let transaction = database.begin_read()?;
            table::list(&table::open_read(&transaction)?, prefix, now_ms)
        })
    }

    async fn health(&self) -> Result<(), Error> {
        self.read(|database, _| {
            database.begin_read()?;
            Ok(())
        })
    }

    async fn close(&self) {
        // An error: it is closed already.
        let _ = self.write(|answer| Command::Close { answer }).await;
    }
}

// === impl Shared ===

impl Shared {
    fn database(&self) -> Result<Arc<Database>, Error> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let database = database.as_ref();
        database
            .cloned()
            .ok_or_else(|| Error::unavailable(format!("{} is closed or being reopened", self.path.display())))
    }

    fn replace(&self, database: Option<Arc<Database>>) -> Option<Arc<Database>> {
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *slot, database)
    }

    fn failed(&self, error: &redb::Error) -> Error {
        Error::unavailable(format!("{}: {error}", self.path.display()))
    }
}

/// Ends when the bucket is gone.
async fn sweep_regularly(writes: mpsc::WeakSender<Command>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        let Some(writes) = writes.upgrade() else {
            return;
        };
        if writes.send(Command::Sweep).await.is_err() {
            return;
        }
    }
}

/// Opens the file, waiting a moment for a process that is just ending to let go of it.
fn open_unlocked(path: &Path) -> Result<Database, OpenError> {
    let mut waited = Duration::ZERO;
    loop {
        match open_now(path) {
            Err(OpenError::Locked { .. }) if waited < LOCK_WITHIN => {
                std::thread::sleep(LOCK_RETRY_EVERY);
                waited += LOCK_RETRY_EVERY;
            }
            opened => return opened,
        }
    }
}

fn open_now(path: &Path) -> Result<Database, OpenError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder_failed = |source| OpenError::Folder { path: path.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(folder_failed)?;
    let file = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        // Other users must not read sessions.
        .mode(0o600)
        .open(path)
        .map_err(|source| OpenError::File { path: path.to_owned(), source: redb::Error::Io(source) })?;
    let database = FileBackend::new(file)
        .and_then(|file| Database::builder().set_cache_size(CACHE_BYTES_MAX).create_with_backend(file))
        .map_err(|error| open_failed(path, error))?;
    table::create(&database).map_err(|source| match source {
        redb::Error::Io(_) => OpenError::File { path: path.to_owned(), source },
        source => OpenError::Corrupt { path: path.to_owned(), source },
    })?;
    // The file's name is durable only once its folder is.
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(folder_failed)?;
    Ok(database)
}

fn open_failed(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => OpenError::Locked { path },
        DatabaseError::Storage(StorageError::Io(source))
            if !matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            OpenError::File { path, source: redb::Error::Io(source) }
        }
        error => OpenError::Corrupt { path, source: error.into() },
    }
}
