//! The keys in a file of the data directory, for its user alone. A node is added a few times in the life of a user, and read from
//! memory or the page cache for each event. [redb](https://docs.rs/redb) writes a changed page to another place and leaves the former
//! one as it was until it needs it: so after keys were destroyed, the file is written again without them, and the old one is
//! overwritten before it is let go of.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use mindflow_platform::data_keys::{Exchange, Exchanged, KeyError, KeyStore, Place, StoredNode, Wanted};
use redb::backends::FileBackend;
use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError, WriteTransaction,
};
use uuid::Uuid;

use super::destroyed::{Destroyed, named};
use super::{OpenError, Store, randomise};
use crate::ids;

type NodeKey = (u128, i64);
type NodeValue = (u8, &'static [u8]);

/// (User, first place) → (depth, sealed secret).
const NODES: TableDefinition<NodeKey, NodeValue> = TableDefinition::new("nodes");
/// (User, aggregate), or no aggregate: all of the user's.
const DESTROYED: TableDefinition<(u128, &str), ()> = TableDefinition::new("destroyed");
const STORE: TableDefinition<(), u128> = TableDefinition::new("store");

/// redb's page cache: the keys of some 10,000 users.
const CACHE_BYTES_MAX: usize = 4 * 1024 * 1024;
const MODE: u32 = 0o600;
/// A process that has just been stopped or killed lets go of the file within moments.
const LOCK_WITHIN: Duration = Duration::from_secs(2);
/// How long a former file waits for reads that are under way, which take microseconds.
const READS_END_WITHIN: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);

/// See the module.
pub(super) struct FileKeys {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    /// None: closed.
    database: RwLock<Option<Arc<Database>>>,
    /// Held while something is written.
    writing: Mutex<()>,
}

// === impl FileKeys ===

impl FileKeys {
    pub(super) async fn open(path: PathBuf) -> Result<Self, OpenError> {
        let opening = path.clone();
        let opened = tokio::task::spawn_blocking(move || open_unlocked(&opening)).await;
        let database = opened.unwrap_or_else(|panic| {
            Err(OpenError::File { path: path.clone(), source: Box::new(redb::Error::Corrupted(panic.to_string())) })
        })?;
        let database = RwLock::new(Some(Arc::new(database)));
        Ok(Self { shared: Arc::new(Shared { path, database, writing: Mutex::default() }) })
    }

    fn read<T>(&self, read: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, KeyError> {
        let database = self.shared.database()?;
        read(&database).map_err(|error| self.shared.failed(&error))
    }

    /// On disk when it answers. `write` says whether something was destroyed, so that the file must be written again.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Tables<'_>) -> Result<(T, bool), redb::Error> + Send + 'static,
    ) -> Result<T, KeyError> {
        let shared = Arc::clone(&self.shared);
        let written = tokio::task::spawn_blocking(move || {
            let _alone = shared.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let database = shared.database()?;
            let failed = |error: redb::Error| shared.failed(&error);
            let (answer, is_destroyed) = change(&database, write).map_err(failed)?;
            drop(database);
            if is_destroyed {
                shared.write_again().map_err(failed)?;
            }
            Ok(answer)
        });
        written.await.unwrap_or_else(|panic| Err(KeyError(panic.to_string())))
    }
}

// === impl Shared ===

impl Shared {
    fn database(&self) -> Result<Arc<Database>, KeyError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        database.clone().ok_or_else(|| KeyError(format!("{} is closed", self.path.display())))
    }

    fn replace(&self, database: Option<Arc<Database>>) -> Option<Arc<Database>> {
        let mut slot = self.database.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *slot, database)
    }

    fn failed(&self, error: &redb::Error) -> KeyError {
        KeyError(format!("{}: {error}", self.path.display()))
    }

    /// A copy without the pages of what is no longer there takes the file's place.
    fn write_again(&self) -> Result<(), redb::Error> {
        let former = self.database.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(former) = former else { return Ok(()) };
        let (copy, old) = self.copy(&former)?;
        drop(former);
        if let Some(former) = self.replace(Some(Arc::new(copy))) {
            let_go(former);
        }
        overwrite(old).map_err(redb::Error::Io)
    }

    fn copy(&self, former: &Database) -> Result<(Database, File), redb::Error> {
        let new = self.path.with_extension("redb.new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(redb::Error::Io(error)),
            _ => {}
        }
        let copy = open_file(&new).map_err(redb::Error::Io).and_then(|file| Ok(create(file)?))?;
        let read = former.begin_read()?;
        let transaction = copy.begin_write()?;
        {
            let mut tables = Tables::open(&transaction)?;
            for node in read.open_table(NODES)?.iter()? {
                let (key, value) = node?;
                tables.nodes.insert(key.value(), value.value())?;
            }
            for destroyed in read.open_table(DESTROYED)?.iter()? {
                tables.destroyed.insert(destroyed?.0.value(), ())?;
            }
            let id = read.open_table(STORE)?.get(())?.map(|id| id.value());
            if let Some(id) = id {
                tables.store.insert((), id)?;
            }
        }
        transaction.commit()?;
        let old = OpenOptions::new().write(true).open(&self.path).map_err(redb::Error::Io)?;
        fs::rename(&new, &self.path).and_then(|()| sync_folder(&self.path)).map_err(redb::Error::Io)?;
        Ok((copy, old))
    }
}

/// Waits for reads of the former file, so that none finds it overwritten.
fn let_go(mut former: Arc<Database>) {
    let mut waited = Duration::ZERO;
    loop {
        former = match Arc::try_unwrap(former) {
            Ok(database) => return drop(database),
            Err(shared) => shared,
        };
        if waited >= READS_END_WITHIN {
            return;
        }
        std::thread::sleep(POLL);
        waited += POLL;
    }
}

/// Of a file that has no name any more: its blocks may stay on the disk.
fn overwrite(mut file: File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    io::copy(&mut io::Read::take(io::repeat(0), length), &mut file)?;
    file.flush()?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// The tables within one transaction.
struct Tables<'t> {
    nodes: Table<'t, NodeKey, NodeValue>,
    destroyed: Table<'t, (u128, &'static str), ()>,
    store: Table<'t, (), u128>,
}

// === impl Tables ===

impl<'t> Tables<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            nodes: transaction.open_table(NODES)?,
            destroyed: transaction.open_table(DESTROYED)?,
            store: transaction.open_table(STORE)?,
        })
    }

    fn is_destroyed(&self, user_id: Uuid, aggregate: &str) -> Result<bool, redb::Error> {
        Ok(self.destroyed.get((user_id.as_u128(), aggregate))?.is_some())
    }

    /// Answers whether it was not on the list.
    fn note(&mut self, user_id: Uuid, aggregate: &str) -> Result<bool, redb::Error> {
        Ok(self.destroyed.insert((user_id.as_u128(), aggregate), ())?.is_none())
    }

    fn has_node(&self, user_id: Uuid) -> Result<bool, redb::Error> {
        Ok(self.nodes.range(all_of(user_id))?.next().transpose()?.is_some())
    }

    fn insert(&mut self, node: &StoredNode) -> Result<(), redb::Error> {
        self.nodes.insert((node.user_id.as_u128(), node.first.signed()), (node.depth, node.sealed.as_slice()))?;
        Ok(())
    }

    fn exchange(&mut self, exchange: &Exchange) -> Result<(Exchanged, bool), redb::Error> {
        let Exchange { user_id, aggregate, place, node, rest } = exchange;
        let there = covering(&self.nodes, *user_id, *place)?.map(|node| (node.first, node.depth));
        if there != *node {
            return Ok((Exchanged::Otherwise, false));
        }
        if node.is_none() && (self.is_destroyed(*user_id, "")? || self.is_destroyed(*user_id, aggregate)?) {
            return Ok((Exchanged::Already, false));
        }
        self.note(*user_id, aggregate)?;
        if let Some((first, _)) = node {
            self.nodes.remove((user_id.as_u128(), first.signed()))?;
        }
        if node.is_some() || !self.has_node(*user_id)? {
            rest.iter().try_for_each(|node| self.insert(node))?;
        }
        Ok((Exchanged::Done, node.is_some()))
    }

    fn destroy_user(&mut self, user_id: Uuid) -> Result<(bool, bool), redb::Error> {
        let is_new = self.note(user_id, "")?;
        let had_nodes = self.has_node(user_id)?;
        self.nodes.retain_in(all_of(user_id), |_, _| false)?;
        // The names of its aggregates say nothing any more.
        let user = user_id.as_u128();
        let mut aggregates = Vec::new();
        for destroyed in self.destroyed.range((user, "")..)? {
            let key = destroyed?.0;
            let (of, aggregate) = key.value();
            if of != user {
                break;
            }
            aggregates.push(aggregate.to_owned());
        }
        for aggregate in aggregates.iter().filter(|aggregate| !aggregate.is_empty()) {
            self.destroyed.remove((user, aggregate.as_str()))?;
        }
        Ok((is_new, had_nodes))
    }
}

fn all_of(user_id: Uuid) -> std::ops::RangeInclusive<NodeKey> {
    (user_id.as_u128(), i64::MIN)..=(user_id.as_u128(), i64::MAX)
}

/// The node that leads to a place.
fn covering(
    nodes: &impl ReadableTable<NodeKey, NodeValue>,
    user_id: Uuid,
    place: Place,
) -> Result<Option<StoredNode>, redb::Error> {
    let below = (user_id.as_u128(), i64::MIN)..=(user_id.as_u128(), place.signed());
    let Some(nearest) = nodes.range(below)?.next_back().transpose()? else { return Ok(None) };
    let (_, first) = nearest.0.value();
    let (depth, sealed) = nearest.1.value();
    let node = StoredNode { user_id, first: Place::from_signed(first), depth, sealed: sealed.to_vec() };
    Ok(Some(node).filter(|node| node.covers(place)))
}

fn change<T>(
    database: &Database,
    write: impl FnOnce(&mut Tables<'_>) -> Result<(T, bool), redb::Error>,
) -> Result<(T, bool), redb::Error> {
    let transaction = database.begin_write()?;
    let answer = write(&mut Tables::open(&transaction)?)?;
    transaction.commit()?;
    Ok(answer)
}

#[async_trait]
impl KeyStore for FileKeys {
    async fn find(&self, wanted: &[Wanted]) -> Result<Vec<Option<StoredNode>>, KeyError> {
        self.read(|database| {
            let nodes = database.begin_read()?.open_table(NODES)?;
            wanted.iter().map(|wanted| covering(&nodes, wanted.user_id, wanted.place)).collect()
        })
    }

    async fn add(&self, roots: Vec<StoredNode>) -> Result<(), KeyError> {
        self.write(move |tables| {
            for root in &roots {
                if !tables.has_node(root.user_id)? && !tables.is_destroyed(root.user_id, "")? {
                    tables.insert(root)?;
                }
            }
            Ok(((), false))
        })
        .await
    }

    async fn exchange(&self, exchange: Exchange) -> Result<Exchanged, KeyError> {
        self.write(move |tables| tables.exchange(&exchange)).await
    }

    async fn destroy_user(&self, user_id: Uuid) -> Result<bool, KeyError> {
        self.write(move |tables| tables.destroy_user(user_id)).await
    }

    /// One host has the file, and reads it each time.
    async fn forgotten(&self) -> Result<(), KeyError> {
        Ok(())
    }

    fn randomise(&self, bytes: &mut [u8]) -> Result<(), KeyError> {
        randomise(bytes)
    }
}

#[async_trait]
impl Store for FileKeys {
    async fn id(&self) -> Result<Uuid, KeyError> {
        let id = self.read(|database| Ok(database.begin_read()?.open_table(STORE)?.get(())?.map(|id| id.value())))?;
        id.map(Uuid::from_u128).ok_or_else(|| KeyError(format!("{} has no id", self.shared.path.display())))
    }

    async fn destroyed(&self) -> Result<Vec<Destroyed>, KeyError> {
        self.read(|database| {
            let table = database.begin_read()?.open_table(DESTROYED)?;
            let list = table.iter()?.map(|destroyed| {
                let key = destroyed?.0;
                let (user_id, aggregate) = key.value();
                Ok(Destroyed { user_id: Uuid::from_u128(user_id), aggregate: named(aggregate.to_owned()) })
            });
            list.collect()
        })
    }

    async fn health(&self) -> Result<(), String> {
        let ask = self.read(|database| {
            database.begin_read()?;
            Ok(())
        });
        ask.map_err(|error| error.to_string())
    }

    async fn close(&self) {
        drop(self.shared.replace(None));
    }
}

/// Opens the file, waiting a moment for a process that is just ending to let go of it.
fn open_unlocked(path: &Path) -> Result<Database, OpenError> {
    let mut waited = Duration::ZERO;
    loop {
        match open_now(path) {
            Err(OpenError::Locked { .. }) if waited < LOCK_WITHIN => {
                std::thread::sleep(POLL);
                waited += POLL;
            }
            opened => return opened,
        }
    }
}

fn open_now(path: &Path) -> Result<Database, OpenError> {
    let failed = |source: redb::Error| OpenError::File { path: path.to_owned(), source: Box::new(source) };
    let file = open_file(path).map_err(|error| failed(error.into()))?;
    let database = create(file).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenError::Locked { path: path.to_owned() }
        }
        error => failed(error.into()),
    })?;
    // The tables, and the id of a new file.
    let made = change(&database, |tables| {
        if tables.store.get(())?.is_none() {
            tables.store.insert((), ids::random().as_u128())?;
        }
        Ok(((), false))
    });
    made.map_err(failed)?;
    // The file's name is durable only once its folder is.
    sync_folder(path).map_err(|error| failed(error.into()))?;
    Ok(database)
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(MODE).open(path)
}

fn create(file: File) -> Result<Database, DatabaseError> {
    Database::builder().set_cache_size(CACHE_BYTES_MAX).create_with_backend(FileBackend::new(file)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    const USER: Uuid = Uuid::from_u128(9);

    fn node(user_id: Uuid, secret: &[u8]) -> StoredNode {
        StoredNode { user_id, first: Place::FIRST, depth: 0, sealed: secret.to_vec() }
    }

    async fn found(keys: &FileKeys, user_id: Uuid) -> Option<Vec<u8>> {
        let found = keys.find(&[Wanted { user_id, place: Place::of("entry:1") }]).await.unwrap();
        found.into_iter().next().unwrap().map(|node| node.sealed)
    }

    #[tokio::test]
    async fn keys_survive_a_restart_and_what_was_destroyed_is_not_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.redb");
        let keys = FileKeys::open(path.clone()).await.unwrap();
        let id = keys.id().await.unwrap();
        let other = Uuid::from_u128(10);
        keys.add(vec![node(USER, b"a secret of the user"), node(other, b"a secret of another")]).await.unwrap();
        keys.add(vec![node(USER, b"a second one")]).await.unwrap();
        keys.close().await;
        drop(keys);
        let keys = FileKeys::open(path.clone()).await.unwrap();
        assert_eq!(found(&keys, USER).await.as_deref(), Some(b"a secret of the user".as_slice()));
        assert_eq!(keys.id().await.unwrap(), id);
        let has = |text: &[u8]| fs::read(&path).unwrap().windows(text.len()).any(|part| part == text);
        assert!(has(b"a secret of the user"));
        assert!(keys.destroy_user(USER).await.unwrap());
        assert!(!has(b"a secret of the user") && has(b"a secret of another"));
        assert_eq!((found(&keys, USER).await, keys.destroy_user(USER).await), (None, Ok(false)));
        keys.add(vec![node(USER, b"too late")]).await.unwrap();
        assert_eq!(found(&keys, USER).await, None);
        assert_eq!(found(&keys, other).await.as_deref(), Some(b"a secret of another".as_slice()));
        assert_eq!(keys.id().await.unwrap(), id);
        assert_eq!(keys.destroyed().await.unwrap(), [Destroyed { user_id: USER, aggregate: None }]);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_second_process_is_refused_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.redb");
        let _keys = FileKeys::open(path.clone()).await.unwrap();
        let refused = FileKeys::open(path.clone()).await.err().unwrap();
        assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
        assert!(refused.to_string().contains(&path.display().to_string()));
    }
}
