//! The layout of the file: entries by key, deadlines by time (for the sweeper), and the last
//! version given.

use bytes::Bytes;
use redb::{Database, ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};

use super::super::{Condition, Entry, Error, KEYS_PER_LIST_MAX, PutOutcome, sum};

/// Key → (version, deadline in ms or [`FOREVER`], value).
const ENTRIES: TableDefinition<&str, (u64, i64, &[u8])> = TableDefinition::new("entries");
/// (deadline in ms, key) of the entries that have one.
const DEADLINES: TableDefinition<(i64, &str), ()> = TableDefinition::new("deadlines");
const VERSIONS: TableDefinition<(), u64> = TableDefinition::new("versions");

/// The deadline of what is kept until it is deleted.
const FOREVER: i64 = i64::MAX;

/// How many expired entries one sweep removes, so that no commit grows without bound.
const SWEPT_MAX: usize = 10_000;

type Entries = redb::ReadOnlyTable<&'static str, (u64, i64, &'static [u8])>;

/// The tables within one write transaction.
pub(super) struct Tables<'t> {
    entries: Table<'t, &'static str, (u64, i64, &'static [u8])>,
    deadlines: Table<'t, (i64, &'static str), ()>,
    versions: Table<'t, (), u64>,
    /// Whether anything was written, that is, whether there is something to commit.
    pub(super) changed: bool,
}

/// The tables exist from the first opening on, so that a read need not ask.
pub(super) fn create(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    drop(Tables::open(&transaction)?);
    transaction.commit()?;
    Ok(())
}

pub(super) fn open_read(transaction: &ReadTransaction) -> Result<Entries, redb::Error> {
    Ok(transaction.open_table(ENTRIES)?)
}

/// The entry, when its lifetime has not ended.
pub(super) fn get(
    entries: &impl ReadableTable<&'static str, (u64, i64, &'static [u8])>,
    key: &str,
    now_ms: i64,
) -> Result<Option<Entry>, redb::Error> {
    Ok(entries.get(key)?.and_then(|found| {
        let (version, deadline, value) = found.value();
        (now_ms < deadline).then(|| Entry { value: Bytes::copy_from_slice(value), version })
    }))
}

pub(super) fn list(entries: &Entries, prefix: &str, now_ms: i64) -> Result<Vec<String>, redb::Error> {
    let mut keys = Vec::new();
    for found in entries.range(prefix..)? {
        let (key, entry) = found?;
        if keys.len() == KEYS_PER_LIST_MAX || !key.value().starts_with(prefix) {
            break;
        }
        if now_ms < entry.value().1 {
            keys.push(key.value().to_owned());
        }
    }
    Ok(keys)
}

// === impl Tables ===

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            entries: transaction.open_table(ENTRIES)?,
            deadlines: transaction.open_table(DEADLINES)?,
            versions: transaction.open_table(VERSIONS)?,
            changed: false,
        })
    }

    pub(super) fn put(
        &mut self,
        key: &str,
        value: &[u8],
        deadline_ms: Option<i64>,
        when: Condition,
        now: Now,
    ) -> Result<PutOutcome, redb::Error> {
        let current = get(&self.entries, key, now.ms)?;
        if !when.holds(current.as_ref().map(|entry| entry.version)) {
            return Ok(PutOutcome::Stale(current));
        }
        let version = self.store(key, value, deadline_ms.unwrap_or(FOREVER), now)?;
        Ok(PutOutcome::Stored(version))
    }

    /// The inner error is the caller's; the outer one is the file's.
    pub(super) fn increment(
        &mut self,
        key: &str,
        delta: i64,
        deadline_ms: Option<i64>,
        now: Now,
    ) -> Result<Result<i64, Error>, redb::Error> {
        let current = get(&self.entries, key, now.ms)?;
        let total = match sum(key, current.as_ref().map(|entry| &*entry.value), delta) {
            Ok(total) => total,
            Err(error) => return Ok(Err(error)),
        };
        let deadline = match current {
            None => deadline_ms.unwrap_or(FOREVER),
            Some(_) => self.entries.get(key)?.map_or(FOREVER, |found| found.value().1),
        };
        self.store(key, total.to_string().as_bytes(), deadline, now)?;
        Ok(Ok(total))
    }

    /// Answers whether there was such a key.
    pub(super) fn delete(&mut self, key: &str, now: Now) -> Result<bool, redb::Error> {
        Ok(self.remove(key)?.is_some_and(|deadline| now.ms < deadline))
    }

    /// Removes what has expired, up to [`SWEPT_MAX`].
    pub(super) fn sweep(&mut self, now: Now) -> Result<(), redb::Error> {
        let mut expired = Vec::new();
        for found in self.deadlines.range(..(now.ms.saturating_add(1), ""))?.take(SWEPT_MAX) {
            expired.push(found?.0.value().1.to_owned());
        }
        for key in expired {
            self.remove(&key)?;
        }
        Ok(())
    }

    fn store(&mut self, key: &str, value: &[u8], deadline: i64, now: Now) -> Result<u64, redb::Error> {
        self.remove(key)?;
        let last = self.versions.get(())?.map_or(0, |last| last.value());
        let version = last.saturating_add(1).max(now.version_floor);
        self.versions.insert((), version)?;
        self.entries.insert(key, (version, deadline, value))?;
        if deadline != FOREVER {
            self.deadlines.insert((deadline, key), ())?;
        }
        self.changed = true;
        Ok(version)
    }

    /// Answers the deadline of what was there.
    fn remove(&mut self, key: &str) -> Result<Option<i64>, redb::Error> {
        let Some(deadline) = self.entries.remove(key)?.map(|found| found.value().1) else {
            return Ok(None);
        };
        if deadline != FOREVER {
            self.deadlines.remove((deadline, key))?;
        }
        self.changed = true;
        Ok(Some(deadline))
    }
}

/// The moment at which a batch of writes happens.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) ms: i64,
    /// Versions are at least this, so that those of a file that was moved away do not come back.
    pub(super) version_floor: u64,
}
