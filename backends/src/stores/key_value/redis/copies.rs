//! Copies of entries of which Redis has promised to say when they change: what they need, as bytes and as time, is bounded.
//!
//! An answer is read by the task that asked, word of a change by the task of the connection, so the word can be heard before the
//! answer is kept. Therefore each shard of names has a mark, which every word about one of them moves. Who asks takes the mark
//! first, and an answer is kept only if the mark is still the same: then nothing was heard since before the command was sent, and
//! what is heard from now on finds the copy.
//!
//! Redis keeps its promise only as long as the connection lives, and a connection can be dead without notice. So copies are
//! given out only within [`TRUSTED_FOR`] of a command that was answered: what Redis has said before the answer was heard before it.

use std::array;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

use super::super::Entry;
use crate::clock;

/// After the last command that was answered. So long at most is a copy given out that is out of date, when the connection is
/// dead and does not say so.
pub(super) const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// A copy is read again after this, even without an invalidation.
pub(super) const LIFETIME_MAX: Duration = Duration::from_secs(10);
/// Names of one shard share a mark and a lock: with so many, word about one rarely costs another its copy.
const SHARDS: usize = 16;
/// Besides name and value: a node of the map, a `Bytes`, a version and a time.
const OVERHEAD_BYTES: usize = 160;

/// What was read over one connection.
pub(super) struct Copies {
    shards: [Mutex<Shard>; SHARDS],
    /// With a key of this process: clients choose names in part.
    hasher: RandomState,
    shard_bytes_max: usize,
    began: Instant,
    /// When the last command was sent that has been answered, in microseconds after `began`.
    answered_us: AtomicU64,
    ended: AtomicBool,
}

struct Shard {
    copies: LruCache<Box<str>, Held>,
    bytes: usize,
    mark: u64,
}

struct Held {
    entry: Entry,
    until: Instant,
}

/// What a shard had heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u64);

// === impl Copies ===

impl Copies {
    /// Of at most `bytes_max` together.
    pub(super) fn new(bytes_max: usize) -> Self {
        let shard = |_| Mutex::new(Shard { copies: LruCache::unbounded(), bytes: 0, mark: 0 });
        Self {
            shards: array::from_fn(shard),
            hasher: RandomState::new(),
            shard_bytes_max: bytes_max / SHARDS,
            began: clock::instant(),
            answered_us: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// To be taken before the command is sent that reads the entry.
    pub(super) fn mark(&self, name: &str) -> Mark {
        Mark(self.shard(name).mark)
    }

    /// The entry as it was when Redis last answered, or as it is since.
    pub(super) fn get(&self, name: &str) -> Option<Entry> {
        let now = clock::instant();
        if !self.is_trusted(now) {
            return None;
        }
        let mut shard = self.shard(name);
        let (entry, until) = shard.copies.get(name).map(|copy| (copy.entry.clone(), copy.until))?;
        if until <= now {
            shard.remove(name);
            return None;
        }
        Some(entry)
    }

    /// Keeps what was read, unless word of a change came since the mark was taken. `sent` is when the command was sent, `lifetime`
    /// what Redis gave the entry from then on; none: it has no end.
    pub(super) fn keep(&self, name: &str, entry: &Entry, sent: Instant, lifetime: Option<Duration>, mark: Mark) {
        let bytes = cost(name, entry);
        // A few large ones would push all others out.
        if bytes > self.shard_bytes_max / 4 {
            return;
        }
        let until = sent + lifetime.unwrap_or(LIFETIME_MAX).min(LIFETIME_MAX);
        let mut shard = self.shard(name);
        if shard.mark != mark.0 || self.has_ended() {
            return;
        }
        shard.remove(name);
        shard.bytes += bytes;
        shard.copies.put(name.into(), Held { entry: entry.clone(), until });
        while shard.bytes > self.shard_bytes_max {
            let Some((name, copy)) = shard.copies.pop_lru() else { break };
            shard.bytes = shard.bytes.saturating_sub(cost(&name, &copy.entry));
        }
    }

    /// A command that was sent then has been answered.
    pub(super) fn answered(&self, sent: Instant) {
        let us = u64::try_from(sent.saturating_duration_since(self.began).as_micros()).unwrap_or(0);
        self.answered_us.fetch_max(us, Ordering::Relaxed);
    }

    /// The entry has changed.
    pub(super) fn forget(&self, name: &str) {
        let mut shard = self.shard(name);
        shard.mark += 1;
        shard.remove(name);
    }

    /// All may have changed.
    pub(super) fn forget_all(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.mark += 1;
            shard.copies.clear();
            shard.bytes = 0;
        }
    }

    /// Nothing is heard any more.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.forget_all();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    fn is_trusted(&self, now: Instant) -> bool {
        let answered = self.began + Duration::from_micros(self.answered_us.load(Ordering::Relaxed));
        !self.has_ended() && now.saturating_duration_since(answered) < TRUSTED_FOR
    }

    fn shard(&self, name: &str) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(name);
        let [first, ..] = &self.shards;
        let index = usize::try_from(hash % SHARDS as u64).unwrap_or(0);
        lock(self.shards.get(index).unwrap_or(first))
    }
}

// === impl Shard ===

impl Shard {
    fn remove(&mut self, name: &str) {
        if let Some(copy) = self.copies.pop(name) {
            self.bytes = self.bytes.saturating_sub(cost(name, &copy.entry));
        }
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // No step leaves a shard half-changed, so a poisoned lock is still sound.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cost(name: &str, entry: &Entry) -> usize {
    OVERHEAD_BYTES + name.len() + entry.value.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const BYTES_MAX: usize = SHARDS * 4_096;

    fn entry(bytes: usize) -> Entry {
        Entry { value: Bytes::from(vec![7; bytes]), version: 1 }
    }

    fn kept(copies: &Copies, name: &str, lifetime: Option<Duration>) {
        let (mark, sent) = (copies.mark(name), clock::instant());
        copies.answered(sent);
        copies.keep(name, &entry(10), sent, lifetime, mark);
    }

    fn held(copies: &Copies) -> usize {
        copies.shards.iter().map(|shard| lock(shard).bytes).sum()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_was_asked_for_before_word_of_a_change_is_not_kept() {
        let copies = Copies::new(BYTES_MAX);
        kept(&copies, "a", None);
        assert!(copies.get("a").is_some());
        let (mark, sent) = (copies.mark("a"), clock::instant());
        copies.forget("a");
        copies.keep("a", &entry(10), sent, None, mark);
        assert_eq!(copies.get("a"), None);
        kept(&copies, "a", None);
        assert!(copies.get("a").is_some(), "one that was asked for after it is kept");
    }

    #[tokio::test(start_paused = true)]
    async fn word_that_all_has_changed_and_the_end_leave_no_copy_and_take_no_late_answer() {
        let copies = Copies::new(BYTES_MAX);
        kept(&copies, "a", None);
        let late = copies.mark("b");
        copies.forget_all();
        copies.keep("b", &entry(10), clock::instant(), None, late);
        assert_eq!((copies.get("a"), copies.get("b"), held(&copies)), (None, None, 0));
        kept(&copies, "a", None);
        copies.end();
        kept(&copies, "b", None);
        assert_eq!((copies.get("a"), copies.get("b"), held(&copies)), (None, None, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_lives_as_long_as_its_entry_and_not_for_long() {
        let copies = Copies::new(BYTES_MAX);
        kept(&copies, "short", Some(Duration::from_millis(300)));
        kept(&copies, "long", Some(Duration::from_hours(1)));
        kept(&copies, "endless", None);
        tokio::time::advance(Duration::from_millis(299)).await;
        assert!(copies.get("short").is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(copies.get("short").is_none() && copies.get("long").is_some());
        tokio::time::advance(LIFETIME_MAX - Duration::from_millis(301)).await;
        copies.answered(clock::instant());
        assert!(copies.get("long").is_some() && copies.get("endless").is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(copies.get("long").is_none() && copies.get("endless").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn copies_of_a_connection_that_has_been_silent_are_not_given_out_until_it_answers() {
        let copies = Copies::new(BYTES_MAX);
        kept(&copies, "a", None);
        tokio::time::advance(TRUSTED_FOR - Duration::from_millis(1)).await;
        assert!(copies.get("a").is_some());
        let sent = clock::instant();
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(copies.get("a").is_none());
        copies.answered(sent);
        assert!(copies.get("a").is_some(), "what it has said before the answer was heard");
    }

    #[tokio::test(start_paused = true)]
    async fn copies_take_so_much_memory_and_the_least_used_make_room() {
        let copies = Copies::new(BYTES_MAX);
        copies.answered(clock::instant());
        for number in 0..1_000 {
            let name = format!("user:{number}");
            let mark = copies.mark(&name);
            copies.keep(&name, &entry(500), clock::instant(), None, mark);
            assert!(held(&copies) <= BYTES_MAX, "after {number}");
            assert!(copies.get(&name).is_some(), "what was kept last is there: {number}");
        }
        assert!(held(&copies) > BYTES_MAX / 2, "{} bytes", held(&copies));
        let mark = copies.mark("large");
        copies.keep("large", &entry(2_048), clock::instant(), None, mark);
        assert_eq!(copies.get("large"), None, "one that would take the place of many is not kept");
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_that_is_replaced_counts_once() {
        let copies = Copies::new(BYTES_MAX);
        for _ in 0..3 {
            kept(&copies, "a", None);
        }
        assert_eq!(held(&copies), cost("a", &entry(10)));
        copies.forget("a");
        assert_eq!(held(&copies), 0);
    }
}
