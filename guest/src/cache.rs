//! JSON values in a key-value bucket, read through, never out of date: one round trip on a hit. A cache that fails
//! is a miss that keeps nothing: reads then come from the database.
//!
//! A cached value belongs to an owner, such as a user's journal, and each owner has one generation: a random text under
//! a separate name. A value is stored with the generation that was current *before* its database read began. A writer puts
//! a new generation *after* its commit. So a reader that saw the old rows stores them under the old generation, where
//! they are never found again, even if it writes them late: no value outlives the event that changed it, and no reader
//! waits for a lifetime to end. A lost generation is replaced by a new random text, never by an earlier one.
//!
//! With reads from a replica of the database, its lag can put old rows under a new generation; the lifetimes bound that.
//!
//! A value that is made from the views of several owners has all their generations, and is out of date with the first
//! that changes.
//!
//! A value is also valid for one moment only, such as a day in UTC: some values change at midnight without an event.

use crate::{
    bindings::platform::mindflow::platform::key_value::{Bucket, Condition, Entry, Error, PutOutcome},
    bucket, clock, id,
};
use futures::future::try_join_all;
use serde::{Serialize, de::DeserializeOwned};
use std::{cell::Cell, rc::Rc, time::Duration};
use uuid::Uuid;

/// The bucket, as the manifest names it.
const BUCKET: &str = "cache";

/// Of a value as JSON. A larger one is read each time: one look may find twenty, in an instance of 64 MiB.
const VALUE_BYTES_MAX: usize = 512 * 1024;

/// The store deletes no more in one call.
const NAMES_PER_CALL_MAX: usize = 100;

/// Losing a generation costs one miss; this bounds the generations of inactive owners.
const GENERATION: Duration = Duration::from_secs(24 * 60 * 60);

/// A cache that failed is left alone for so long: one that does not answer would cost each look a second.
const REST_US: i64 = 2_000_000;

thread_local! {
    /// When the cache is asked again.
    static RESTS_UNTIL_US: Cell<i64> = const { Cell::new(0) };
}

/// A cached value's name and lifetime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    pub lifetime: Duration,
}

/// Whose values they are, by the name of the owner's generation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    generation: String,
}

pub enum Found<T> {
    Hit(T),
    /// Read the database, then fill the slot.
    Miss(Slot),
}

/// Where to store a value that was just read; nowhere while the cache is unavailable.
pub struct Slot {
    key: Key,
    place: Option<Rc<Lookup>>,
}

/// Where a look may find what it asks for.
#[derive(Clone, Copy)]
enum Reads {
    Store,
    /// Also what the host remembers of it.
    Copies,
}

/// What the values of one look have in common.
struct Lookup {
    bucket: Rc<Bucket>,
    stamp: Stamp,
}

/// The generations and moment of a value.
struct Stamp(Vec<u8>);

impl Key {
    pub fn new(name: String, lifetime: Duration) -> Self {
        Self { name, lifetime }
    }
}

impl Owner {
    /// What the query service shows a user: profile, entries, insights, tags.
    pub fn journal(user: Uuid) -> Self {
        Self { generation: format!("generation:user:{user}") }
    }

    /// What the analytics service shows a user.
    pub fn figures(user: Uuid) -> Self {
        Self { generation: format!("generation:analytics:user:{user}") }
    }

    /// What the analytics service shows of all users together.
    pub fn platform_figures() -> Self {
        Self { generation: "generation:analytics:global".to_owned() }
    }
}

impl Slot {
    /// Keeps the value for the next reader. Whether that works does not matter to this one.
    pub async fn fill(self, value: &impl Serialize) {
        let Self { key, place: Some(place) } = self else {
            return;
        };
        if let Ok(json) = serde_json::to_vec(value)
            && json.len() <= VALUE_BYTES_MAX
        {
            let sealed = place.stamp.seal(&json);
            let kept = place.bucket.put(key.name, sealed, Some(ttl_ms(key.lifetime)), Condition::Always).await;
            let _ = kept.inspect_err(rest_after);
        }
    }
}

/// The cached value, or what `load` answers, kept for the next reader.
///
/// # Errors
/// Those of `load`.
pub async fn through<T, E>(
    owner: &Owner,
    key: Key,
    moment: &str,
    load: impl AsyncFnOnce() -> Result<T, E>,
) -> Result<T, E>
where
    T: Serialize + DeserializeOwned,
{
    let slot = match find(std::slice::from_ref(owner), vec![key], moment).await.pop() {
        Some(Found::Hit(value)) => return Ok(value),
        Some(Found::Miss(slot)) => Some(slot),
        None => None,
    };
    let value = load().await?;
    if let Some(slot) = slot {
        slot.fill(&value).await;
    }
    Ok(value)
}

/// The values that belong to all of `owners`, in the order of `keys`; at most 100 names together. Call this *before* the
/// database is read: the generations must be older than the rows.
pub async fn find<T: DeserializeOwned>(owners: &[Owner], keys: Vec<Key>, moment: &str) -> Vec<Found<T>> {
    found(owners, keys, moment, Reads::Store, |json| serde_json::from_slice(json).ok()).await
}

/// The same for values that the host may remember for as long as the store says nothing else (`recall` of `key-value`). After what was
/// asked of the store before, on this host and of the same Redis, they are as new as its answer. Each is the JSON that its slot was filled
/// with.
pub async fn recall(owners: &[Owner], keys: Vec<Key>, moment: &str) -> Vec<Found<String>> {
    found(owners, keys, moment, Reads::Copies, |json| std::str::from_utf8(json).ok().map(str::to_owned)).await
}

async fn found<T>(
    owners: &[Owner],
    keys: Vec<Key>,
    moment: &str,
    reads: Reads,
    open: impl Fn(&[u8]) -> Option<T>,
) -> Vec<Found<T>> {
    let found = match RESTS_UNTIL_US.get() {
        until if clock::now_us() < until => None,
        _ => read(owners, &keys, moment, reads, open).await.inspect_err(rest_after).ok(),
    };
    let Some((place, values)) = found else {
        return keys.into_iter().map(|key| Found::Miss(Slot { key, place: None })).collect();
    };
    let place = Rc::new(place);
    let slot = |key| Slot { key, place: Some(Rc::clone(&place)) };
    keys.into_iter().zip(values).map(|(key, value)| value.map_or_else(|| Found::Miss(slot(key)), Found::Hit)).collect()
}

/// Makes everything that is cached for the owner out of date. Call this *after* the commit.
///
/// # Errors
/// Those of the store; the caller must try again, or readers would see what was before.
pub async fn renew(owner: &Owner) -> Result<(), Error> {
    let bucket = bucket::open(BUCKET).await?;
    bucket.put(owner.generation.clone(), fresh(), Some(ttl_ms(GENERATION)), Condition::Always).await?;
    Ok(())
}

/// Deletes what is cached of the owner under names that begin so, with the owner's generation: what a reader stores late is not found
/// any more, and ends with its lifetime. Answers how many values there were.
///
/// # Errors
/// Those of the store.
pub async fn forget(owner: &Owner, beginnings: &[String]) -> Result<u64, Error> {
    let bucket = bucket::open(BUCKET).await?;
    bucket.delete(vec![owner.generation.clone()]).await?;
    let mut forgotten = 0;
    for beginning in beginnings {
        loop {
            let names = bucket.list_keys(beginning.clone()).await?;
            if names.is_empty() {
                break;
            }
            for names in names.chunks(NAMES_PER_CALL_MAX) {
                forgotten += u64::from(bucket.delete(names.to_vec()).await?);
            }
        }
    }
    Ok(forgotten)
}

fn rest_after(error: &Error) {
    if matches!(error, Error::Unavailable(_)) {
        RESTS_UNTIL_US.set(clock::now_us().saturating_add(REST_US));
    }
}

async fn read<T>(
    owners: &[Owner],
    keys: &[Key],
    moment: &str,
    reads: Reads,
    open: impl Fn(&[u8]) -> Option<T>,
) -> Result<(Lookup, Vec<Option<T>>), Error> {
    let bucket = bucket::open(BUCKET).await?;
    let names = owners.iter().map(|owner| &owner.generation).chain(keys.iter().map(|key| &key.name));
    let names = names.cloned().collect();
    let entries = match reads {
        Reads::Store => bucket.get_many(names).await?,
        Reads::Copies => bucket.recall(names, Vec::new()).await?,
    };
    let mut entries = entries.into_iter();
    let generations = owners.iter().zip(entries.by_ref().take(owners.len()).collect::<Vec<_>>());
    let generations = try_join_all(generations.map(async |(owner, known)| match known {
        Some(entry) => Ok(entry.value),
        None => first_generation(&bucket, owner).await,
    }))
    .await?;
    let stamp = Stamp::new(&generations, moment);
    let value = |entry: Option<Entry>| open(stamp.open(&entry?.value)?);
    let values = entries.map(value).collect();
    Ok((Lookup { bucket, stamp }, values))
}

/// The new generation, or the one that another reader put first.
async fn first_generation(bucket: &Bucket, owner: &Owner) -> Result<Vec<u8>, Error> {
    let first = fresh();
    let lifetime = Some(ttl_ms(GENERATION));
    match bucket.put(owner.generation.clone(), first.clone(), lifetime, Condition::IfAbsent).await? {
        PutOutcome::Stored(_) => Ok(first),
        PutOutcome::Stale(Some(entry)) => Ok(entry.value),
        PutOutcome::Stale(None) => Err(Error::Other("the generation vanished while it was put".into())),
    }
}

fn fresh() -> Vec<u8> {
    id::random().as_simple().to_string().into_bytes()
}

/// A duration as the key-value capability takes it.
fn ttl_ms(lifetime: Duration) -> u64 {
    u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX)
}

impl Stamp {
    fn new(generations: &[impl AsRef<[u8]>], moment: &str) -> Self {
        let mut stamp = Vec::new();
        for generation in generations {
            stamp.extend(generation.as_ref());
            stamp.push(b'.');
        }
        stamp.extend(format!("@{moment}\n").bytes());
        Self(stamp)
    }

    /// The value with its stamp before it, as it is kept.
    fn seal(&self, json: &[u8]) -> Vec<u8> {
        let mut sealed = self.0.clone();
        sealed.extend(json);
        sealed
    }

    /// The value, when it was sealed with this stamp.
    fn open<'a>(&self, sealed: &'a [u8]) -> Option<&'a [u8]> {
        sealed.strip_prefix(self.0.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_of_an_earlier_generation_is_not_opened() {
        let sealed = Stamp::new(&["before"], "2025-05-01").seal(b"[]");
        assert_eq!(Stamp::new(&["after"], "2025-05-01").open(&sealed), None);
    }

    #[test]
    fn a_value_of_two_owners_is_not_opened_once_one_of_them_has_changed() {
        let sealed = Stamp::new(&["one", "two"], "2025-05-01").seal(b"[]");
        assert_eq!(Stamp::new(&["one", "two"], "2025-05-01").open(&sealed), Some(b"[]".as_slice()));
        for changed in [["one", "new"], ["new", "two"], ["two", "one"]] {
            assert_eq!(Stamp::new(&changed, "2025-05-01").open(&sealed), None);
        }
    }

    #[test]
    fn a_value_of_yesterday_is_not_opened() {
        let sealed = Stamp::new(&["same"], "2025-05-01").seal(b"[]");
        assert_eq!(Stamp::new(&["same"], "2025-05-02").open(&sealed), None);
    }

    /// What goes on between one reader and one projection, in every order that keeps each one's own steps.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        ReaderTakesGeneration,
        ReaderReadsRows,
        ReaderKeepsValue,
        ProjectionCommits,
        ProjectionRenews,
    }

    proptest! {
        #[test]
        fn no_interleaving_leaves_an_old_value_that_opens(turns in proptest::collection::vec(any::<bool>(), 5)) {
            use Step::*;
            let mut reader = [ReaderTakesGeneration, ReaderReadsRows, ReaderKeepsValue].into_iter();
            let mut projection = [ProjectionCommits, ProjectionRenews].into_iter();
            let (mut generation, mut rows) = (b"1".to_vec(), "old");
            let (mut taken, mut read, mut kept) = (Vec::new(), "", None);
            for reads_next in turns.into_iter().chain([true, true, true, false, false]) {
                let Some(step) = (if reads_next { reader.next() } else { projection.next() }) else { continue };
                match step {
                    ReaderTakesGeneration => taken = generation.clone(),
                    ReaderReadsRows => read = rows,
                    ReaderKeepsValue => kept = Some(Stamp::new(&[&taken], "2025-05-01").seal(read.as_bytes())),
                    ProjectionCommits => rows = "new",
                    ProjectionRenews => generation = b"2".to_vec(),
                }
            }
            let kept = kept.unwrap();
            let seen = Stamp::new(&[&generation], "2025-05-01").open(&kept);
            prop_assert!(matches!(seen, None | Some(b"new")));
        }
    }
}
