//! A journal entry as the service holds it, and what a change makes of it.

use crate::mood::Mood;
use crate::tag_name::TagName;
use jiff::civil::Date;
use mindflow_guest::call::Error;
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub id: Uuid,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub user_id: Uuid,
    pub title: String,
    pub content: String,
    pub mood: Option<Mood>,
    /// Sorted by name, the case not counting.
    pub tags: Vec<Tag>,
    pub attachment_ids: Vec<Uuid>,
    pub entry_date: Date,
    pub word_count: u32,
    /// From 1; rises with every change of the content.
    pub version: u32,
    /// Of the entry's last event, from 1.
    pub event_sequence: u64,
    /// Microseconds, as the two below.
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
}

/// Valid new values of some fields; none leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub title: Option<String>,
    pub content: Option<String>,
    /// `Some(None)` removes the mood.
    pub mood: Option<Option<Mood>>,
    /// All tags of the entry from now on, deduplicated.
    pub tags: Option<Vec<TagName>>,
    /// All attachments from now on, in their order.
    pub attachment_ids: Option<Vec<Uuid>>,
}

/// Words by Unicode's rules (UAX #29), so that they count in every language with spaces between them.
pub fn word_count(content: &str) -> u32 {
    u32::try_from(content.unicode_words().count()).unwrap_or(u32::MAX)
}

// === impl Change ===

impl Change {
    /// What of this would really change the entry.
    pub fn against(self, entry: &Entry) -> Self {
        Self {
            title: self.title.filter(|title| *title != entry.title),
            content: self.content.filter(|content| *content != entry.content),
            mood: self.mood.filter(|mood| *mood != entry.mood),
            tags: self.tags.filter(|tags| !are_tags_of(tags, entry)),
            attachment_ids: self.attachment_ids.filter(|ids| *ids != entry.attachment_ids),
        }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether the entry has these tags and no others, however they are spelled.
fn are_tags_of(tags: &[TagName], entry: &Entry) -> bool {
    let held: Vec<_> = entry.tags.iter().map(|tag| TagName::new(&tag.name)).collect();
    tags.len() == held.len() && tags.iter().all(|tag| held.iter().any(|other| other.key() == tag.key()))
}

// === impl Entry ===

impl Entry {
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// The entry after a change that is written as `version`, `event_sequence` and, for the tags, `tags`.
    pub fn changed(
        mut self,
        change: Change,
        tags: Option<Vec<Tag>>,
        updated_at: i64,
        version: u32,
        event_sequence: u64,
    ) -> Self {
        if let Some(title) = change.title {
            self.title = title;
        }
        if let Some(content) = change.content {
            self.word_count = word_count(&content);
            self.content = content;
        }
        if let Some(mood) = change.mood {
            self.mood = mood;
        }
        if let Some(ids) = change.attachment_ids {
            self.attachment_ids = ids;
        }
        if let Some(tags) = tags {
            self.tags = tags;
        }
        Self { updated_at, version, event_sequence, ..self }
    }

    /// The time of a change made now; clocks of several hosts never turn an entry's time back.
    pub fn time_of_change(&self, now_us: i64) -> i64 {
        now_us.max(self.updated_at)
    }
}

/// Refuses a change that was made to another version than the one there is.
pub fn expect_version(version: u32, expected: Option<u32>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != version => Err(Error::Conflict(format!(
            "The entry is at version {version}, not at version {expected} as expected: read it again and repeat the change."
        ))),
        _ => Ok(()),
    }
}

/// One answer for what is not there, is deleted, or is somebody else's: a stranger cannot tell them apart.
pub fn entry_not_found() -> Error {
    Error::NotFound("There is no such entry.".into())
}

pub fn tag_not_found() -> Error {
    Error::NotFound("There is no such tag.".into())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use jiff::civil::date;

    /// An entry with two tags, a mood and an attachment, at version 3 and event 4.
    pub fn sample() -> Entry {
        Entry {
            id: Uuid::from_u128(1),
            user_id: Uuid::from_u128(2),
            title: "A walk".into(),
            content: "Rain, then sun.".into(),
            mood: Some(Mood::Calm),
            tags: vec![
                Tag { id: Uuid::from_u128(3), name: "Nature".into() },
                Tag { id: Uuid::from_u128(4), name: "work".into() },
            ],
            attachment_ids: vec![Uuid::from_u128(5)],
            entry_date: date(2026, 11, 22),
            word_count: 3,
            version: 3,
            event_sequence: 4,
            created_at: 1_795_300_000_000_000,
            updated_at: 1_795_400_000_000_001,
            deleted_at: None,
        }
    }

    fn names(names: &[&str]) -> Option<Vec<TagName>> {
        Some(names.iter().map(|name| TagName::new(name)).collect())
    }

    #[test]
    fn a_change_to_what_is_there_is_no_change() {
        let entry = sample();
        let change = Change {
            title: Some(entry.title.clone()),
            content: Some(entry.content.clone()),
            mood: Some(entry.mood),
            tags: names(&["nature", "WORK"]),
            attachment_ids: Some(entry.attachment_ids.clone()),
        };
        assert!(change.against(&entry).is_empty());
        assert!(Change::default().against(&entry).is_empty());
    }

    #[test]
    fn only_the_fields_that_differ_are_changed() {
        let change = Change { title: Some("A walk".into()), mood: Some(None), ..Change::default() };
        assert_eq!(change.against(&sample()), Change { mood: Some(None), ..Change::default() });
    }

    #[test]
    fn one_tag_more_fewer_or_other_is_a_change() {
        for tags in [&["nature", "work", "rain"][..], &["nature"], &[], &["nature", "rain"]] {
            let change = Change { tags: names(tags), ..Change::default() };
            assert!(!change.against(&sample()).is_empty(), "{tags:?}");
        }
    }

    #[test]
    fn another_order_of_the_attachments_is_a_change() {
        let mut entry = sample();
        entry.attachment_ids.push(Uuid::from_u128(6));
        let reversed = entry.attachment_ids.iter().rev().copied().collect();
        assert!(!Change { attachment_ids: Some(reversed), ..Change::default() }.against(&entry).is_empty());
    }

    #[test]
    fn a_changed_entry_has_the_new_values_and_keeps_the_others() {
        let change = Change { content: Some("Only sun".into()), ..Change::default() };
        let changed = sample().changed(change, None, 7, 4, 5);
        assert_eq!(
            changed,
            Entry {
                content: "Only sun".into(),
                word_count: 2,
                updated_at: 7,
                version: 4,
                event_sequence: 5,
                ..sample()
            }
        );
    }

    #[test]
    fn a_change_never_turns_an_entrys_time_back() {
        let entry = sample();
        assert_eq!(entry.time_of_change(entry.updated_at - 1), entry.updated_at);
        assert_eq!(entry.time_of_change(entry.updated_at + 1), entry.updated_at + 1);
    }

    #[test]
    fn a_conflict_names_both_versions() {
        assert_eq!(expect_version(3, None), Ok(()));
        assert_eq!(expect_version(3, Some(3)), Ok(()));
        assert_eq!(
            expect_version(3, Some(2)),
            Err(Error::Conflict(
                "The entry is at version 3, not at version 2 as expected: read it again and repeat the change.".into()
            ))
        );
    }

    #[test]
    fn words_are_counted_as_unicode_sees_them() {
        assert_eq!(word_count(""), 0);
        assert_eq!(word_count("  … — !\n"), 0);
        assert_eq!(word_count("Don't worry:\nit's 32.3 °C – schön, не так ли?"), 9);
    }
}
