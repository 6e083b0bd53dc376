//! Delivery from the log on Postgres. A subscription has a cursor in each of eight slots of the keys; a slot is delivered by
//! one replica, its owner, which renews that like a lease. An event in order is written nowhere: the owner reads ahead,
//! hands out, and moves the cursor when everything before it is done. Only an event that failed, was put off or
//! lost its handler becomes a row ([`super::rows`]), and later events of its key wait in rows behind it.
//!
//! ```text
//! sequenced ─ read ahead ─► handler ─ done ─► the cursor moves
//!                 │             └ failed, put off, dead ─► row ─► handler (of any replica)
//!                 └ a row of its key is there ─► row behind it
//! ```
//!
//! - What is with handlers is written in `delivery.reader` before they get it. When the owner dies, the next owner makes rows
//!   of it, as leases that ran out; what was done after the cursor comes again.
//! - Of a key, everything before a row is done or a row too. So an event that is read again, because its cursor was behind
//!   when its reader died, is passed over when a later one of its key is a row.
//! - New events are read once for all subscriptions of the replica (`window`). A subscription that is further back, or of which
//!   events are rows, reads by itself.
//! - Handing out is refused by the statement that would write it down while a subscription is held.
//! - Ordinals, and rows that the log goes on behind, are on disk before anything rests on them. Moves of cursors do not wait for
//!   the disk, as changes of rows do not: what a crash of Postgres takes back comes again.

mod followed;
mod join;
mod leases;
mod notes;
mod park;
mod reader;
#[cfg(test)]
mod reader_test;
mod scan;
mod slots;
mod statements;
mod upkeep;
mod window;

pub use join::{BEGIN_AT_TIP, PendingSubscriptions};
pub use upkeep::NAME;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use self::followed::Followed;
use self::notes::Notes;
use self::scan::States;
use self::window::Window;
use super::rows::RowQueue;
use super::store::Store;

/// Slots of a subscription: as many replicas may share its log.
const SLOTS: usize = 8;

/// See the module.
pub struct LogQueue<S> {
    store: Arc<S>,
    rows: RowQueue<S>,
    /// This replica among the readers.
    owner: Uuid,
    followed: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Followed>>>>,
    scan: String,
    follow: String,
    notes: Notes,
    /// Whether there are other replicas; as of the last relay.
    has_others: AtomicBool,
    window: tokio::sync::Mutex<Window>,
    /// Of all subscriptions, read for whichever asked first: after a publication all of them ask at the same moment.
    states: tokio::sync::Mutex<States>,
}

// === impl LogQueue ===

impl<S: Store> LogQueue<S> {
    #[must_use]
    pub fn new(store: S) -> Self {
        let store = Arc::new(store);
        Self {
            rows: RowQueue::new(store.clone()),
            owner: store.random(),
            store,
            followed: Mutex::default(),
            scan: statements::scan(),
            follow: statements::follow(),
            notes: Notes::default(),
            has_others: AtomicBool::new(true),
            window: tokio::sync::Mutex::default(),
            states: tokio::sync::Mutex::default(),
        }
    }

    /// Where its rows are.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// This replica among the readers.
    #[must_use]
    pub fn owner(&self) -> Uuid {
        self.owner
    }

    fn followed(&self, subscription: &str) -> Arc<tokio::sync::Mutex<Followed>> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(tokio::sync::Mutex::new(Followed::new(subscription, self.store.now())));
        followed.entry(subscription.to_owned()).or_insert_with(new).clone()
    }

    fn all_followed(&self) -> Vec<Arc<tokio::sync::Mutex<Followed>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Follows a subscription that has ended no longer.
    pub fn forget(&self, subscription: &str) {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).remove(subscription);
    }
}
