//! Who has places and who waits, and whose turn it is.

use super::{Key, Place, lately::Lately};
use std::collections::{BTreeMap, HashMap};
use tokio::sync::oneshot;

/// While a place is free, every key that waits has as many as it may have.
pub(super) struct Table {
    pub free: usize,
    /// Calls without a place. The door bounds them by what it takes of connections, requests and WebSockets.
    pub waiting: usize,
    /// Those that have a place or wait for one.
    pub keys: HashMap<Key, Entry>,
    /// Keys that wait and may have one more: with those first that were served the least of late, and the longest ago.
    pub turns: [BTreeMap<Turn, Key>; 2],
    /// By which of them the next place is given.
    order: usize,
    lately: Lately<Key>,
    /// Counts calls that begin to wait, and services of keys.
    number: u64,
    /// Places that calls got.
    given: u64,
    /// A call has waited all its time while none got a place, and none has got one since.
    is_starved: bool,
}

/// The first is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    /// What the places of the key count.
    load: usize,
    /// How often it got a place of late for which it had waited; 0 where that is not asked for.
    served: u32,
    /// When it was served last, or began to wait.
    since: u64,
}

#[derive(Default)]
pub(super) struct Entry {
    held: usize,
    /// In the order in which they came.
    queue: BTreeMap<u64, oneshot::Sender<Place>>,
    since: u64,
    /// Where it is in `turns`, as one of the least served.
    turn: Option<Turn>,
}

// === impl Turn ===

impl Turn {
    /// The same among those that were served the longest ago.
    fn by_age(self) -> Self {
        Self { served: 0, ..self }
    }
}

// === impl Table ===

impl Table {
    pub fn new(places_max: usize) -> Self {
        Self {
            free: places_max,
            waiting: 0,
            keys: HashMap::new(),
            turns: Default::default(),
            order: 0,
            lately: Lately::default(),
            number: 0,
            given: 0,
            is_starved: false,
        }
    }

    pub fn is_starved(&self) -> bool {
        self.is_starved && self.free == 0
    }

    pub fn given(&self) -> u64 {
        self.given
    }

    /// A call has waited since so many places had been given.
    pub fn waited_in_vain(&mut self, given_before: u64) {
        self.is_starved |= self.given == given_before;
    }

    fn gives(&mut self) {
        self.free -= 1;
        self.given += 1;
        self.is_starved = false;
    }

    /// Whether the key got a place. No call that waits could have it: see [`Table`].
    pub fn take(&mut self, key: &Key, key_max: usize) -> bool {
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
        self.gives();
        true
    }

    pub fn wait(&mut self, key: &Key, key_max: usize) -> (u64, oneshot::Receiver<Place>) {
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
    pub fn give_back(&mut self, key: &Key, key_max: usize) -> Option<(Key, oneshot::Sender<Place>)> {
        self.free += 1;
        if let Some(entry) = self.keys.get_mut(key) {
            entry.held = entry.held.saturating_sub(1);
        }
        self.arrange(key, key_max);
        let next = self.turns.get(self.order)?.first_key_value()?.1.clone();
        self.order = (self.order + 1) % self.turns.len();
        self.lately.served(&next);
        let number = self.next_number();
        let entry = self.keys.get_mut(&next)?;
        let (_, call) = entry.queue.pop_first()?;
        entry.held += 1;
        entry.since = number;
        self.gives();
        self.waiting -= 1;
        self.arrange(&next, key_max);
        Some((next, call))
    }

    pub fn leave(&mut self, key: &Key, number: u64, key_max: usize) -> Option<oneshot::Sender<Place>> {
        let call = self.keys.get_mut(key)?.queue.remove(&number)?;
        self.waiting -= 1;
        self.arrange(key, key_max);
        Some(call)
    }

    /// Puts the key where it belongs after a change.
    fn arrange(&mut self, key: &Key, key_max: usize) {
        let Some(entry) = self.keys.get_mut(key) else { return };
        let [least_served, oldest] = &mut self.turns;
        if let Some(turn) = entry.turn.take() {
            least_served.remove(&turn);
            oldest.remove(&turn.by_age());
        }
        if !entry.queue.is_empty() && entry.held < key_max {
            let served = self.lately.times(key);
            let turn = Turn { load: entry.held * key.cost(), served, since: entry.since };
            entry.turn = Some(turn);
            least_served.insert(turn, key.clone());
            oldest.insert(turn.by_age(), key.clone());
        } else if entry.queue.is_empty() && entry.held == 0 {
            self.keys.remove(key);
        }
    }

    fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}
