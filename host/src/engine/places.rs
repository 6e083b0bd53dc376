//! The places of a component: how many calls may be in it at the same time, and whose call is next when all are taken.
//!
//! Calls wait by key, which is where their client is. The next place goes to the key that has the fewest for its weight,
//! and among equals to the one that was served the longest ago; within a key, to the call that came first. So a client that
//! asks for much waits for its own calls. One key never has all places: a part of them is left for keys that come later.
//!
//! `FairShare` of the crate `mea` shares by the same rule, but has no weights and leaves nothing free.

use super::caller::{Caller, Origin};
use metrics::{Gauge, gauge};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use tokio::sync::oneshot;

/// One key leaves one part of so many of the places to others, and at least one place where there are two.
const RESERVE_SHARE: usize = 8;

/// For whom a place is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The platform's own work: health checks, schedules, batches of events, commands of an operator.
    Platform,
    Client(Origin),
}

/// The places of one component; a clone has the same.
#[derive(Clone)]
pub(super) struct Places(Arc<Shared>);

struct Shared {
    component: Arc<str>,
    places_max: usize,
    /// That one key may have.
    key_max: usize,
    table: Mutex<Table>,
    /// The metric of the calls that wait.
    waiting: OnceLock<Gauge>,
}

/// While a place is free, every key that waits has as many as it may have.
struct Table {
    free: usize,
    /// Calls without a place. The door bounds them by what it takes of connections, requests and WebSockets.
    waiting: usize,
    /// Those that have a place or wait for one.
    keys: HashMap<Key, Entry>,
    /// Keys that wait and may have one more; the first is next.
    turns: BTreeMap<Turn, Key>,
    /// Counts calls that begin to wait, and services of keys.
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// What the places of the key count.
    load: usize,
    /// When it was served last, or began to wait.
    since: u64,
}

#[derive(Default)]
struct Entry {
    held: usize,
    /// In the order in which they came.
    queue: BTreeMap<u64, oneshot::Sender<Place>>,
    since: u64,
    /// Where it is in `turns`.
    turn: Option<Turn>,
}

/// A call's place; given to the next call when it is dropped.
pub(super) struct Place {
    places: Places,
    key: Key,
}

/// A call that waits; it leaves the queue when it is dropped.
struct Waiting<'a> {
    places: &'a Places,
    key: &'a Key,
    number: u64,
    place: oneshot::Receiver<Place>,
    is_over: bool,
}

// === impl Key ===

impl Key {
    pub fn of(caller: Option<&Caller>) -> Self {
        caller.map_or(Self::Platform, |caller| Self::Client(caller.origin.clone()))
    }

    /// What one place counts. The weights are the inverse: 4 of the platform, 2 of an address, 1 of a user.
    fn cost(&self) -> usize {
        match self {
            // It is for all users together.
            Self::Platform => 1,
            // Its client waits for the answer, and several users may be there.
            Self::Client(Origin::Address(_)) => 2,
            // What follows from the user's events, after the answer.
            Self::Client(Origin::User(_)) => 4,
        }
    }
}

// === impl Places ===

impl Places {
    pub fn new(component: Arc<str>, places_max: usize) -> Self {
        let reserve = if places_max < 2 { 0 } else { (places_max / RESERVE_SHARE).max(1) };
        let table = Table { free: places_max, waiting: 0, keys: HashMap::new(), turns: BTreeMap::new(), number: 0 };
        Self(Arc::new(Shared {
            component,
            places_max,
            key_max: places_max - reserve,
            table: Mutex::new(table),
            waiting: OnceLock::new(),
        }))
    }

    /// Places that are taken now.
    pub fn taken(&self) -> usize {
        self.0.places_max.saturating_sub(self.lock().free)
    }

    /// A place, when one is free and the key may have it.
    pub fn try_take(&self, key: &Key) -> Option<Place> {
        self.lock().take(key, self.0.key_max).then(|| self.place(key.clone()))
    }

    /// Waits for a place. A call that stops waiting leaves the queue, and a place that it was given by then goes to the next.
    pub async fn take(&self, key: &Key) -> Place {
        let mut waiting = {
            let mut table = self.lock();
            if table.take(key, self.0.key_max) {
                return self.place(key.clone());
            }
            let (number, place) = table.wait(key, self.0.key_max);
            self.show_waiting(&table);
            Waiting { places: self, key, number, place, is_over: false }
        };
        let place = (&mut waiting.place).await;
        waiting.is_over = true;
        match place {
            Ok(place) => place,
            // A call in the queue is given a place before its sender is dropped.
            Err(_) => std::future::pending().await,
        }
    }

    fn place(&self, key: Key) -> Place {
        Place { places: self.clone(), key }
    }

    fn give_back(&self, key: &Key) {
        let next = {
            let mut table = self.lock();
            let next = table.give_back(key, self.0.key_max);
            if next.is_some() {
                self.show_waiting(&table);
            }
            next
        };
        // Without the lock: if that call has just left, its place is dropped here and goes to the next.
        if let Some((key, call)) = next {
            let _ = call.send(self.place(key));
        }
    }

    fn leave(&self, key: &Key, number: u64) {
        let mut table = self.lock();
        let call = table.leave(key, number, self.0.key_max);
        if call.is_some() {
            self.show_waiting(&table);
        }
        drop(table);
        drop(call);
    }

    fn show_waiting(&self, table: &Table) {
        let gauge = || gauge!("mindflow_component_waiting", "component" => self.0.component.to_string());
        self.0.waiting.get_or_init(gauge).set(table.waiting as f64);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.give_back(&self.key);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.places.leave(self.key, self.number);
        }
    }
}

// === impl Table ===

impl Table {
    /// Whether the key got a place. No call that waits could have it: see [`Table`].
    fn take(&mut self, key: &Key, key_max: usize) -> bool {
        if self.free == 0 {
            return false;
        }
        match self.keys.get_mut(key) {
            Some(entry) if entry.held >= key_max => return false,
            Some(entry) => entry.held += 1,
            None => {
                self.keys.insert(key.clone(), Entry { held: 1, ..Entry::default() });
            }
        }
        self.free -= 1;
        true
    }

    fn wait(&mut self, key: &Key, key_max: usize) -> (u64, oneshot::Receiver<Place>) {
        let number = self.next_number();
        let (call, place) = oneshot::channel();
        let entry = self.keys.entry(key.clone()).or_default();
        if entry.queue.is_empty() {
            entry.since = number;
        }
        entry.queue.insert(number, call);
        self.waiting += 1;
        self.arrange(key, key_max);
        (number, place)
    }

    /// The call that is next.
    fn give_back(&mut self, key: &Key, key_max: usize) -> Option<(Key, oneshot::Sender<Place>)> {
        self.free += 1;
        if let Some(entry) = self.keys.get_mut(key) {
            entry.held = entry.held.saturating_sub(1);
        }
        self.arrange(key, key_max);
        let (_, next) = self.turns.pop_first()?;
        let number = self.next_number();
        let entry = self.keys.get_mut(&next)?;
        entry.turn = None;
        let (_, call) = entry.queue.pop_first()?;
        entry.held += 1;
        entry.since = number;
        self.free -= 1;
        self.waiting -= 1;
        self.arrange(&next, key_max);
        Some((next, call))
    }

    fn leave(&mut self, key: &Key, number: u64, key_max: usize) -> Option<oneshot::Sender<Place>> {
        let call = self.keys.get_mut(key)?.queue.remove(&number)?;
        self.waiting -= 1;
        self.arrange(key, key_max);
        Some(call)
    }

    /// Puts the key where it belongs after a change.
    fn arrange(&mut self, key: &Key, key_max: usize) {
        let Some(entry) = self.keys.get_mut(key) else { return };
        if let Some(turn) = entry.turn.take() {
            self.turns.remove(&turn);
        }
        if !entry.queue.is_empty() && entry.held < key_max {
            let turn = Turn { load: entry.held * key.cost(), since: entry.since };
            entry.turn = Some(turn);
            self.turns.insert(turn, key.clone());
        } else if entry.queue.is_empty() && entry.held == 0 {
            self.keys.remove(key);
        }
    }

    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}

#[cfg(test)]
mod tests;
