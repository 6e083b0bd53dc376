//! Work of which one run at a time is enough in an instance: who asks for it while it runs leaves a mark, and another run follows.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The runs in progress by what they are for, and whether each is marked.
pub struct Turns<K>(Mutex<BTreeMap<K, bool>>);

/// What a request for a run comes to.
pub enum Asked<K: Ord + 'static> {
    /// The caller runs.
    Run(Turn<K>),
    /// A run is in progress, and marked by this request.
    Marked,
    /// A run is in progress, and marked by another one.
    Joined,
}

/// A run in progress. It ends with its task, whatever ends that.
pub struct Turn<K: Ord + 'static> {
    turns: &'static Turns<K>,
    pub key: K,
}

// === impl Turns ===

impl<K: Ord> Turns<K> {
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it is made in statics")]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Whether the run in progress is marked, which it no longer is.
    pub fn take_mark(&self, key: &K) -> bool {
        self.lock().get_mut(key).is_some_and(std::mem::take)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<K, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Clone> Turns<K> {
    /// Begins a run, or marks the one in progress.
    pub fn ask(&'static self, key: K) -> Asked<K> {
        let mut turns = self.lock();
        match turns.get_mut(&key) {
            Some(true) => Asked::Joined,
            Some(mark) => {
                *mark = true;
                Asked::Marked
            }
            None => {
                turns.insert(key.clone(), false);
                Asked::Run(Turn { turns: self, key })
            }
        }
    }
}

// === impl Turn ===

impl<K: Ord> Turn<K> {
    /// Whether another run is to follow this one, which is then the next.
    #[must_use]
    pub fn again(&self) -> bool {
        self.turns.take_mark(&self.key)
    }
}

impl<K: Ord> Drop for Turn<K> {
    fn drop(&mut self) {
        self.turns.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_while_one_runs_become_one_more_run() {
        static TURNS: Turns<&str> = Turns::new();
        let Asked::Run(first) = TURNS.ask("search") else { panic!("nothing runs yet") };
        assert!(matches!(TURNS.ask("search"), Asked::Marked));
        assert!(matches!(TURNS.ask("search"), Asked::Joined));
        assert!(matches!(TURNS.ask("query"), Asked::Run(_)));
        assert!(first.again());
        assert!(!first.again());
        drop(first);
        assert!(matches!(TURNS.ask("search"), Asked::Run(_)));
    }

    #[test]
    fn a_mark_is_taken_once() {
        static TURNS: Turns<()> = Turns::new();
        assert!(!TURNS.take_mark(&()));
        let run = TURNS.ask(());
        assert!(matches!(TURNS.ask(()), Asked::Marked));
        assert!(TURNS.take_mark(&()));
        let Asked::Run(run) = run else { panic!("nothing ran before") };
        assert!(!run.again());
    }
}
