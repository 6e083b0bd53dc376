//! What is cached under which name, for how long, and how a cached value proves that it is still current.
//!
//! Each user has one generation: a random text under `generation:user:{id}`. A value is kept with the
//! generation that was current *before* its database read began. A projection puts a new generation *after* its
//! commit. So a reader that saw the old rows kept them under the old generation, where nobody finds them
//! again, however late it writes them: no value outlives the event that changed it, and nobody waits for
//! a lifetime to end. A generation that got lost is never replaced by an earlier one, only by a new random text.
//!
//! Where reads go to a replica of the database, its lag is the one thing that can put old rows under a new
//! generation; there the lifetimes bound it.
//!
//! The stamp also holds the UTC day, because quotas and trends change at midnight without an event.

use crate::request::{Page, Selection};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;

/// The bucket, as the manifest names it.
pub const BUCKET: &str = "cache";

/// The lifetimes of contract §5.
const RECENT: Duration = Duration::from_secs(60);
const JOURNALS: Duration = Duration::from_secs(5 * 60);
const MOOD_TREND: Duration = Duration::from_secs(15 * 60);
const PROFILE: Duration = Duration::from_secs(60 * 60);
/// Not in the contract: as a user's journals, from which they follow.
const DERIVED: Duration = JOURNALS;
/// Losing a generation costs one miss; this keeps those of users who went away from piling up.
pub const GENERATION: Duration = Duration::from_secs(24 * 60 * 60);

/// Of SHA-256's 32 bytes: as unlikely to collide as a UUID.
const PAGE_HASH_BYTES: usize = 16;

/// A cached value's name and lifetime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub name: String,
    pub lifetime: Duration,
}

impl Key {
    fn new(name: String, lifetime: Duration) -> Self {
        Self { name, lifetime }
    }

    pub fn recent(user: Uuid) -> Self {
        Self::new(format!("journals:user:{user}:recent"), RECENT)
    }

    /// More recent entries than the dashboard shows.
    pub fn recent_up_to(user: Uuid, limit: u32) -> Self {
        Self::new(format!("journals:user:{user}:recent:{limit}"), RECENT)
    }

    pub fn page(user: Uuid, selection: &Selection, page: &Page) -> Self {
        let hash = Sha256::digest(format!("{selection:?}{page:?}"));
        let short: Vec<u8> = hash.into_iter().take(PAGE_HASH_BYTES).collect();
        Self::new(format!("journals:user:{user}:page:{}", URL_SAFE_NO_PAD.encode(short)), JOURNALS)
    }

    pub fn on_this_day(user: Uuid, day: Date) -> Self {
        Self::new(format!("journals:user:{user}:on-this-day:{day}"), JOURNALS)
    }

    pub fn mood_trend(user: Uuid, days: u32) -> Self {
        Self::new(format!("mood:user:{user}:trend:{days}d"), MOOD_TREND)
    }

    pub fn profile(user: Uuid) -> Self {
        Self::new(format!("profile:user:{user}"), PROFILE)
    }

    pub fn insights(user: Uuid, limit: u32) -> Self {
        Self::new(format!("insights:user:{user}:newest:{limit}"), DERIVED)
    }

    pub fn tags(user: Uuid) -> Self {
        Self::new(format!("tags:user:{user}"), DERIVED)
    }
}

pub fn generation(user: Uuid) -> String {
    format!("generation:user:{user}")
}

/// A duration as the key-value capability takes it.
pub fn ttl_ms(lifetime: Duration) -> u64 {
    u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX)
}

/// What a value was true for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(Vec<u8>);

impl Stamp {
    pub fn new(generation: &[u8], today: Date) -> Self {
        let mut stamp = generation.to_vec();
        stamp.extend(format!("@{today}\n").bytes());
        Self(stamp)
    }

    /// The value with its stamp before it, as it is kept.
    pub fn seal(&self, json: &[u8]) -> Vec<u8> {
        let mut sealed = self.0.clone();
        sealed.extend(json);
        sealed
    }

    /// The value, when it was sealed with this stamp.
    pub fn open<'a>(&self, sealed: &'a [u8]) -> Option<&'a [u8]> {
        sealed.strip_prefix(self.0.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::Position;
    use jiff::civil::date;
    use proptest::prelude::*;

    const USER: Uuid = Uuid::from_u128(7);

    #[test]
    fn keys_and_lifetimes_are_those_of_the_contract() {
        let id = USER.to_string();
        assert_eq!(Key::recent(USER), Key::new(format!("journals:user:{id}:recent"), Duration::from_secs(60)));
        assert_eq!(Key::mood_trend(USER, 30), Key::new(format!("mood:user:{id}:trend:30d"), Duration::from_secs(900)));
        assert_eq!(Key::profile(USER), Key::new(format!("profile:user:{id}"), Duration::from_secs(3600)));
        let page = Key::page(USER, &Selection::default(), &Page { first: 20, after: None });
        assert!(page.name.starts_with(&format!("journals:user:{id}:page:")));
        assert_eq!(page.lifetime, Duration::from_secs(300));
    }

    #[test]
    fn pages_that_differ_in_anything_have_keys_of_their_own() {
        let all = Selection::default();
        let tagged = Selection { tag: Some("work".into()), ..Selection::default() };
        let dated = Selection { from: Some(date(2025, 1, 1)), ..Selection::default() };
        let first = Page { first: 20, after: None };
        let wider = Page { first: 21, after: None };
        let next = Page { first: 20, after: Some(Position { created_at: 1, id: USER }) };
        let mut names: Vec<String> =
            [(&all, &first), (&all, &wider), (&all, &next), (&tagged, &first), (&dated, &first)]
                .map(|(selection, page)| Key::page(USER, selection, page).name)
                .into();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 5);
    }

    #[test]
    fn a_value_of_an_earlier_generation_is_not_opened() {
        let sealed = Stamp::new(b"before", date(2025, 5, 1)).seal(b"[]");
        assert_eq!(Stamp::new(b"after", date(2025, 5, 1)).open(&sealed), None);
    }

    #[test]
    fn a_value_of_yesterday_is_not_opened() {
        let sealed = Stamp::new(b"same", date(2025, 5, 1)).seal(b"[]");
        assert_eq!(Stamp::new(b"same", date(2025, 5, 2)).open(&sealed), None);
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
                    ReaderKeepsValue => kept = Some(Stamp::new(&taken, date(2025, 5, 1)).seal(read.as_bytes())),
                    ProjectionCommits => rows = "new",
                    ProjectionRenews => generation = b"2".to_vec(),
                }
            }
            let kept = kept.unwrap();
            let seen = Stamp::new(&generation, date(2025, 5, 1)).open(&kept);
            prop_assert!(matches!(seen, None | Some(b"new")));
        }
    }
}
