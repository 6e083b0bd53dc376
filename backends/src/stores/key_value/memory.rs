//! Keys in this process. For caches and short-lived counters: bounded in bytes, the least recently
//! used go first, and an expired key is absent at its millisecond because every read looks at the
//! deadline, not at what a sweeper got round to.
//!
//! One mutex over a map is enough: an operation holds it for about a microsecond and never waits
//! in it, and it makes conditions and counters atomic by construction.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lru::LruCache;

use super::{
    Condition, Entry, Error, KEYS_PER_LIST_MAX, KeyValue, PutOutcome, VALUE_BYTES_MAX, deadline_ms, first_version, sum,
};
use crate::clock::Clock;

/// Two of the largest values: a bucket that could not hold one would drop what it has just stored.
pub const MEMORY_BYTES_MIN: u64 = 2 * VALUE_BYTES_MAX as u64;

/// What an entry costs besides its key and value: two map nodes, three pointers to the key, a `Bytes`.
const ENTRY_OVERHEAD_BYTES: u64 = 192;

/// How many expired entries one write removes. More than one, so that the dead shrink faster than
/// the living grow; few, so that no write pays for all of them.
const SWEPT_PER_WRITE_MAX: usize = 8;

pub(super) struct Memory {
    state: Mutex<State>,
    bytes_max: u64,
    clock: Clock,
}

struct State {
    entries: LruCache<Arc<str>, Slot>,
    /// (deadline, key) of every entry that has one.
    deadlines: BTreeSet<(i64, Arc<str>)>,
    bytes: u64,
    version: u64,
    closed: bool,
}

struct Slot {
    value: Bytes,
    version: u64,
    deadline_ms: Option<i64>,
}

// === impl Memory ===

impl Memory {
    pub(super) fn new(bytes_max: u64, clock: Clock) -> Self {
        let version = first_version(&clock);
        let state =
            State { entries: LruCache::unbounded(), deadlines: BTreeSet::new(), bytes: 0, version, closed: false };
        Self { state: Mutex::new(state), bytes_max, clock }
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, Error> {
        // No operation leaves the state half-changed, so a poisoned lock is still sound.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Err(Error::unavailable("it is closed"));
        }
        Ok(state)
    }
}

#[async_trait]
impl KeyValue for Memory {
    async fn get(&self, key: &str) -> Result<Option<Entry>, Error> {
        Ok(self.state()?.live(key, self.clock.now_ms()))
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        let now_ms = self.clock.now_ms();
        let mut state = self.state()?;
        Ok(keys.iter().map(|key| state.live(key, now_ms)).collect())
    }

    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>, when: Condition) -> Result<PutOutcome, Error> {
        let now_ms = self.clock.now_ms();
        let mut state = self.state()?;
        let current = state.live(key, now_ms);
        if !when.holds(current.as_ref().map(|entry| entry.version)) {
            return Ok(PutOutcome::Stale(current));
        }
        let version = state.store(key, value, deadline_ms(now_ms, ttl));
        state.make_room(self.bytes_max, now_ms);
        Ok(PutOutcome::Stored(version))
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, Error> {
        let now_ms = self.clock.now_ms();
        let mut state = self.state()?;
        let current = state.live(key, now_ms);
        let total = sum(key, current.as_ref().map(|entry| &*entry.value), delta)?;
        let deadline = match current {
            Some(_) => state.entries.peek(key).and_then(|slot| slot.deadline_ms),
            None => deadline_ms(now_ms, ttl),
        };
        state.store(key, Bytes::from(total.to_string()), deadline);
        state.make_room(self.bytes_max, now_ms);
        Ok(total)
    }

    async fn delete(&self, keys: &[String]) -> Result<u32, Error> {
        let now_ms = self.clock.now_ms();
        let mut state = self.state()?;
        let mut count = 0;
        for key in keys {
            count += u32::from(state.live(key, now_ms).is_some());
            state.remove(key);
        }
        Ok(count)
    }

    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let now_ms = self.clock.now_ms();
        let state = self.state()?;
        Ok(state
            .entries
            .iter()
            .filter(|(key, slot)| key.starts_with(prefix) && slot.is_live(now_ms))
            .take(KEYS_PER_LIST_MAX)
            .map(|(key, _)| key.to_string())
            .collect())
    }

    async fn health(&self) -> Result<(), Error> {
        self.state().map(drop)
    }

    async fn close(&self) {
        if let Ok(mut state) = self.state() {
            state.closed = true;
            state.entries.clear();
            state.deadlines.clear();
            state.bytes = 0;
        }
    }
}

// === impl State ===

impl State {
    /// The entry, when its lifetime has not ended. Counts as a use.
    fn live(&mut self, key: &str, now_ms: i64) -> Option<Entry> {
        let slot = self.entries.get(key).filter(|slot| slot.is_live(now_ms))?;
        Some(Entry { value: slot.value.clone(), version: slot.version })
    }

    fn store(&mut self, key: &str, value: Bytes, deadline_ms: Option<i64>) -> u64 {
        self.remove(key);
        self.version += 1;
        let key: Arc<str> = key.into();
        self.bytes += cost(&key, &value);
        if let Some(deadline) = deadline_ms {
            self.deadlines.insert((deadline, key.clone()));
        }
        self.entries.put(key, Slot { value, version: self.version, deadline_ms });
        self.version
    }

    fn remove(&mut self, key: &str) {
        if let Some((key, slot)) = self.entries.pop_entry(key) {
            self.forget(key, &slot);
        }
    }

    fn forget(&mut self, key: Arc<str>, slot: &Slot) {
        self.bytes = self.bytes.saturating_sub(cost(&key, &slot.value));
        if let Some(deadline) = slot.deadline_ms {
            self.deadlines.remove(&(deadline, key));
        }
    }

    /// Removes a few of the expired, and then the least recently used until the bucket fits.
    fn make_room(&mut self, bytes_max: u64, now_ms: i64) {
        let mut swept = 0;
        while swept < SWEPT_PER_WRITE_MAX || self.bytes > bytes_max {
            match self.deadlines.first() {
                Some((deadline, key)) if *deadline <= now_ms => {
                    let key = key.clone();
                    self.remove(&key);
                    swept += 1;
                }
                _ => break,
            }
        }
        while self.bytes > bytes_max {
            let Some((key, slot)) = self.entries.pop_lru() else {
                break;
            };
            self.forget(key, &slot);
        }
    }
}

// === impl Slot ===

impl Slot {
    fn is_live(&self, now_ms: i64) -> bool {
        self.deadline_ms.is_none_or(|deadline| now_ms < deadline)
    }
}

fn cost(key: &str, value: &[u8]) -> u64 {
    ENTRY_OVERHEAD_BYTES.saturating_add((key.len() + value.len()) as u64)
}
