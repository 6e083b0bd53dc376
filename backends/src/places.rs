//! The places of a component, for calls or for connections: how many may be taken at the same time, and whose call is next when all are.
//!
//! Calls wait by key, which is where their client is. The next place goes to the key that has the fewest for its weight; within a
//! key, to the call that came first. Among equals every other place goes to the key that was served the least of late, and the
//! rest to the one that was served the longest ago. So a client that asks for much waits for its own calls; a newcomer gets
//! the next place or the one after, however many wait that were served before; and a key that was served much is not left
//! waiting behind newcomers without end. One key never has all places: a part of them is left for keys that come later ([`Share`]).
//!
//! `FairShare` of the crate `mea` shares by a similar rule, but has no weights, no memory, and leaves nothing free.

mod lately;
mod table;

use metrics::Gauge;
use std::{
    net::IpAddr,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};
use table::Table;
use tokio::sync::oneshot;

/// One key leaves one part of so many of the places to others, and at least one place where there are two.
const RESERVE_SHARE: usize = 8;

/// One client is behind three keys at most: itself, its address, and the platform's own work that follows from its events.
const KEYS_OF_CLIENT: usize = 3;

/// Where a client is. One client has many tokens and accounts, but few addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// One for all addresses of a client.
    Address(IpAddr),
    User(Arc<str>),
}

/// For whom a place is taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// The platform's own work: health checks, schedules, batches of events, commands of an operator.
    Platform,
    Client(Origin),
}

/// How many of all places one key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All but one part of eight, and one less than all where there are two: for what comes back within its deadline.
    Most,
    /// A third of what one holder leaves, but two where there are three: for what may be held until others let go of a lock. Of
    /// seven or more, all keys of one client together leave one.
    Third,
}

/// The places of one component; a clone has the same.
#[derive(Clone)]
pub struct Places(Arc<Shared>);

struct Shared {
    places_max: usize,
    /// That one key may have.
    key_max: usize,
    table: Mutex<Table>,
    /// The metric of the calls that wait, made when the first does.
    waiting: Option<LazyLock<Gauge, Box<dyn FnOnce() -> Gauge + Send>>>,
}

/// A call's place; given to the next call when it is dropped.
pub struct Place {
    places: Places,
    key: Key,
}

/// A call that waits; it leaves the queue when it is dropped.
struct WaitingCall<'a> {
    places: &'a Places,
    key: &'a Key,
    number: u64,
    place: oneshot::Receiver<Place>,
    is_over: bool,
}

// === impl Key ===

impl Key {
    pub fn of(origin: Option<&Origin>) -> Self {
        origin.map_or(Self::Platform, |origin| Self::Client(origin.clone()))
    }

    /// What one place counts. The weights are the inverse: 4 of the platform, 2 of an address, 1 of a user.
    fn cost(&self) -> usize {
        match self {
            // It is for all users together.
            Self::Platform => 1,
            // Several users may be there.
            Self::Client(Origin::Address(_)) => 2,
            // What follows from the user's events after the answer, or what the user alone asks for.
            Self::Client(Origin::User(_)) => 4,
        }
    }
}

// === impl Share ===

impl Share {
    fn of(self, places_max: usize) -> usize {
        match (self, places_max) {
            (_, 0..2) => places_max,
            (_, 2) => 1,
            (Self::Most, _) => places_max - (places_max / RESERVE_SHARE).max(1),
            (Self::Third, _) => ((places_max - 1) / KEYS_OF_CLIENT).max(2),
        }
    }
}

// === impl Places ===

impl Places {
    pub fn new(places_max: usize, share: Share) -> Self {
        Self::of(places_max, share, None)
    }

    /// Shows in the metric how many wait.
    pub fn shown(places_max: usize, share: Share, waiting: impl FnOnce() -> Gauge + Send + 'static) -> Self {
        Self::of(places_max, share, Some(Box::new(waiting)))
    }

    fn of(places_max: usize, share: Share, waiting: Option<Box<dyn FnOnce() -> Gauge + Send>>) -> Self {
        Self(Arc::new(Shared {
            places_max,
            key_max: share.of(places_max),
            table: Mutex::new(Table::new(places_max)),
            waiting: waiting.map(LazyLock::new),
        }))
    }

    /// Places that are taken now.
    pub fn taken(&self) -> usize {
        self.0.places_max.saturating_sub(self.lock().free)
    }

    pub fn are_all_taken(&self) -> bool {
        self.lock().free == 0
    }

    /// Whether waiting calls get no places: one gave up while none got a place, and none has got one since.
    pub fn is_starved(&self) -> bool {
        self.lock().is_starved()
    }

    /// Places that calls got so far.
    pub fn given(&self) -> u64 {
        self.lock().given()
    }

    /// A call has waited all its time, from when so many places had been given.
    pub fn waited_in_vain(&self, given_before: u64) {
        self.lock().waited_in_vain(given_before);
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
            WaitingCall { places: self, key, number, place, is_over: false }
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
        if let Some(gauge) = &self.0.waiting {
            gauge.set(table.waiting as f64);
        }
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

impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.places.leave(self.key, self.number);
        }
    }
}

#[cfg(test)]
mod tests;
